// What a block keeps of its forward until its backward, and what the backward makes again.
//
//   none       the block's graph: every intermediate that a derivative reads.
//   selective  the block's input and the results of its matrix products (q, k, v, o, gate, up). Norms,
//   rotation,
//              the attention of queries to keys and the gate are run again; no product with a weight is.
//   full       the block's input. The whole block is run again.
//
// A token costs, in elements of the compute dtype, with h the width of the residual stream, a that of the
// queries, b that of the keys, m that of the MLP (SmolLM2-135M, bf16, 30 layers, in brackets):
//   none 8h + 4a + 2b + 4m and more (702 KiB), selective 2h + a + 2b + 2m (308 KiB), full h (34 KiB).
// The gradients of all three have the same bits.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "framework/models/decoder.h"
#include "framework/walk/host_inputs.h"

namespace lethe::walk {

enum class Recompute : std::uint8_t { none, selective, full };
[[nodiscard]] Recompute recompute_of(std::string_view word);  // "selective"; internal where it is none
[[nodiscard]] std::string_view name_of(Recompute recompute);

struct KeptLayer {
  at::Tensor input;   // [tokens, width]; undefined while it lies in the host's memory
  at::Tensor output;  // undefined where the block is run again
  std::array<at::Tensor, models::kNumProjections> products;  // selective; [tokens, out]
  HostInputs::Ticket host;
};

// How the forward multiplies where the products are kept: as always, with the result put into `kept`.
[[nodiscard]] models::Project<at::Tensor> keep_products(KeptLayer& kept);
// How the block is run again with them. The result of the last product is not kept and not made: nothing
// reads the value of the block's output in its backward.
[[nodiscard]] models::Project<at::Tensor> known_products(const KeptLayer& kept);

}  // namespace lethe::walk
