#include "framework/run/run_config.h"

#include <algorithm>
#include <bit>
#include <filesystem>
#include <map>

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/text.h"
#include "framework/config/document.h"
#include "framework/run/objective_inputs.h"
#include "framework/run/read_eval.h"

namespace lethe::run {
namespace {

models::HfConfig read_random_shape(config::Section section) {
  models::HfConfig c{.hidden_size = 32,
                     .intermediate_size = 64,
                     .num_layers = 2,
                     .num_heads = 4,
                     .num_kv_heads = 2,
                     .head_dim = 8,
                     .tie_word_embeddings = true};
  const auto size = config::between(1, 1 << 20);
  section.optional("hidden_size", c.hidden_size, "width of the residual stream", size)
      .optional("intermediate_size", c.intermediate_size, "width of the MLP", size)
      .optional("num_layers", c.num_layers, "decoder layers", size)
      .optional("num_heads", c.num_heads, "query heads", size)
      .optional("num_kv_heads", c.num_kv_heads, "key-value heads", size)
      .optional("head_dim", c.head_dim, "width of a head", config::between(2, 1 << 20))
      .optional("tie_word_embeddings", c.tie_word_embeddings, "one tensor for embedding and head");
  section.reject_unknown();
  if (c.head_dim % 2 != 0)
    section.refuse("head_dim", "config.range",
                   fmt::format("{} is odd: rotary embeddings turn pairs", c.head_dim));
  if (c.num_heads % c.num_kv_heads != 0)
    section.refuse("num_kv_heads", "config.conflict",
                   fmt::format("{} does not divide {} query heads", c.num_kv_heads, c.num_heads));
  return c;
}

ModelOptions read_model(config::Section section) {
  ModelOptions o;
  std::string family = "llama";
  section.choice("init", o.init, {"files", "random"},
                 "where weights come from; random makes a tiny model for smoke runs");
  // A random model has no files: it needs a tokenizer from elsewhere instead of a path.
  const bool random = o.init == "random";
  const char* const path_help = "a Hugging Face directory, or a hub name found in the local cache";
  const char* const tokenizer_help =
      "directory of the tokenizer, where it is not the model's own; a random model has none of its own";
  random ? section.optional("path", o.path, path_help) : section.required("path", o.path, path_help);
  random ? section.required("tokenizer", o.tokenizer, tokenizer_help)
         : section.optional("tokenizer", o.tokenizer, tokenizer_help);
  section.choice("family", family, {"llama"}, "shape of a random model")
      .optional("seed", o.seed, "seed of random weights")
      .choice("compute", o.compute, {"float32", "bfloat16", "float64"},
              "dtype of the forward and backward pass")
      .choice("reference", o.reference, {"precomputed", "none"},
              "the frozen model that some objectives compare with: its log-probabilities of the forget set, "
              "computed once and cached; or none");
  o.random = read_random_shape(section.section("shape", "of a random model"));
  section.reject_unknown();
  return o;
}

// true and false are what the key's values were before there was a way between.
walk::Recompute read_recompute(config::Section& section) {
  std::string word = "none";
  section.choice(
      "recompute", word, {"none", "selective", "full", "true", "false"},
      "what a block's backward makes again instead of keeping it: nothing; norms, attention and gate "
      "(selective: results of matrix products are kept); or the whole block from its input (full, "
      "also true)");
  return walk::recompute_of(word == "true" ? "full" : word == "false" ? "none" : word);
}

ParallelOptions read_parallel(config::Section section) {
  ParallelOptions o;
  section.word_or_integer("zero", o.zero, {"auto"},
                          "what ranks shard: 0 nothing, 1 optimizer state, 2 also gradients, 3 also weights; "
                          "auto is the smallest "
                          "that fits into the memory available to a rank",
                          config::between(0, 3));
  section
      .word_or_integer("shard", o.shard, {"auto", "node", "world"},
                       "ranks in a shard group; 0 is the world; auto is a node where there are several, with "
                       "equally many ranks, else the world",
                       config::between(0, 1e6))
      .optional("prefetch", o.prefetch, "gather the next block while one runs");
  o.recompute = read_recompute(section);
  section
      .optional(
          "offload_inputs", o.offload_inputs,
          "with recompute: inputs of blocks wait for the backward in the host's memory; on the CPU this is "
          "a copy within the same memory, which saves nothing")
      .optional("logical_shards", o.logical_shards,
                "packs of the global batch where determinism is elastic; a power of two, and part of the "
                "result",
                config::between(1, 1024))
      .optional("threads", o.threads,
                "threads of a rank's matrix products, part of the result's last bits; 0 leaves them to "
                "OMP_NUM_THREADS, and to 1 where determinism is elastic",
                config::between(0, 1024));
  if (!std::has_single_bit(static_cast<std::uint64_t>(o.logical_shards)))
    section.refuse("logical_shards", "config.range",
                   fmt::format("{} is not a power of two", o.logical_shards));
  section.reject_unknown();
  if (o.offload_inputs && o.recompute == walk::Recompute::none)
    section.refuse("offload_inputs", "config.conflict",
                   "with parallel.recompute: none the graphs of the blocks hold their inputs",
                   "set parallel.recompute: selective or full");
  return o;
}

PrecisionOptions read_precision(config::Section section, const std::string& compute) {
  PrecisionOptions o;
  section
      .choice("wire", o.wire, {"auto", "float32", "bfloat16"},
              "dtype of gathered weights on their way to a rank; auto is model.compute. bfloat16 beside "
              "float32 halves the bytes, and blocks see rounded weights on any number of ranks")
      .choice("gradients", o.gradients, {"float32", "bfloat16"},
              "dtype of gradients on their way between ranks; they are added up in float32 all the same "
              "(float64 runs: float64)");
  section.reject_unknown();
  if (compute == "float64" && o.wire != "auto")
    section.refuse("wire", "config.conflict",
                   fmt::format("{} weights on their way, and model.compute: float64", o.wire),
                   "leave precision.wire out: float64 runs are for exactness");
  if (compute == "float64" && o.gradients != "float32")
    section.refuse("gradients", "config.conflict",
                   fmt::format("{} gradients on their way, and model.compute: float64", o.gradients),
                   "leave precision.gradients out: float64 runs are for exactness");
  if (compute == "bfloat16" && o.wire == "float32")
    section.refuse("wire", "config.conflict", "float32 weights on their way, and model.compute: bfloat16",
                   "set precision.wire: auto, which sends the same weights in half the bytes");
  return o;
}

TrainOptions read_train(config::Section section) {
  TrainOptions o;
  section.optional("max_steps", o.max_steps, "updates at most", config::at_least(0))
      .optional("forget_batch", o.forget_batch, "forget samples of an update, over all ranks",
                config::at_least(0))
      .optional("retain_batch", o.retain_batch, "retain samples of an update, over all ranks",
                config::at_least(0))
      .optional("micro_batch", o.micro_batch, "samples in one pack of a rank; more are accumulated",
                config::at_least(1))
      .optional("learning_rate", o.learning_rate, "peak rate", config::above(0))
      .optional("trainable", o.trainable,
                "patterns of the parameters that are trained (`*` is any text: `model.layers.1?.mlp.*`); the "
                "rest stays as it is. None: all")
      .optional("count_changes_every", o.count_changes_every,
                "updates between counts of the weights that an update changed, in the compute dtype; 0 never "
                "counts",
                config::at_least(0))
      .optional("clip_norm", o.clip_norm, "largest global gradient norm; 0 does not clip",
                config::at_least(0));
  o.schedule = optim::read_schedule(section);
  o.optimizer = optim::read_adamw(section.section("optimizer", "AdamW"));
  section.reject_unknown();
  if (o.forget_batch + o.retain_batch == 0)
    fail("config.conflict", "train.forget_batch and train.retain_batch are both 0");
  return o;
}

StopOptions read_stop(config::Section section) {
  StopOptions o;
  const auto probability = config::between(0, 1);
  std::optional<std::string> when;
  section.optional("every", o.every, "updates between looks at the rules", config::at_least(1))
      .maybe("forget_probability_below", o.forget_probability_below,
             "stop when the mean answer probability of the forget set is below this", probability)
      .maybe("forget_probability_above", o.forget_probability_above,
             "stop when it is above this (fine-tuning) …", probability)
      .maybe("retain_probability_above", o.retain_probability_above, "… and the retain set's above this",
             probability)
      .maybe(
          "when", when,
          "stop when this formula of metrics holds: forget.probability < 0.1 and model_utility > 0.5; a name "
          "with other characters than letters, digits, _ and . in single quotes: 'retain-2.probability'");
  if (when) use_formula(section, "when", [&] { o.when = evaluation::Formula::parse(*when); });
  if (o.retain_probability_above && !o.forget_probability_above)
    section.refuse("retain_probability_above", "config.conflict",
                   "stops nothing without stop.forget_probability_above",
                   "set both, or say it as a formula: stop.when: retain.probability > 0.9");
  section.reject_unknown();
  return o;
}

LaterOptions read_later(config::Section section) {
  LaterOptions o;
  section
      .optional("run", o.run,
                "a training run with evaluations (eval.every), from which --analyse takes how many updates "
                "each sample needed")
      .optional("forgotten_below", o.forgotten_below,
                "until its answer probability (length-normalised) was below this", config::between(0, 1));
  section.reject_unknown();
  return o;
}

ScoreOptions read_score(config::Section section) {
  ScoreOptions o;
  section.optional("from", o.from, "a run directory whose scores are used instead of scoring again")
      .optional("look_every", o.look_every,
                "updates between looks at the losses of the forget set, one forward each: for samplers that "
                "draw by losses, and for refresh: loss where batches do not tell them; 0 is one epoch of the "
                "forget set",
                config::at_least(0));
  o.refresh = training::read_refresh(section);
  o.later = read_later(section.section("later", "a run that came after the scoring"));
  o.mrd = scoring::read_mrd(section);
  return o;
}

data::SpecialTokenNames read_special_tokens(config::Section section) {
  data::SpecialTokenNames o;
  section.maybe("bos_token", o.bos_token, "text of the token that begins a text; the model's own if not set")
      .maybe("eos_token", o.eos_token, "text of the token that ends an answer; the model's own if not set")
      .maybe("pad_token", o.pad_token, "text of the token that fills up; the model's own if not set");
  section.reject_unknown();
  return o;
}

ResumeOptions read_resume(config::Section section) {
  ResumeOptions o;
  section.optional("allow_data_change", o.allow_data_change,
                   "go on from a checkpoint that was made with other data");
  section.reject_unknown();
  return o;
}

void check_moments(const config::Section& root, const RunConfig& c) {
  if (c.model.compute != "float64" || c.train.optimizer.moments == "float32") return;
  root.refuse(
      "", "config.conflict",
      fmt::format("train.optimizer.moments: {}, and model.compute: float64", c.train.optimizer.moments),
      "leave train.optimizer.moments out: moments of float64 runs are float64");
}

void check_keep_best(const config::Section& root, const RunConfig& c) {
  const std::string& best = c.checkpoint.keep_best;
  if (best.empty()) return;
  if (c.eval.every == 0)
    root.refuse("", "config.conflict", "checkpoint.keep_best needs evaluations, and eval.every is 0",
                "set eval.every, or leave checkpoint.keep_best out");
  const auto measured = measured_names(c);
  if (std::ranges::find(measured, best) == measured.end())
    root.refuse("", "config.conflict", fmt::format("checkpoint.keep_best: no evaluation gives `{}`", best),
                base::did_you_mean(best, measured));
}

void check_reference(const config::Section& root, const RunConfig& c) {
  if (c.model.reference != "none" || !c.objective || !needs_reference(c.objective->needs())) return;
  root.refuse("", "config.conflict",
              fmt::format("objective {} needs a reference model (model.reference)", c.objective_name),
              "set model.reference: precomputed, or choose an objective without one");
}

// Windows ask nothing, so nothing can be answered otherwise.
void check_alternates(const config::Section& root, const RunConfig& c) {
  if (!c.objective) return;
  const objectives::Needs needs = c.objective->needs();
  const auto check = [&](objectives::Role role, const data::SourceOptions& source, const char* key) {
    if (!needs[role].present || source.format != "text") return;
    root.refuse("", "config.conflict",
                fmt::format("{}: text, and objective `{}` learns from other answers: windows of running text "
                            "have none",
                            key, c.objective_name),
                "use an objective without alternates, or rows with a question or a prefix (format: qa, "
                "completion)");
  };
  check(objectives::Role::alternate, c.data.forget, "data.forget.format");
  check(objectives::Role::retain_alternate, c.data.retain, "data.retain.format");
}

// Records tell the sets of earlier requests apart by their folders' names.
void check_earlier(const config::Section& data, const RunConfig& c) {
  std::map<std::string, std::string> folders;
  for (const std::string& run : c.data.earlier) {
    const std::string name = name_of_earlier(run);
    if (name == "forget_" || name == "forget_." || name == "forget_..")
      data.refuse("earlier", "config.range", fmt::format("`{}` ends in no folder's name", run),
                  "the name is what the set is called: write the whole path, runs/first");
    const auto [other, is_new] = folders.emplace(name, run);
    if (!is_new)
      data.refuse("earlier", "config.conflict",
                  fmt::format("the sets of {} and {} would both be called {}", other->second, run, name),
                  "give one of the folders another name, or name it by a link of another name");
  }
}

// A sampler that divides scores by their tokens needs sums to divide.
void check_score_mode(const config::Section& root, const RunConfig& c) {
  const sampling::Needs needs = c.sampler->needs();
  if (!needs.scores || !needs.tokens || c.score.mrd.mode == scoring::Mode::sum) return;
  const char* const key = c.sampler_name == "curriculum" ? "sampler.by" : "sampler";
  const bool mean = c.score.mrd.mode == scoring::Mode::mean;
  root.refuse("", "config.conflict",
              fmt::format("{}: mrd_mean divides scores by their tokens, and score.mode: {}", key,
                          mean ? "mean has done so already" : "aggregate makes no sums to divide"),
              fmt::format("set score.mode: sum, or {}: mrd", key));
}

CheckpointOptions read_checkpoint(config::Section section) {
  CheckpointOptions o;
  section
      .optional("every", o.every, "updates between checkpoints; 0 saves only when the run is told to stop",
                config::at_least(0))
      .optional("keep_last", o.keep_last, "newest checkpoints to keep", config::at_least(1))
      .optional("keep_best", o.keep_best,
                "a metric of eval, such as retain.probability; the checkpoint where it was best is kept too")
      .choice("best_is", o.best_is, {"higher", "lower"}, "which way that metric gets better");
  section.reject_unknown();
  return o;
}

}  // namespace

std::string name_of_earlier(const std::string& run) {
  const std::filesystem::path folder = std::filesystem::path(run).lexically_normal();
  return "forget_" + (folder.has_filename() ? folder : folder.parent_path()).filename().string();
}

std::vector<std::string> evaluated_sets(const RunConfig& config) {
  std::vector<std::string> names = {"forget", "retain"};
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  if (!config.eval.general.path.empty()) add("general");
  for (const std::string& run : config.data.earlier) add(name_of_earlier(run));
  for (const auto& [name, source] : config.eval.sets) add(name);
  return names;
}

RunConfig read_run_config(config::Section root) {
  RunConfig c;
  root.optional("name", c.name, "what reports call this run")
      .optional("seed", c.seed, "seed of everything that is drawn")
      .choice("determinism", c.determinism, {"fast", "reproducible", "elastic"},
              "fast: whatever is fastest; reproducible: same world, same bits; elastic: the same bits on any "
              "number of ranks")
      .choice("device", c.device, {"auto", "cpu", "cuda"}, "where a rank computes");
  c.model = read_model(root.section("model", "the model"));
  const config::Section data = root.section("data", "forget and retain set");
  c.data = data::read(data);
  check_earlier(data, c);
  c.special_tokens = read_special_tokens(root.section("tokenizer", "what the tokenizer's files leave open"));
  root.optional("cache", c.cache,
                "folder of token stores and reference log-probabilities, shared between runs; the run "
                "directory's own where empty");
  c.parallel = read_parallel(root.section("parallel", "how ranks share the work"));
  c.precision = read_precision(root.section("precision", "what travels between ranks"), c.model.compute);
  c.train = read_train(root.section("train", "the updates"));
  c.train.optimizer.seed = c.seed;
  c.objective = objectives::make_objective(root, c.objective_name);
  c.sampler_name = "uniform";
  c.sampler = sampling::make_sampler(root, "sampler", "uniform", "which forget samples a batch holds");
  c.retain_sampler = sampling::make_sampler(root, "retain_sampler", "shuffle",
                                            "which retain samples a batch holds; those are never scored",
                                            sampling::unscored_sampler_names());
  c.score = read_score(root.section("score", "Memory Removal Difficulty"));
  const config::Section eval = root.section("eval", "evaluation");
  c.eval = read_eval(eval);
  check_suite_sets(eval, c);
  c.stop = read_stop(root.section("stop", "when enough is done"));
  c.checkpoint = read_checkpoint(root.section("checkpoint", "what a resume starts from"));
  c.resume = read_resume(root.section("resume", "going on from a checkpoint"));
  c.timeouts = read_timeouts(root.section("timeouts", "how long ranks wait for one another"));
  root.optional("export", c.export_model, "write the model as a Hugging Face directory at the end");
  config::Section report = root.section("report", "reports of this run");
  report.choice("redact", c.redact, {"nothing", "forget"},
                "texts that reports leave out: those of the forget set");
  report.reject_unknown();
  root.reject_unknown();
  check_keep_best(root, c);
  check_moments(root, c);
  check_reference(root, c);
  check_alternates(root, c);
  if (c.stop.when)
    use_formula({root.document(), "stop"}, "when", [&] { c.stop.when->check_names(measured_names(c)); });
  for (const config::ReadKey& read : config::keys_read(root))
    if (read.path == "sampler.name") c.sampler_name = read.value;
  check_score_mode(root, c);
  c.identity = base::hash_text(config::effective_yaml(root));
  return c;
}

}  // namespace lethe::run
