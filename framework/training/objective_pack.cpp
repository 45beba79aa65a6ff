#include "framework/training/objective_pack.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/ops/token_statistic.h"

namespace lethe::training {
namespace {

using objectives::Count;
using objectives::kNumRoles;
using objectives::Needs;
using objectives::Role;
using objectives::RoleNeeds;

// OpenUnlearning's label -100 wraps to a column counted from the vocabulary's end.
constexpr std::int64_t kIgnoredLabel = 100;

data::RowChoice choice_of(const TrainingData& data, const RoleNeeds& needs, std::int64_t longest) {
  return {.rows = needs.rows,
          .skip = needs.skip,
          .padded_to = needs.padded ? longest : 0,
          .pad_id = data.pad_id,
          .unlabelled_target = std::max<std::int64_t>(data.vocab_size - kIgnoredLabel, 0)};
}

// Roles first … last - 1 are those that the frozen model sees.
struct FrozenRoles {
  int first = 0, last = 0;
  bool distributions = false, tap = false;
};

FrozenRoles frozen_roles(const Needs& needs) {
  FrozenRoles roles;
  for (int r = 0; r < kNumRoles; ++r) {
    const bool distributions = ops::held_by(needs.roles[r].statistics).reference,
               tap = needs.roles[r].reference_tap;
    if (!distributions && !tap) continue;
    if (roles.last == 0) roles.first = r;
    roles.last = r + 1;
    roles.distributions |= distributions;
    roles.tap |= tap;
  }
  return roles;
}

// Documents of roles first … last - 1 of a micro-batch as one pack; fills in where each role begins.
data::Pack pack_roles(const TrainingData& data, const Needs& needs, const BatchFacts& facts,
                      const PackedBatch& packed, int first, int last) {
  std::vector<data::Document> documents;
  std::vector<data::RowChoice> choices;
  for (int r = first; r < last; ++r) {
    const data::RowChoice choice = choice_of(data, needs.roles[r], facts.longest[r]);
    for (const std::int64_t d : packed.documents[r]) {
      documents.push_back(data.documents[r][d]);
      choices.push_back(choice);
    }
  }
  return data::make_pack(documents, choices);
}

// The cached log-probabilities of some documents of a role, one after the other.
at::Tensor reference_of(const TrainingData& data, int role, std::span<const std::int64_t> documents,
                        const at::TensorOptions& options) {
  LETHE_CHECK(data.references[role] != nullptr, "no reference log-probabilities of role {}", role);
  std::vector<double> values;
  for (const std::int64_t d : documents) {
    const auto of_document = data.references[role]->of(d);
    values.insert(values.end(), of_document.begin(), of_document.end());
  }
  return at::tensor(values, at::kDouble).to(options);
}

}  // namespace

std::array<std::int64_t, kNumRoles> documents_of(const Needs& needs, const BatchItem& item) {
  std::array<std::int64_t, kNumRoles> documents{-1, -1, -1, -1};
  const Role other = item.role == Role::forget ? Role::alternate : Role::retain_alternate;
  if (needs[item.role].present) documents[static_cast<int>(item.role)] = item.sample;
  if (needs[other].present) documents[static_cast<int>(other)] = item.alternate;
  return documents;
}

double BatchFacts::of(const Count& count) const {
  const int r = static_cast<int>(count.role);
  switch (count.of) {
    case Count::Of::samples:
      return samples[r];
    case Count::Of::tokens:
      return rows[r];
    case Count::Of::all_tokens:
      return rows[0] + rows[1] + rows[2] + rows[3];
    case Count::Of::broadcast:
      return inverse_rows[r] > 0 ? samples[r] * samples[r] / inverse_rows[r] : 0;
  }
  LETHE_CHECK(false, "count {}", static_cast<int>(count.of));
}

BatchFacts facts_of(const TrainingData& data, const Needs& needs, std::span<const BatchItem> batch) {
  BatchFacts facts;
  const auto each = [&](const auto& visit) {
    for (const BatchItem& item : batch) {
      const auto documents = documents_of(needs, item);
      for (int r = 0; r < kNumRoles; ++r)
        if (documents[r] >= 0) visit(r, data.documents[r][documents[r]]);
    }
  };
  each([&](int r, const data::Document& document) {
    facts.longest[r] = std::max(facts.longest[r], static_cast<std::int64_t>(document.ids.size()));
  });
  each([&](int r, const data::Document& document) {
    const auto rows =
        static_cast<double>(data::num_rows(document, choice_of(data, needs.roles[r], facts.longest[r])));
    facts.samples[r] += 1;
    facts.rows[r] += rows;
    if (rows > 0) facts.inverse_rows[r] += 1 / rows;
  });
  return facts;
}

PackedBatch pack_items(const TrainingData& data, const Needs& needs, const BatchFacts& facts,
                       std::span<const BatchItem> items) {
  PackedBatch packed;
  for (const BatchItem& item : items) {
    const auto documents = documents_of(needs, item);
    for (int r = 0; r < kNumRoles; ++r)
      if (documents[r] >= 0) packed.documents[r].push_back(documents[r]);
  }
  packed.pack = pack_roles(data, needs, facts, packed, 0, kNumRoles);
  std::int64_t document = 0;
  for (int r = 0; r < kNumRoles; ++r) {
    packed.first_document[r] = document;
    const std::int64_t first = packed.pack.scored_offsets[document];
    document += static_cast<std::int64_t>(packed.documents[r].size());
    packed.rows[r] = {first, packed.pack.scored_offsets[document] - first};
  }
  return packed;
}

std::vector<std::string> statistics_of(const Needs& needs) {
  std::vector<std::string> names;
  for (const RoleNeeds& role : needs.roles)
    names.insert(names.end(), role.statistics.begin(), role.statistics.end());
  return names;
}

std::vector<walk::PackReads> reads_of(const Needs& needs, std::span<const PackedBatch> packed,
                                      const FrozenRows& frozen) {
  std::vector<walk::PackReads> reads(packed.size());
  for (std::size_t i = 0; i < packed.size(); ++i) {
    for (int r = 0; r < kNumRoles; ++r)
      reads[i].ranges.insert(reads[i].ranges.end(), needs.roles[r].statistics.size(), packed[i].rows[r]);
    if (!frozen.references.empty()) reads[i].reference = &frozen.references[i];
  }
  return reads;
}

FrozenRows frozen_rows(const TrainingData& data, const Needs& needs, const BatchFacts& facts,
                       std::span<const PackedBatch> packed) {
  const FrozenRoles roles = frozen_roles(needs);
  if (roles.last == 0) return {};
  LETHE_CHECK(data.frozen != nullptr, "the objective reads the frozen model, which the run does not hold");
  std::vector<data::Pack> packs;
  std::vector<std::int64_t> first;
  for (const PackedBatch& batch : packed) {
    packs.push_back(pack_roles(data, needs, facts, batch, roles.first, roles.last));
    first.push_back(batch.rows[roles.first].first);
  }
  return data.frozen->run(packs, roles.distributions, roles.tap ? needs.tap_layer : -1, first);
}

objectives::MicroBatch by_role(const TrainingData& data, const Needs& needs, const PackedBatch& packed,
                               const data::Pack& pack, const std::vector<at::Tensor>& leaves,
                               const FrozenRows& frozen, std::size_t number) {
  objectives::MicroBatch batch;
  const std::int64_t frozen_first = packed.rows[frozen_roles(needs).first].first;
  std::size_t next = 0;
  for (int r = 0; r < kNumRoles; ++r) {
    const RoleNeeds& wants = needs.roles[r];
    objectives::RoleTokens& role = batch.roles[r];
    const walk::RowRange rows = packed.rows[r];
    for (std::size_t i = 0; i < packed.documents[r].size(); ++i)
      role.offsets.push_back(pack.scored_offsets[packed.first_document[r] + i + 1] - rows.first);
    for (const std::string& name : wants.statistics) role.statistics[name] = leaves[next++];
    if (wants.tap) role.tap = leaves.back().narrow(0, rows.first, rows.count);
    if (wants.reference_tap)
      role.reference_tap = frozen.taps[number]
                               .narrow(0, rows.first - frozen_first, rows.count)
                               .to(leaves.back().scalar_type());
    if (wants.reference_log_prob && role.num_samples() > 0)
      role.reference_log_prob = reference_of(data, r, packed.documents[r], role.log_prob().options());
  }
  return batch;
}

}  // namespace lethe::training
