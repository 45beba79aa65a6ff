#include "framework/run/sample_sets.h"

#include <algorithm>

#include "framework/base/error.h"

namespace lethe::run {
namespace {

// A complete store of this key: one that is there already on every rank, or one that the ranks write together
// now.
data::TokenStore open_or_write(const std::filesystem::path& cache, const std::string& key,
                               std::span<const data::Sample> samples, const data::SampleTokenizer& tokenizer,
                               dist::ProcessGroup& world) {
  std::optional<data::TokenStore> store = data::TokenStore::open(cache, key);
  std::int64_t there = store ? 1 : 0;
  world.all_reduce({&there, 1, dist::DType::i64}, dist::Reduce::min);
  if (there != 0) return std::move(*store);
  if (world.rank() == 0) std::filesystem::create_directories(cache);
  world.barrier();  // the folder is there
  data::write_part(cache, key, samples, tokenizer, world.rank(), world.size());
  world.barrier();  // every part is written
  store = data::TokenStore::open(cache, key);
  LETHE_CHECK(store.has_value(), "the token store {} that was just written cannot be read", key);
  return std::move(*store);
}

}  // namespace

std::vector<std::string> SampleSet::ids(std::span<const std::int64_t> which) const {
  std::vector<std::string> names;
  for (const std::int64_t i : which) names.push_back(samples[i].id);
  return names;
}

SampleSets::SampleSets(const RunConfig& config, const std::filesystem::path& tokenizer_directory,
                       const std::filesystem::path& cache, dist::ProcessGroup& world)
    : tokenizer_(data::Tokenizer::load(tokenizer_directory)) {
  if (config.data.text.apply_chat_template) template_ = data::ChatTemplate::load(tokenizer_directory);
  sample_tokenizer_ = std::make_unique<data::SampleTokenizer>(tokenizer_, template_ ? &*template_ : nullptr,
                                                              config.data.text);
  data::ForgetRetain files = data::read_forget_retain(config.data);
  forget = load("forget", std::move(files.forget), config.data.forget, config.data.max_dropped, cache, world);
  retain = load("retain", std::move(files.retain), config.data.retain, config.data.max_dropped, cache, world);
  if (!config.eval.general.path.empty())
    general = load("general", data::read_samples(config.eval.general, "general"), config.eval.general,
                   config.data.max_dropped, cache, world);
  for (const auto& [name, source] : config.eval.sets)
    evaluation_only.push_back(load(name, data::read_samples(source, "eval.sets." + name), source,
                                   config.data.max_dropped, cache, world));
}

std::vector<const SampleSet*> SampleSets::all() const {
  std::vector<const SampleSet*> sets = {&forget, &retain};
  if (general) sets.push_back(&*general);
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
  SampleSet set{.name = name, .path = source.path, .hash = file.hash};
  set.store_key = data::store_key(file.hash, source, sample_tokenizer_->hash());
  set.store = open_or_write(cache, set.store_key, file.samples, *sample_tokenizer_, world);
  for (const std::int64_t i : data::samples_with_target(*set.store, max_dropped, name)) {
    set.samples.push_back(std::move(file.samples[i]));
    set.documents.push_back(set.store->document(i));
  }
  set.num_dropped = set.store->size() - static_cast<std::int64_t>(set.samples.size());
  return set;
}

}  // namespace lethe::run
