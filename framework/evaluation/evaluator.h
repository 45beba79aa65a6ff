// Runs a suite on a model: measures once what its metrics need, in batches that depend on the data only and
// that ranks take in turn, then computes the metrics, on every rank. With a journal a killed evaluation goes
// on behind the last batch, to the same bits.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "framework/data/packing.h"
#include "framework/data/sample.h"
#include "framework/data/sample_tokens.h"
#include "framework/data/tokenizer/tokenizer.h"
#include "framework/dist/process_group.h"
#include "framework/evaluation/evaluated_model.h"
#include "framework/evaluation/journal.h"
#include "framework/evaluation/result_files.h"
#include "framework/evaluation/suite.h"

namespace lethe::evaluation {

struct EvaluatedSet {
  std::string name;
  std::span<const data::Sample> samples;
  std::span<const data::Document> documents;  // of the samples and their right answers
};

struct EvaluatorOptions {
  std::int64_t pack_tokens = data::kPackTokens;  // of a batch; a longer answer gets its own
  std::int64_t batch_prompts = 32;               // of a batch of generations
  std::int64_t max_new_tokens = 64;
  std::int64_t max_generations = 0;     // of each set; 0 is all
  std::vector<std::string> stop_words;  // generations are cut before them
};

// What an evaluator works with; refers to its parts, which outlive it.
struct EvaluatorParts {
  EvaluatedModel& model;
  dist::ProcessGroup& world;
  const data::Tokenizer& tokenizer;
  const data::SampleTokenizer& sample_tokenizer;
  std::vector<EvaluatedSet> sets;
  std::optional<RetainLog> retain;
  // Called on every rank before each round of batches. What it throws (on all ranks, or on none) ends the
  // evaluation; the journal has the rounds before it.
  std::function<void()> before_round = [] {};
};

struct Evaluation {
  std::vector<NamedResult> results;
  std::map<std::string, std::vector<Generation>> generations;  // by set
  std::int64_t batches_measured = 0;                           // now, not taken from the journal
  // By result name and by column: what formulas see. Null values are absent.
  [[nodiscard]] std::map<std::string, double> values() const;
};

// Collective over parts.world. `journal` is rank 0's; the other ranks bring an empty one. Errors:
// config.conflict for a metric of a set that there is not.
[[nodiscard]] Evaluation evaluate(const std::vector<const SuiteEntry*>& suite, const EvaluatorParts& parts,
                                  const EvaluatorOptions& options, Journal& journal);

}  // namespace lethe::evaluation
