// The published test vectors of OpenUnlearning's losses: two sequences of six positions, a vocabulary of 128,
// logits that are a formula. Forget batch: model L, frozen model R; the second batch (L2, R2) has the same
// labels and serves as retain batch and as alternate answers.
#pragma once

#include "framework/ops/token_statistic.h"
#include "tests/objectives/batch.h"

namespace lethe::objectives {

constexpr std::int64_t kLength = 6, kVocabulary = 128;

inline std::array<data::Document, 2> vector_documents() {
  static const std::vector<std::int32_t> first = {1, 17, 42, 7, 99, 2}, second = {1, 17, 63, 5, 2};
  return {data::Document{.ids = first, .prompt_tokens = 2},
          data::Document{.ids = second, .prompt_tokens = 2}};
}

// G(f, phi, boost, first)[b * S + t, v] = sin(f ((b S + t) V + v) + phi), plus boost on the label that
// position t >= first predicts: [12, 128].
inline at::Tensor vector_logits(double f, double phi, double boost, std::int64_t first) {
  at::Tensor logits = at::sin(f * at::arange(2 * kLength * kVocabulary, at::kDouble) + phi)
                          .reshape({2 * kLength, kVocabulary});
  for (std::int64_t b = 0; b < 2; ++b) {
    const auto ids = vector_documents()[b].ids;
    for (std::int64_t t = std::max<std::int64_t>(first, 1); t + 1 < static_cast<std::int64_t>(ids.size());
         ++t)
      logits[b * kLength + t][ids[t + 1]] += boost;
  }
  return logits;
}

// What a role reads of one batch, computed by the registry's own token statistics.
struct VectorRole {
  RoleTokens tokens;
  double rows = 0, inverse_rows = 0;
};

inline VectorRole vector_role(const RoleNeeds& wants, const at::Tensor& model, const at::Tensor& frozen) {
  const data::RowChoice choice{.rows = wants.rows,
                               .skip = wants.skip,
                               .padded_to = wants.padded ? kLength : 0,
                               .pad_id = 2,
                               .unlabelled_target = kVocabulary - 100};
  const auto documents = vector_documents();
  const data::Pack pack = data::make_pack(documents, std::array{choice, choice});
  std::vector<std::int64_t> rows;
  for (const std::int64_t row : pack.scored_rows)
    rows.push_back(row < pack.document_offsets[1] ? row : row - pack.document_offsets[1] + kLength);
  const at::Tensor index = at::tensor(rows);
  const ops::LogitChunk chunk{.logits = model.index_select(0, index),
                              .targets = at::tensor(pack.targets),
                              .reference_logits = frozen.index_select(0, index)};
  const ops::LogitChunk alone{.logits = chunk.logits, .targets = chunk.targets, .reference_logits = {}};
  VectorRole role{.rows = static_cast<double>(pack.num_scored())};
  role.tokens.offsets = pack.scored_offsets;
  for (int b = 0; b < 2; ++b)
    role.inverse_rows += 1.0 / static_cast<double>(pack.scored_offsets[b + 1] - pack.scored_offsets[b]);
  for (const std::string& name : wants.statistics) {
    const auto statistic = ops::make_token_statistic(name);
    role.tokens.statistics[name] = statistic->forward(statistic->needs_reference_logits() ? chunk : alone);
  }
  if (wants.reference_log_prob)
    role.tokens.reference_log_prob = ops::make_token_statistic("reference_log_prob")->forward(chunk);
  if (wants.tap) {  // A[b, t, d] = sin(0.11 ((b S + t) 4 + d))
    const at::Tensor taps =
        at::sin(0.11 * at::arange(2 * kLength * 4, at::kDouble)).reshape({2 * kLength, 4});
    role.tokens.tap = taps.index_select(0, index);
    role.tokens.reference_tap = role.tokens.tap + 0.5;
  }
  return role;
}

// The loss of one micro-batch, by term, and the sum over terms.
struct VectorLoss {
  std::map<std::string, double> terms;
  double total = 0;
};

inline VectorLoss loss_on_vectors(const std::string& yaml) {
  const auto objective = objective_named(yaml);
  const at::Tensor model = vector_logits(0.37, 0.10, 6, 2), frozen = vector_logits(0.37, 0.25, 7, 0);
  const at::Tensor model2 = vector_logits(0.29, 0.40, 5, 0), frozen2 = vector_logits(0.29, 0.60, 5.5, 0);
  std::array<VectorRole, kNumRoles> roles;
  MicroBatch batch;
  for (int r = 0; r < kNumRoles; ++r) {
    if (!objective->needs().roles[r].present) continue;
    const bool first = static_cast<Role>(r) == Role::forget;
    roles[r] = vector_role(objective->needs().roles[r], first ? model : model2, first ? frozen : frozen2);
    batch.roles[r] = roles[r].tokens;
  }
  VectorLoss loss;
  for (const Term& term : objective->terms(batch)) {
    if (!term.sum.defined()) continue;
    const VectorRole& role = roles[static_cast<int>(term.count.role)];
    const double count = term.count.of == Count::Of::samples     ? 2
                         : term.count.of == Count::Of::broadcast ? 4 / role.inverse_rows
                                                                 : role.rows;
    loss.terms[term.name] = term.sum.item<double>() / count;
    loss.total += term.weight * (loss.terms[term.name] - term.offset);
  }
  return loss;
}

}  // namespace lethe::objectives
