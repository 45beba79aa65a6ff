#include "framework/optim/adamw.h"

#include <ATen/ATen.h>

#include "framework/ops/adamw.h"

namespace lethe::optim {
namespace {

template <class T>
void update(at::Tensor& weights, const at::Tensor& gradients, at::Tensor& first, at::Tensor& second,
            const ops::AdamWStep& step) {
  const auto size = static_cast<std::size_t>(weights.numel());
  ops::adamw<T>({weights.mutable_data_ptr<T>(), size}, {gradients.const_data_ptr<T>(), size},
                {first.mutable_data_ptr<T>(), size}, {second.mutable_data_ptr<T>(), size}, step);
}

}  // namespace

AdamWOptions read_adamw(config::Section section) {
  AdamWOptions o;
  section.optional("beta1", o.beta1, "decay of the first moment", config::between(0, 0.999999))
      .optional("beta2", o.beta2, "decay of the second moment", config::between(0, 0.9999999))
      .optional("epsilon", o.epsilon, "added to the root of the second moment", config::above(0))
      .optional("weight_decay", o.weight_decay, "decoupled weight decay, on every parameter",
                config::at_least(0));
  section.reject_unknown();
  return o;
}

AdamW::AdamW(AdamWOptions options, sharding::WeightStore& weights) : options_(options), weights_(weights) {
  for (int s = 0; s < static_cast<int>(weights.index().segments().size()); ++s) {
    first_.push_back(at::zeros_like(weights.master(s)));
    second_.push_back(at::zeros_like(weights.master(s)));
  }
}

void AdamW::step(sharding::GradientStore& gradients, double learning_rate, double gradient_scale) {
  const ops::AdamWStep step{.learning_rate = learning_rate,
                            .beta1 = options_.beta1,
                            .beta2 = options_.beta2,
                            .epsilon = options_.epsilon,
                            .weight_decay = options_.weight_decay,
                            .step = ++steps_done_,
                            .gradient_scale = gradient_scale};
  for (int s = 0; s < static_cast<int>(first_.size()); ++s) {
    const auto run = weights_.master(s).scalar_type() == at::kDouble ? update<double> : update<float>;
    run(weights_.master(s), gradients.part(s), first_[s], second_[s], step);
  }
  weights_.weights_changed();
}

}  // namespace lethe::optim
