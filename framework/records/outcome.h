// What was measured: difficulty scores, evaluations, and what the model answered. Only generations quote
// samples.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/records/fields.h"

namespace lethe::records {

// Heads one scoring of the forget set; the score records that follow it in scores.jsonl have the same `step`.
struct ScoringRecord {
  static constexpr std::string_view kKind = "scoring";
  std::int64_t step = 0;            // 0: before the first step
  std::string estimator, mode;      // antithetic, jet 2 (directions a draw), …; sum, mean or aggregate
  double sigma = 0, sigma_eff = 0;  // asked for; used (scores are scaled back to sigma), 0 without a step
  std::int64_t draws = 0, num_samples = 0, num_unresolved = 0;
  double tv_hat = 0;                    // expected total-variation error of the sampling probabilities
  double plain_relative_error = 0;      // R: the relative error of one plain draw at sigma
  double ranking_reliability = 0;       // split-half, 0 to 1
  double change = 0;                    // c: median relative change of a token's log-probability at sigma_eff
  std::int64_t passes = 0;              // over all samples, base passes included
  std::int64_t calibration_passes = 0;  // over at most 16 samples, to find sigma_eff
  double effective_samples = 0;         // 1 / sum p^2
  double seconds = 0;
};

template <class V, OneOf<ScoringRecord> R>
void describe(V& visit, R& r) {
  visit("step", r.step);
  visit("estimator", r.estimator);
  visit("mode", r.mode);
  visit("sigma", r.sigma);
  visit("sigma_eff", r.sigma_eff);
  visit("draws", r.draws);
  visit("num_samples", r.num_samples);
  visit("num_unresolved", r.num_unresolved);
  visit("tv_hat", r.tv_hat);
  visit("plain_relative_error", r.plain_relative_error);
  visit("ranking_reliability", r.ranking_reliability);
  visit("change", r.change);
  visit("passes", r.passes);
  visit("calibration_passes", r.calibration_passes);
  visit("effective_samples", r.effective_samples);
  visit("seconds", r.seconds);
}

struct ScoreRecord {
  static constexpr std::string_view kKind = "score";
  std::int64_t step = 0;
  std::string id;
  std::int64_t row = 0;
  double mrd = 0, standard_error = 0;
  std::int64_t tokens = 0;  // scored tokens
  double loss = 0;          // mean negative log-likelihood of a scored token, nats
  bool resolved = true;     // |mean| >= 3 standard errors
};

template <class V, OneOf<ScoreRecord> R>
void describe(V& visit, R& r) {
  visit("step", r.step);
  visit("id", r.id);
  visit("row", r.row);
  visit("mrd", r.mrd);
  visit("standard_error", r.standard_error);
  visit("tokens", r.tokens);
  visit("loss", r.loss);
  visit("resolved", r.resolved);
}

// How one characteristic of the forget samples goes with their MRD. Correlations are of ranks, with 95 %
// intervals.
struct RelationRow {
  std::string name;
  double rho = 0, rho_low = 0, rho_high = 0;
  double partial = 0, partial_low = 0, partial_high = 0;  // after length and loss are removed
  double easy_mean = 0, hard_mean = 0;                    // over the quarters of largest and of smallest MRD
  std::string undefined, partial_undefined;  // why a correlation is no number: "constant"; else empty
};

template <class V, OneOf<RelationRow> R>
void describe(V& visit, R& r) {
  visit("name", r.name);
  visit("rho", r.rho);
  visit("rho_low", r.rho_low);
  visit("rho_high", r.rho_high);
  visit("partial", r.partial);
  visit("partial_low", r.partial_low);
  visit("partial_high", r.partial_high);
  visit("easy_mean", r.easy_mean);
  visit("hard_mean", r.hard_mean);
  visit("undefined", r.undefined);
  visit("partial_undefined", r.partial_undefined);
}

// One sample's metrics: probability, rougeL_recall, truth_ratio, … (the names are the metrics' own).
struct SampleMetrics {
  std::string id;
  std::int64_t row = 0;
  std::map<std::string, double> values;  // flat in the JSON: {"id": …, "row": …, "probability": …}
};

template <class V, OneOf<SampleMetrics> R>
void describe(V& visit, R& r) {
  visit("id", r.id);
  visit("row", r.row);
  visit.numbers(r.values);
}

struct EvaluationRecord {
  static constexpr std::string_view kKind = "evaluation";
  std::string tag;  // before, after, or "step N"
  std::int64_t step = 0;
  std::string set;  // forget, retain, general, …
  std::vector<SampleMetrics> samples;
  std::map<std::string, double>
      aggregates;  // same names as the samples' values; some have no per-sample value
  double seconds = 0;
};

template <class V, OneOf<EvaluationRecord> R>
void describe(V& visit, R& r) {
  visit("tag", r.tag);
  visit("step", r.step);
  visit("set", r.set);
  visit("samples", r.samples);
  visit("aggregates", r.aggregates);
  visit("seconds", r.seconds);
}

// What `lethe score --analyse` found: each sample's characteristics (no text), and how they go with its MRD.
struct AnalysisRecord {
  static constexpr std::string_view kKind = "analysis";
  std::int64_t step = 0;
  std::vector<SampleMetrics> samples;
  std::vector<RelationRow> relations;
  double seconds = 0;
};

template <class V, OneOf<AnalysisRecord> R>
void describe(V& visit, R& r) {
  visit("step", r.step);
  visit("samples", r.samples);
  visit("relations", r.relations);
  visit("seconds", r.seconds);
}

// Tag of records that hold a sample's texts and no answer: of the easiest and hardest of `lethe score`.
inline constexpr std::string_view kTextsAlone = "scored";

struct GenerationRecord {
  static constexpr std::string_view kKind = "generation";
  std::string tag;
  std::int64_t step = 0;
  std::string set, id;
  std::int64_t row = 0;
  std::string question, answer, generated;  // the answer is the data's, `generated` the model's
  bool purged = false;                      // the texts were removed by `lethe purge`
};

template <class V, OneOf<GenerationRecord> R>
void describe(V& visit, R& r) {
  visit("tag", r.tag);
  visit("step", r.step);
  visit("set", r.set);
  visit("id", r.id);
  visit("row", r.row);
  visit.text("question", r.question);
  visit.text("answer", r.answer);
  visit.text("generated", r.generated);
  visit("purged", r.purged);
}

}  // namespace lethe::records
