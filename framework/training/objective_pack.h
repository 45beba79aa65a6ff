// Between an objective and the walk: which documents and which of their rows a micro-batch packs, what each
// role reads of them, and the counts of the whole batch. A pure function of the batch.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "framework/data/packing.h"
#include "framework/inference/log_likelihood.h"
#include "framework/objectives/objective.h"
#include "framework/training/batch_plan.h"
#include "framework/training/frozen_model.h"

namespace lethe::training {

// The samples that batches draw from, by role. Documents point into the token stores.
struct TrainingData {
  std::array<std::vector<data::Document>, objectives::kNumRoles> documents;
  // Of the documents of a role; null where no objective needs it.
  std::array<const inference::TokenLogProbs*, objectives::kNumRoles> references{};
  // Other answers of forget (retain) sample i are documents i * n … of alternate (retain_alternate); n by
  // role.
  std::array<std::int64_t, objectives::kNumRoles> alternates_per_sample = {1, 1, 1, 1};
  FrozenModel* frozen = nullptr;  // where an objective needs distributions or hidden states of it
  std::int32_t pad_id = 0;        // what compat packs as padding
  std::int64_t vocab_size = 0;    // of the model; compat's wrapped label counts from its end
  std::span<const data::Document> of(objectives::Role role) const {
    return documents[static_cast<int>(role)];
  }
};

// The documents that an item brings, by role; -1: none that the objective reads.
[[nodiscard]] std::array<std::int64_t, objectives::kNumRoles> documents_of(const objectives::Needs& needs,
                                                                           const BatchItem& item);

// Numbers of the global batch, by role.
struct BatchFacts {
  std::array<double, objectives::kNumRoles> samples{}, rows{}, inverse_rows{};
  std::array<std::int64_t, objectives::kNumRoles> longest{};  // tokens of the longest document
  double of(const objectives::Count& count) const;
};
[[nodiscard]] BatchFacts facts_of(const TrainingData& data, const objectives::Needs& needs,
                                  std::span<const BatchItem> batch);

// One micro-batch, packed: documents stand by role, forget first.
struct PackedBatch {
  data::Pack pack;
  std::array<std::vector<std::int64_t>, objectives::kNumRoles> documents;  // of TrainingData
  std::array<walk::RowRange, objectives::kNumRoles> rows;  // scored rows of the pack that belong to a role
  std::array<std::int64_t, objectives::kNumRoles> first_document{};  // of a role in the pack
};
[[nodiscard]] PackedBatch pack_items(const TrainingData& data, const objectives::Needs& needs,
                                     const BatchFacts& facts, std::span<const BatchItem> items);

// What the walk must compute: the statistics of every role, in the order of roles.
[[nodiscard]] std::vector<std::string> statistics_of(const objectives::Needs& needs);
// Of which rows, by pack of a wave. Points into `frozen`.
[[nodiscard]] std::vector<walk::PackReads> reads_of(const objectives::Needs& needs,
                                                    std::span<const PackedBatch> packed,
                                                    const FrozenRows& frozen);

// Runs the frozen model on the documents of the roles that need it, for the packs of a wave. Collective.
[[nodiscard]] FrozenRows frozen_rows(const TrainingData& data, const objectives::Needs& needs,
                                     const BatchFacts& facts, std::span<const PackedBatch> packed);

// Hands a pack's leaves (statistics as statistics_of ordered them, then the tap) to the roles. `number`: of
// the pack in its wave.
[[nodiscard]] objectives::MicroBatch by_role(const TrainingData& data, const objectives::Needs& needs,
                                             const PackedBatch& packed, const data::Pack& pack,
                                             const std::vector<at::Tensor>& leaves, const FrozenRows& frozen,
                                             std::size_t number);

}  // namespace lethe::training
