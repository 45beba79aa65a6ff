#include "framework/ops/flash_attention.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "framework/ops/upload.h"

namespace lethe::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using Gradients = torch::autograd::variable_list;

constexpr std::int64_t kWidestHead = 256, kHeadStep = 8;

// LibTorch gives these two no autograd formula in the form with offsets.
struct Flash : torch::autograd::Function<Flash> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q_in, const at::Tensor& k_in,
                            const at::Tensor& v_in, const at::Tensor& offsets, std::int64_t longest) {
    const at::Tensor q = q_in.contiguous(), k = k_in.contiguous(), v = v_in.contiguous();
    const auto [out, log_sums, random, unused, mask] =
        at::_flash_attention_forward(q, k, v, offsets, offsets, longest, longest, /*dropout=*/0.0,
                                     /*is_causal=*/true, /*return_debug_mask=*/false);
    context->save_for_backward({q, k, v, out, log_sums, random, unused, offsets});
    context->saved_data["longest"] = longest;
    return out;
  }
  static Gradients backward(AutogradContext* context, const Gradients& upstream) {
    const auto saved = context->get_saved_variables();
    const std::int64_t longest = context->saved_data["longest"].toInt();
    const at::Tensor& offsets = saved[7];
    const auto [q, k, v] = at::_flash_attention_backward(
        upstream[0].contiguous(), saved[0], saved[1], saved[2], saved[3], saved[4], offsets, offsets, longest,
        longest, /*dropout=*/0.0, /*is_causal=*/true, saved[5], saved[6]);
    return {q, k, v, Variable(), Variable()};
  }
};

}  // namespace

bool flash_takes(const at::Tensor& q) {
  const bool narrow = q.scalar_type() == at::kBFloat16 || q.scalar_type() == at::kHalf;
  return q.is_cuda() && narrow && q.size(2) <= kWidestHead && q.size(2) % kHeadStep == 0;
}

at::Tensor flash_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           std::span<const std::int64_t> document_offsets) {
  std::int64_t longest = 0;
  for (std::size_t i = 0; i + 1 < document_offsets.size(); ++i)
    longest = std::max(longest, document_offsets[i + 1] - document_offsets[i]);
  const std::vector<int> narrow(document_offsets.begin(), document_offsets.end());
  const at::Tensor offsets = uploaded(at::tensor(narrow, at::kInt), q.device());
  return Flash::apply(q, k, v, offsets, longest).reshape({q.size(0), q.size(1) * q.size(2)});
}

}  // namespace lethe::ops
