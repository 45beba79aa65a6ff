// When a run scores its forget set again. Scores go stale with the loss, not with the number of updates, so
// `loss` goes by the forget samples' loss, as batches tell it or as a look at all of them does; `interval` is
// the published fixed interval; `never` keeps the first scores.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "framework/config/section.h"

namespace lethe::training {

struct RefreshOptions {
  std::string policy = "never";  // never, interval, loss
  std::int64_t every = 0;        // interval: updates between scorings
  double factor = 2,
         nats = 0.5;  // loss: growth of the forget loss since the last scoring, whichever comes first …
  std::int64_t at_least = 0;  // … but not before so many updates; 0: one epoch of the forget set
  std::int64_t at_most = 0;   // … and after so many whatever the loss; 0: no limit
};
[[nodiscard]] std::span<const std::string> refresh_policies();
// `refresh:` of the `score:` section.
[[nodiscard]] RefreshOptions read_refresh(config::Section& section);
// The options that `options.policy` has beside its name.
void read_policy(config::Section& section, RefreshOptions& options);

// What it has seen since the last scoring; enough to go on after a resume.
struct RefreshState {
  std::int64_t scored_at = 0;  // updates done then
  double baseline = 0;         // mean forget loss then, nats a token
  double running = 0;          // running mean of the forget loss of batches, or the loss of the last look
  std::int64_t seen = 0;       // batches in it; 0: it says nothing yet
};

class Refresh {
 public:
  // epoch: updates that use as many forget samples as there are.
  Refresh(RefreshOptions options, std::int64_t epoch) : options_(std::move(options)), epoch_(epoch) {}

  void scored(std::int64_t step, double forget_loss);
  // After every update; a batch without forget samples (NaN) says nothing.
  void observe(double forget_loss);
  // The mean loss of the whole forget set now, where batches do not tell it.
  void look(double forget_loss);
  [[nodiscard]] bool due(std::int64_t step) const;
  // Updates after a scoring before which none is due, and at which one is whatever the loss.
  [[nodiscard]] std::int64_t earliest() const;
  [[nodiscard]] std::int64_t latest() const;

  const RefreshState& state() const noexcept { return state_; }
  void restore(RefreshState state) { state_ = state; }

 private:
  RefreshOptions options_;
  std::int64_t epoch_;
  RefreshState state_;
};

}  // namespace lethe::training
