#include "framework/walk/kept_layer.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"
#include "framework/ops/known_linear.h"
#include "framework/ops/linear.h"

namespace lethe::walk {

using models::Projection;

Recompute recompute_of(std::string_view word) {
  for (const Recompute recompute : {Recompute::none, Recompute::selective, Recompute::full})
    if (name_of(recompute) == word) return recompute;
  LETHE_CHECK(false, "{} is no way to recompute", word);
}

std::string_view name_of(Recompute recompute) {
  constexpr std::array<std::string_view, 3> kNames = {"none", "selective", "full"};
  return kNames[static_cast<std::size_t>(recompute)];
}

models::Project<at::Tensor> keep_products(KeptLayer& kept) {
  return [&kept](Projection which, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    const at::Tensor y = ops::linear(x, weight, bias);
    if (which != Projection::down) kept.products[static_cast<std::size_t>(which)] = y;
    return y;
  };
}

models::Project<at::Tensor> known_products(const KeptLayer& kept) {
  return [&kept](Projection which, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    const at::Tensor y = which == Projection::down
                             ? at::zeros({1, 1}, x.options()).expand({x.size(0), weight.size(0)})
                             : kept.products[static_cast<std::size_t>(which)];
    return ops::known_linear(y, x, weight, bias);
  };
}

}  // namespace lethe::walk
