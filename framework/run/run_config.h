// The root of a run's configuration: what train, score and eval read from one YAML file. Options live beside
// the code they control; here they are only composed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "framework/config/section.h"
#include "framework/data/options.h"
#include "framework/data/tokenizer/special_tokens.h"
#include "framework/evaluation/formula.h"
#include "framework/evaluation/suite.h"
#include "framework/models/hf_config.h"
#include "framework/objectives/objective.h"
#include "framework/optim/adamw.h"
#include "framework/optim/schedule.h"
#include "framework/run/timeouts.h"
#include "framework/sampling/sampler.h"
#include "framework/scoring/mrd.h"
#include "framework/training/refresh.h"
#include "framework/walk/kept_layer.h"

namespace lethe::run {

struct ModelOptions {
  std::string path;            // a Hugging Face directory, or a hub name in the local cache
  std::string init = "files";  // files, or random: a tiny model made from `seed`
  models::HfConfig random;     // its shape; the vocabulary is the tokenizer's
  std::string tokenizer;       // directory of the tokenizer; the model's where empty
  std::uint64_t seed = 0;
  std::string compute = "float32";        // float32, bfloat16, float64
  std::string reference = "precomputed";  // the frozen model: its log-probabilities, cached; or none
};

struct ParallelOptions {
  std::string zero = "auto";   // or 0, 1, 2, 3
  std::string shard = "auto";  // or node, world, a number of ranks; 0 is the world
  bool prefetch = false;
  walk::Recompute recompute = walk::Recompute::none;
  bool offload_inputs = false;
  std::int64_t logical_shards = 8;  // of the global batch, where determinism is elastic
  std::int64_t threads = 0;         // of a rank's matrix products; 0: OMP_NUM_THREADS decides, elastic has 1
};

struct PrecisionOptions {
  std::string wire = "auto";          // of gathered weights on their way: auto, float32, bfloat16
  std::string gradients = "float32";  // of gradients on their way: float32, bfloat16
};

struct TrainOptions {
  std::int64_t max_steps = 20, forget_batch = 8, retain_batch = 8, micro_batch = 8;
  double learning_rate = 1e-5, clip_norm = 1.0;
  std::vector<std::string> trainable;    // patterns of parameter names; none: all
  std::int64_t count_changes_every = 0;  // updates between counts of the weights that one changed
  optim::ScheduleOptions schedule;
  optim::AdamWOptions optimizer;
};

struct StopOptions {
  std::int64_t every = 5;  // updates between looks
  std::optional<double> forget_probability_below, forget_probability_above, retain_probability_above;
  std::optional<evaluation::Formula> when;  // of metrics
  bool any() const { return forget_probability_below || forget_probability_above || when; }
};

struct EvalOptions {
  bool before = true, after = true, generate = true;
  std::int64_t every = 0, max_new_tokens = 40, batch = 32, max_generations = 0, max_samples = 0;
  data::SourceOptions general;  // a set of general knowledge; no path: none
  // More sets, by name; `forget` and `retain` here are evaluated in place of data's.
  std::vector<std::pair<std::string, data::SourceOptions>> sets;
  evaluation::Suite suite;              // empty: the plain one
  std::string retain_log;               // run directory or TOFU_EVAL.json of a retrained model
  std::string reference;                // model that metrics compare with
  std::string compat = "none";          // or openunlearning: nobody attends to what looks like padding
  std::string result_name = "TOFU";     // TOFU_EVAL.json, TOFU_SUMMARY.json
  std::vector<std::string> stop_words;  // generations are cut before them
};

// A training run that the scores are to be compared with (`lethe score --analyse`).
struct LaterOptions {
  std::string run;  // its folder; none where empty
  double forgotten_below = 0.1;
};

struct ScoreOptions {
  scoring::MrdOptions mrd;
  LaterOptions later;
  std::string from;             // a run directory whose scores are used instead of scoring again
  std::int64_t look_every = 0;  // updates between looks at the losses; 0: one epoch of the forget set
  training::RefreshOptions refresh;
};

struct ResumeOptions {
  bool allow_data_change = false;
};

struct CheckpointOptions {
  std::int64_t every = 0, keep_last = 2;
  std::string keep_best;           // a metric of eval, "retain.probability"; its best checkpoint stays
  std::string best_is = "higher";  // higher, lower
};

struct RunConfig {
  std::string name;
  std::uint64_t seed = 0;
  std::string determinism = "reproducible";  // fast, reproducible, elastic
  std::string device = "auto";               // auto, cpu, cuda
  ModelOptions model;
  data::SpecialTokenNames special_tokens;
  data::Options data;
  std::string
      cache;  // folder of token stores and reference log-probabilities; in the run directory where empty
  ParallelOptions parallel;
  PrecisionOptions precision;
  TrainOptions train;
  std::string objective_name = "npo";
  std::unique_ptr<objectives::Objective> objective;
  std::unique_ptr<sampling::Sampler> sampler, retain_sampler;
  std::string sampler_name;
  ScoreOptions score;
  EvalOptions eval;
  StopOptions stop;
  CheckpointOptions checkpoint;
  ResumeOptions resume;
  TimeoutOptions timeouts;
  bool export_model = true;
  std::string identity;            // hash of the effective configuration
  std::string redact = "nothing";  // what reports of this run leave out: nothing, or forget

  // A training, by its suite or plainly.
  bool evaluates() const { return eval.before || eval.after || eval.every > 0 || stop.when; }

  // For training::SplitOptions: 0 where packs follow the ranks.
  int logical_shards() const {
    return determinism == "elastic" ? static_cast<int>(parallel.logical_shards) : 0;
  }
};

// What the forget set of an earlier request (data.earlier) is called: forget_ and its run directory's name.
[[nodiscard]] std::string name_of_earlier(const std::string& run);
// The sets that evaluations look at.
[[nodiscard]] std::vector<std::string> evaluated_sets(const RunConfig& config);

// Reads the whole file: unknown keys, wrong types and contradictions are errors with their place.
[[nodiscard]] RunConfig read_run_config(config::Section root);

}  // namespace lethe::run
