// Instead of fused_layers.cpp and fused_flat.cpp, where no CUDA toolkit compiles the kernels.
#include "framework/base/error.h"
#include "framework/ops/fused.h"

namespace lethe::ops::fused {
namespace {

[[noreturn]] void refuse() { LETHE_CHECK(false, "a kernel was asked for, but none is built"); }

}  // namespace

bool takes(const at::Tensor&) { return false; }
at::Tensor rms_norm(const at::Tensor&, const at::Tensor&, double) { refuse(); }
at::Tensor rope(const at::Tensor&, const at::Tensor&, const at::Tensor&) { refuse(); }
at::Tensor swiglu(const at::Tensor&, const at::Tensor&) { refuse(); }
at::Tensor log_prob(const at::Tensor&, const at::Tensor&) { refuse(); }
void add_log_prob_backward(const at::Tensor&, const at::Tensor&, const at::Tensor&, at::Tensor&) { refuse(); }
void adamw(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&, const AdamWStep&) {
  refuse();
}
void add_noise(const at::Tensor&, const at::Tensor&, std::uint64_t, const base::StreamKey&, double) {
  refuse();
}

}  // namespace lethe::ops::fused
