// Rows of a table by token id, as jets. The directions of a row are made for that row only, so a pass costs
// its tokens, not the vocabulary.
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/ops/jet.h"

namespace lethe::ops {

// table [vocab, width], ids [tokens] int64, on the table's device -> [tokens, width]; the second derivative
// is zero.
[[nodiscard]] Jet embedding(const JetWeight& table, const at::Tensor& ids);

}  // namespace lethe::ops
