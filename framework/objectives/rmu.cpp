// Representation misdirection (arXiv 2403.03218): hidden states of the forget set are steered to a random
// vector, those of the retain set stay where the frozen model has them.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "framework/base/random.h"
#include "framework/objectives/retain_term.h"
#include "framework/objectives/tap_distance.h"

namespace lethe::objectives::rmu_entry {
namespace {

struct Options {
  double steering_coefficient = 2.0;
  std::uint64_t control_seed = 0;
  double forget_weight = 1.0;
  RetainOptions retain{.loss = "embed_diff", .weight = 1.0, .layer = 7, .openunlearning = false};
};

Options read(config::Section section) {
  Options o;
  section
      .optional("steering_coefficient", o.steering_coefficient, "length of the control vector",
                config::above(0))
      .optional("control_seed", o.control_seed, "seed of the control vector")
      .optional("forget_weight", o.forget_weight, "gamma: weight of the forget term", config::at_least(0));
  read_retain(section, o.retain);
  section.reject_unknown();
  return o;
}

// s u / |u|, u uniform in [0, 1): [width]. PyTorch's own generator where its numbers are asked for.
at::Tensor control_vector(const Options& o, const at::Tensor& like) {
  at::Tensor u;
  if (o.retain.openunlearning) {
    u = at::rand({like.size(1)}, at::detail::createCPUGenerator(o.control_seed), at::kFloat);
  } else {
    std::vector<double> values;
    for (std::int64_t i = 0; i < like.size(1); ++i)
      values.push_back(base::uniform({.seed = o.control_seed, .stream = base::Stream::steering},
                                     static_cast<std::uint64_t>(i)));
    u = at::tensor(values, at::kDouble);
  }
  return (u / u.norm() * o.steering_coefficient).to(like.options().requires_grad(false));
}

class Rmu final : public Objective {
 public:
  explicit Rmu(Options options) : options_(std::move(options)) {}
  Needs needs() const override {
    Needs needs;
    need_tap(needs, Role::forget, options_.retain.layer, false);
    need_retain(needs, options_.retain);
    return needs;
  }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    const at::Tensor& tap = batch[Role::forget].tap;
    const at::Tensor control = tap.defined() ? control_vector(options_, tap) : at::Tensor();
    return {tap_distance("forget", options_.forget_weight, batch, Role::forget, control,
                         options_.retain.openunlearning),
            retain_term(batch, options_.retain)};
  }
  Description description() const override {
    return {.formula =
                "gamma D(h(forget), s u/|u|) + alpha D(h(retain), h_ref(retain)); D: mean over samples of "
                "the mean over answer tokens of |a-b|^2 / width, h behind `layer`",
            .source = "arXiv 2403.03218",
            .quirks =
                "openunlearning: D = mean(S) mean(1/n), which mixes the samples' lengths, and u is drawn by "
                "PyTorch's generator. The original recipe has no mask, alpha 1200, s 6.5.",
            .when =
                "Hazardous knowledge rather than single records; steers hidden states, so it costs only the "
                "layers up to `layer`. WMDP recipes train three MLPs: train.trainable: "
                "['model.layers.[567].mlp.down_proj.weight']."};
  }

 private:
  Options options_;
};

}  // namespace

std::unique_ptr<Objective> make(config::Section section) { return std::make_unique<Rmu>(read(section)); }

}  // namespace lethe::objectives::rmu_entry
