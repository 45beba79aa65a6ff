// CE-U (arXiv 2503.01224): the model against its own beliefs with the true token taken out.
#include <ATen/ATen.h>

#include "framework/objectives/objective.h"

namespace lethe::objectives::ce_u_entry {
namespace {

struct Options {
  std::int64_t ignore_first = 1;
  bool openunlearning = false;
};

Options read(config::Section section) {
  Options o;
  section.optional("ignore_first", o.ignore_first, "answer tokens left out at the start of each answer",
                   config::at_least(0));
  o.openunlearning = read_compat(section);
  section.reject_unknown();
  return o;
}

class CeU final : public Objective {
 public:
  explicit CeU(Options options) : options_(options) {}
  Needs needs() const override {
    Needs needs;
    needs.openunlearning = options_.openunlearning;
    needs[Role::forget] = {
        .present = true, .statistics = {"others_cross_entropy"}, .skip = options_.ignore_first};
    return needs;
  }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    const RoleTokens& forget = batch[Role::forget];
    return {term_of("forget", 1, forget, tokens_of(Role::forget),
                    [&] { return forget.statistic("others_cross_entropy").sum(); })};
  }
  Description description() const override {
    return {
        .formula = "mean CE(softmax(z without the true token, held constant), softmax(z)) over answer tokens",
        .source = "arXiv 2503.01224",
        .quirks = "A batch without a token left has no loss; OpenUnlearning's is not a number.",
        .when = "Forget without a reference model and without a retain set; bounded below."};
  }

 private:
  Options options_;
};

}  // namespace

std::unique_ptr<Objective> make(config::Section section) { return std::make_unique<CeU>(read(section)); }

}  // namespace lethe::objectives::ce_u_entry
