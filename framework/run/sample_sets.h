// The data of a run, ready to be walked: tokenizer and template, the sets, and their token stores. Each rank
// tokenises its part of a set, once; then every rank maps all parts.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "framework/data/forget_retain.h"
#include "framework/data/packing.h"
#include "framework/data/sample_tokens.h"
#include "framework/data/template/chat_template.h"
#include "framework/data/token_store.h"
#include "framework/data/tokenizer/tokenizer.h"
#include "framework/dist/process_group.h"
#include "framework/run/run_config.h"

namespace lethe::run {

struct SampleSet {
  std::string name;                   // forget, retain, general
  std::string path, hash;             // of the file
  std::vector<data::Sample> samples;  // those with a target, in file order
  std::optional<data::TokenStore> store;
  std::vector<data::Document> documents;  // of `samples`, in `store`
  std::string store_key;                  // names the tokens, for caches
  std::int64_t num_dropped = 0;
  std::string selection;  // "hard by mrd, 20 of 40"; empty where all are used

  [[nodiscard]] std::vector<std::string> ids(std::span<const std::int64_t> which) const;
};

// Leaves in `set` the samples that are chosen. Errors: those of scores_from_run and data::select.
void select_samples(SampleSet& set, const data::SelectOptions& options);

// A complete store of this key: one that is there already on every rank, or one that the ranks write together
// now. Collective.
[[nodiscard]] data::TokenStore open_or_write_store(const std::filesystem::path& cache, const std::string& key,
                                                   std::span<const data::Sample> samples,
                                                   const data::SampleTokenizer& tokenizer,
                                                   dist::ProcessGroup& world);

class SampleSets {
 public:
  // Collective over `world`. `cache`: where token stores lie. `command`: train, score or eval. Errors: those
  // of the data, and of check_model_reads().
  SampleSets(const RunConfig& config, const std::filesystem::path& tokenizer_directory,
             const std::filesystem::path& cache, dist::ProcessGroup& world, const std::string& command);

  SampleSet forget, retain;
  std::optional<SampleSet> general;
  std::vector<SampleSet> earlier;          // forget sets of earlier requests, to be evaluated only
  std::vector<SampleSet> evaluation_only;  // eval.sets

  const data::Tokenizer& tokenizer() const { return tokenizer_; }
  const data::SampleTokenizer& sample_tokenizer() const { return *sample_tokenizer_; }
  std::string template_hash() const { return template_ ? template_->hash() : ""; }
  std::vector<const SampleSet*> all() const;
  // What an evaluation looks at: all(), with those of eval.sets in place of or behind them.
  std::vector<const SampleSet*> evaluated() const;

 private:
  SampleSet load(const std::string& name, data::SampleFile file, const data::SourceOptions& source,
                 double max_dropped, const std::filesystem::path& cache, dist::ProcessGroup& world);
  void check_model(const RunConfig& config, const std::string& command) const;
  void load_earlier(const std::string& run, const RunConfig& config, const std::filesystem::path& cache,
                    dist::ProcessGroup& world);
  data::Tokenizer tokenizer_;
  std::optional<data::ChatTemplate> template_;
  std::unique_ptr<data::SampleTokenizer> sample_tokenizer_;
};

}  // namespace lethe::run
