#include "framework/run/sample_sets.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/config/document.h"
#include "framework/data/text_windows.h"
#include "framework/run/agreement.h"
#include "framework/run/engine.h"
#include "framework/run/model_limits.h"
#include "framework/run/read_eval.h"
#include "framework/run/score_forget_set.h"

namespace lethe::run {

data::TokenStore open_or_write_store(const std::filesystem::path& cache, const std::string& key,
                                     std::span<const data::Sample> samples,
                                     const data::SampleTokenizer& tokenizer, dist::ProcessGroup& world) {
  std::optional<data::TokenStore> store = data::TokenStore::open(cache, key);
  std::int64_t there = store ? 1 : 0;
  world.all_reduce({&there, 1, dist::DType::i64}, dist::Reduce::min);
  if (there != 0) return std::move(*store);
  if (world.rank() == 0) std::filesystem::create_directories(cache);
  world.barrier();  // the folder is there
  data::write_part(cache, key, samples, tokenizer, world.rank(), world.size());
  world.barrier();  // every part is written
  store = data::TokenStore::open(cache, key);
  if (!store)  // each rank wrote its part, and some are not here
    fail("out.unshared", fmt::format("{} is not the same folder for every rank", cache.string()),
         "put --out, or `cache`, on a file system that every node sees under the same path");
  return std::move(*store);
}

std::vector<std::string> SampleSet::ids(std::span<const std::int64_t> which) const {
  std::vector<std::string> names;
  for (const std::int64_t i : which) names.push_back(samples[i].id);
  return names;
}

SampleSets::SampleSets(const RunConfig& config, const std::filesystem::path& tokenizer_directory,
                       const std::filesystem::path& cache, dist::ProcessGroup& world,
                       const std::string& command)
    : tokenizer_(data::Tokenizer::load(tokenizer_directory, config.special_tokens)) {
  if (config.data.text.apply_chat_template) template_ = data::ChatTemplate::load(tokenizer_directory);
  sample_tokenizer_ = std::make_unique<data::SampleTokenizer>(tokenizer_, template_ ? &*template_ : nullptr,
                                                              config.data.text);
  data::ForgetRetain files = data::read_forget_retain(config.data);
  forget = load("forget", std::move(files.forget), config.data.forget, config.data.max_dropped, cache, world);
  if (config.data.select) select_samples(forget, *config.data.select);
  retain = load("retain", std::move(files.retain), config.data.retain, config.data.max_dropped, cache, world);
  if (config.data.select) data::check_overlap(config.data, forget.samples, retain.samples);
  if (!config.eval.general.path.empty())
    general = load("general", data::read_samples(config.eval.general, "general"), config.eval.general,
                   config.data.max_dropped, cache, world);
  for (const auto& [name, source] : config.eval.sets)
    evaluation_only.push_back(load(name, data::read_samples(source, "eval.sets." + name), source,
                                   config.data.max_dropped, cache, world));
  for (const std::string& run : config.data.earlier) load_earlier(run, config, cache, world);
  check_model(config, command);
}

void SampleSets::check_model(const RunConfig& config, const std::string& command) const {
  const EvalOptions& eval = config.eval;
  const std::set<std::string> generated = generated_sets(config, command);
  const auto first = [](std::int64_t limit, std::size_t all) {
    return limit == 0 ? all : std::min(static_cast<std::size_t>(limit), all);
  };
  std::vector<ReadSet> sets;
  for (const SampleSet* set : all())
    sets.push_back({.name = set->name, .samples = set->samples, .documents = set->documents});
  for (const SampleSet* set : evaluated()) {
    const std::size_t looked_at = first(eval.max_samples, set->samples.size());
    sets.push_back(
        {.name = set->name,
         .samples = set->samples,
         .documents = set->documents,
         .num_generated = generated.contains(set->name) ? first(eval.max_generations, looked_at) : 0,
         .new_tokens = eval.max_new_tokens});
  }
  check_model_reads(sets, tokenizer_, model_shape(config, tokenizer_.vocab_size()));
}

// What an earlier request forgot is not to be taught again by the retain set: read_forget_retain looks.
void SampleSets::load_earlier(const std::string& run, const RunConfig& config,
                              const std::filesystem::path& cache, dist::ProcessGroup& world) {
  config::Section root = config::load(std::filesystem::path(run) / "config.yaml");
  data::Options then = data::read(root.section("data", "of the earlier request"));
  then.retain = config.data.retain;
  then.allow_overlap = config.data.allow_overlap;
  data::ForgetRetain files = data::read_forget_retain(then);
  earlier.push_back(load(name_of_earlier(run), std::move(files.forget), then.forget, config.data.max_dropped,
                         cache, world));
  if (!then.select) return;
  select_samples(earlier.back(), *then.select);
  data::check_overlap(then, earlier.back().samples, retain.samples);
}

void select_samples(SampleSet& set, const data::SelectOptions& options) {
  std::vector<double> values;
  if (options.by == "length") {
    for (const data::Document& document : set.documents)
      values.push_back(static_cast<double>(document.scored_tokens()));
  } else {
    const ForgetScores scores = scores_from_run(options.scores, set, "data.forget.select.scores");
    values = options.by == "mrd" ? scores.score : scores.loss;
  }
  const std::vector<std::int64_t> chosen = data::select(values, options);
  set.selection =
      fmt::format("{} by {}, {} of {}", options.stratum, options.by, chosen.size(), values.size());
  base::Hasher key;  // other samples, other reference log-probabilities
  key.add(set.store_key);
  std::vector<data::Sample> samples;
  std::vector<data::Document> documents;
  for (const std::int64_t i : chosen) {
    samples.push_back(std::move(set.samples[i]));
    documents.push_back(set.documents[i]);
    key.add(samples.back().id);
  }
  set.samples = std::move(samples);
  set.documents = std::move(documents);
  set.store_key = key.hex();
}

std::vector<const SampleSet*> SampleSets::all() const {
  std::vector<const SampleSet*> sets = {&forget, &retain};
  if (general) sets.push_back(&*general);
  for (const SampleSet& set : earlier) sets.push_back(&set);
  return sets;
}

std::vector<const SampleSet*> SampleSets::evaluated() const {
  std::vector<const SampleSet*> sets = all();
  for (const SampleSet& set : evaluation_only) {
    const auto same = std::ranges::find(sets, set.name, [](const SampleSet* s) { return s->name; });
    same == sets.end() ? sets.push_back(&set) : void(*same = &set);
  }
  return sets;
}

SampleSet SampleSets::load(const std::string& name, data::SampleFile file, const data::SourceOptions& source,
                           double max_dropped, const std::filesystem::path& cache,
                           dist::ProcessGroup& world) {
  if (source.format == "text") file = data::cut_windows(file, tokenizer_, source);
  SampleSet set{.name = name, .path = source.path, .hash = file.hash};
  require_same_on_ranks(world, set.hash, "data.changed", name + " set",
                        "every node must read the same " + source.path);
  set.store_key = data::store_key(file.hash, source, sample_tokenizer_->hash());
  set.store = open_or_write_store(cache, set.store_key, file.samples, *sample_tokenizer_, world);
  for (const std::int64_t i : data::samples_with_target(*set.store, max_dropped, name, source.format)) {
    set.samples.push_back(std::move(file.samples[i]));
    set.documents.push_back(set.store->document(i));
  }
  set.num_dropped = set.store->size() - static_cast<std::int64_t>(set.samples.size());
  return set;
}

}  // namespace lethe::run
