#include "framework/training/refresh.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "framework/base/error.h"

namespace lethe::training {

std::span<const std::string> refresh_policies() {
  static const std::array<std::string, 3> policies = {"never", "interval", "loss"};
  return policies;
}

void read_policy(config::Section& section, RefreshOptions& o) {
  if (o.policy == "interval") {
    section.required("every", o.every, "updates between scorings", config::at_least(1));
  } else if (o.policy == "loss") {
    section
        .optional("factor", o.factor, "score again when the forget loss has grown by this factor …",
                  config::above(1))
        .optional("nats", o.nats, "… or by so many nats a token, whichever comes first", config::above(0))
        .optional("at_least", o.at_least,
                  "updates between scorings at least; 0 is one epoch of the forget set", config::at_least(0))
        .optional("at_most", o.at_most,
                  "updates between scorings at most, whatever the loss; 0 sets no limit",
                  config::at_least(0));
    if (o.at_most > 0 && o.at_most < o.at_least)
      section.refuse("at_most", "config.range",
                     fmt::format("must be at least at_least ({}), got {}", o.at_least, o.at_most));
  }
  section.reject_unknown();
}

RefreshOptions read_refresh(config::Section& section) {
  RefreshOptions o;
  config::Section own =
      section.named("refresh", o.policy, refresh_policies(), "when to score again during training");
  read_policy(own, o);
  return o;
}

void Refresh::scored(std::int64_t step, double forget_loss) {
  state_ = {.scored_at = step, .baseline = forget_loss, .running = forget_loss, .seen = 0};
}

void Refresh::observe(double forget_loss) {
  if (std::isnan(forget_loss)) return;
  // The plain mean for an epoch, then one that forgets at an epoch's pace.
  state_.seen = std::min(state_.seen + 1, std::max<std::int64_t>(epoch_, 1));
  const double share = 1 / static_cast<double>(state_.seen);
  state_.running = state_.seen == 1 ? forget_loss : state_.running + share * (forget_loss - state_.running);
}

void Refresh::look(double forget_loss) {
  if (std::isnan(forget_loss)) return;
  state_.running = forget_loss;
  state_.seen = 1;
}

std::int64_t Refresh::earliest() const {
  if (options_.policy == "interval") return options_.every;
  if (options_.policy != "loss") return std::numeric_limits<std::int64_t>::max();
  const std::int64_t least = options_.at_least > 0 ? options_.at_least : epoch_;
  return options_.at_most > 0 ? std::min(least, options_.at_most) : least;
}

std::int64_t Refresh::latest() const {
  if (options_.policy == "interval") return options_.every;
  return options_.policy == "loss" && options_.at_most > 0 ? options_.at_most
                                                           : std::numeric_limits<std::int64_t>::max();
}

bool Refresh::due(std::int64_t step) const {
  const std::int64_t since = step - state_.scored_at;
  if (since < earliest()) return false;
  if (since >= latest()) return true;
  if (state_.seen == 0) return false;
  return state_.running >= options_.factor * state_.baseline ||
         state_.running >= state_.baseline + options_.nats;
}

}  // namespace lethe::training
