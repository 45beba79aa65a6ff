// What happened while a run was going: steps, the sampler's weights, checkpoints, memory, events, and how it
// ended. Samples are named by hashed id (data::sample_id); no field here quotes a sample.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/records/fields.h"

namespace lethe::records {

struct StepRecord {
  static constexpr std::string_view kKind = "step";
  std::int64_t step = 0;                // 1-based: the optimizer step that these numbers led to
  double loss = 0;                      // the weighted total
  std::map<std::string, double> terms;  // each named term, before its weight
  double learning_rate = 0;
  double gradient_norm = 0;                          // global, before clipping
  std::optional<double> changed_fraction;            // of the weights, in the compute dtype
  std::int64_t real_tokens = 0, padding_tokens = 0;  // over all ranks
  double tokens_per_second = 0;                      // real tokens, over all ranks
  double seconds = 0;
  std::optional<double> imbalance;                  // tokens of the fullest rank / mean tokens of a rank
  std::optional<double> model_flop_utilisation;     // of the matmul peak measured at start-up
  std::vector<std::string> forget_ids, retain_ids;  // the global batch, in its canonical order
};

template <class V, OneOf<StepRecord> R>
void describe(V& visit, R& r) {
  visit("step", r.step);
  visit("loss", r.loss);
  visit("terms", r.terms);
  visit("learning_rate", r.learning_rate);
  visit("gradient_norm", r.gradient_norm);
  visit("changed_fraction", r.changed_fraction);
  visit("real_tokens", r.real_tokens);
  visit("padding_tokens", r.padding_tokens);
  visit("tokens_per_second", r.tokens_per_second);
  visit("seconds", r.seconds);
  visit("imbalance", r.imbalance);
  visit("model_flop_utilisation", r.model_flop_utilisation);
  visit("forget_ids", r.forget_ids);
  visit("retain_ids", r.retain_ids);
}

struct SampleWeight {
  std::string id;
  std::int64_t row = 0;
  double probability = 0;
};

template <class V, OneOf<SampleWeight> R>
void describe(V& visit, R& r) {
  visit("id", r.id);
  visit("row", r.row);
  visit("probability", r.probability);
}

// Which samples are drawn how often, after `step` updates and until the next sampler record. Weights that
// change from update to update are their mean until then.
struct SamplerRecord {
  static constexpr std::string_view kKind = "sampler";
  std::int64_t step = 0;
  std::string name;                   // uniform, mrd, loss, …
  bool with_replacement = true;       // within one batch
  double effective_samples = 0;       // 1 / sum p^2
  std::vector<SampleWeight> weights;  // of the forget set, in row order
};

template <class V, OneOf<SamplerRecord> R>
void describe(V& visit, R& r) {
  visit("step", r.step);
  visit("name", r.name);
  visit("with_replacement", r.with_replacement);
  visit("effective_samples", r.effective_samples);
  visit("weights", r.weights);
}

struct CheckpointRecord {
  static constexpr std::string_view kKind = "checkpoint";
  std::int64_t step = 0;
  std::string path;  // relative to the run directory
  std::uint64_t bytes = 0;
  std::string hash;
  double seconds = 0;
};

template <class V, OneOf<CheckpointRecord> R>
void describe(V& visit, R& r) {
  visit("step", r.step);
  visit("path", r.path);
  visit("bytes", r.bytes);
  visit("hash", r.hash);
  visit("seconds", r.seconds);
}

struct MemoryRecord {
  static constexpr std::string_view kKind = "memory";
  std::int64_t step = 0, rank = 0;
  std::string host;
  std::uint64_t resident_bytes = 0, peak_resident_bytes = 0, device_bytes = 0, peak_device_bytes = 0;
  std::map<std::string, std::uint64_t> categories;  // weights, gradients, optimizer, activations, … in bytes
};

template <class V, OneOf<MemoryRecord> R>
void describe(V& visit, R& r) {
  visit("step", r.step);
  visit("rank", r.rank);
  visit("host", r.host);
  visit("resident_bytes", r.resident_bytes);
  visit("peak_resident_bytes", r.peak_resident_bytes);
  visit("device_bytes", r.device_bytes);
  visit("peak_device_bytes", r.peak_device_bytes);
  visit("categories", r.categories);
}

// Where one rank's time went, over the updates since it started: `gradient` and `update` are work,
// `wait_weights` and `wait_gradients` waiting for other ranks. The rank that waits least and works longest is
// the one that the others wait for.
struct PhasesRecord {
  static constexpr std::string_view kKind = "phases";
  std::int64_t step = 0, rank = 0;
  std::string host;
  std::map<std::string, double> seconds, against_median;  // against the median rank's seconds in that phase
};

template <class V, OneOf<PhasesRecord> R>
void describe(V& visit, R& r) {
  visit("step", r.step);
  visit("rank", r.rank);
  visit("host", r.host);
  visit("seconds", r.seconds);
  visit("against_median", r.against_median);
}

struct EventRecord {
  static constexpr std::string_view kKind = "event";
  std::string name;            // resumed, rescored, warning, stopping, …
  std::string level = "info";  // info, warning, error
  std::string message;         // names samples by row; never quotes one
  std::optional<std::int64_t> step;
};

template <class V, OneOf<EventRecord> R>
void describe(V& visit, R& r) {
  visit("name", r.name);
  visit("level", r.level);
  visit("message", r.message);
  visit("step", r.step);
}

// The last record of a run that ended by itself.
struct SummaryRecord {
  static constexpr std::string_view kKind = "summary";
  std::int64_t steps = 0;
  double seconds = 0;                     // of training, with those of the processes that it resumed
  std::string ended;                      // UTC
  std::string stopped_because;            // plain language: "forget probability 0.048 is below 0.05"
  std::string model_path;                 // relative to the run directory; empty if nothing was exported
  std::map<std::string, double> metrics;  // "after.forget.probability": …
};

template <class V, OneOf<SummaryRecord> R>
void describe(V& visit, R& r) {
  visit("steps", r.steps);
  visit("seconds", r.seconds);
  visit("ended", r.ended);
  visit("stopped_because", r.stopped_because);
  visit("model_path", r.model_path);
  visit("metrics", r.metrics);
}

}  // namespace lethe::records
