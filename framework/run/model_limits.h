// What a model can read: tokens that have a row in its embedding, documents that its attention and its
// positions cover.
#pragma once

#include <span>
#include <string>

#include "framework/data/packing.h"
#include "framework/data/sample.h"
#include "framework/data/tokenizer/tokenizer.h"
#include "framework/models/hf_config.h"

namespace lethe::run {

struct ReadSet {
  std::string name;                           // for messages
  std::span<const data::Sample> samples;      // each
  std::span<const data::Document> documents;  // as tokens
  // The first `num_generated` are asked for answers of up to `new_tokens`.
  std::size_t num_generated = 0;
  std::int64_t new_tokens = 0;
};

// Looks at every token of the sets. A tokenizer may have more tokens than the model, as long as no sample
// uses them. Errors: tokenizer.vocab (a token that the model has no row for), model.window (a document longer
// than the model's sliding window). Warns model.positions where documents are longer than what the model was
// trained for. `key`: the setting that names the model, for messages; empty: the run's own model.
void check_model_reads(std::span<const ReadSet> sets, const data::Tokenizer& tokenizer,
                       const models::HfConfig& model, const std::string& key = "");

}  // namespace lethe::run
