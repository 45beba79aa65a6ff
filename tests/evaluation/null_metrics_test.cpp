#include "framework/evaluation/null_metrics.h"

#include <gtest/gtest.h>

#include "framework/config/document.h"

namespace lethe::evaluation {
namespace {

Suite suite() {
  config::Section section = config::parse(
      "metrics: [probability, {name: truth_ratio, as: forget_truth_ratio}, {name: truth_ratio, set: retain}, "
      "mia_reference, mia_min_k, privleak, forget_quality, {name: rel_diff, of: forget.probability, as: "
      "far}, "
      "{name: rel_diff, of: forget_truth_ratio, ref_value: 0.5, as: near}, "
      "{name: probability, set: retain, answers: paraphrased}]");
  return read_suite(section);
}

std::string why(const std::string& name, const Available& available) {
  return why_null(suite(), name, available).value_or("");
}

const Available kNothing{.sets = {{"forget", true}, {"retain", false}}};
const Available kEverything{
    .sets = {{"forget", true}, {"retain", true}, {"holdout", false}}, .reference = true, .retain_log = true};

TEST(NullMetrics, AreNamedWithWhatTheyLack) {
  EXPECT_EQ(why("retain.truth_ratio", kNothing), "retain: no sample has a perturbed answer");
  EXPECT_EQ(why("mia_min_k", kNothing), "there is no set `holdout` (eval.sets)");
  EXPECT_EQ(why("privleak", kNothing), "mia_min_k: there is no set `holdout` (eval.sets)");
  EXPECT_EQ(why("forget_quality", kNothing), "no retain log (eval.retain_log)");
  EXPECT_EQ(why("far", kNothing), "no retain log (eval.retain_log)");
  Available no_reference = kEverything;
  no_reference.reference = false;
  EXPECT_EQ(why("mia_reference", no_reference), "no reference model (eval.reference)");
  Available no_wrong_answers = kEverything;
  no_wrong_answers.sets[0].has_wrong_answers = false;
  EXPECT_EQ(why("forget_quality", no_wrong_answers), "forget_truth_ratio: forget: no sample has a perturbed answer");
}

TEST(NullMetrics, AreOnlyThoseThatAreKnownBefore) {
  for (const char* name : {"forget.probability", "forget_truth_ratio", "forget.truth_ratio", "near"})
    EXPECT_EQ(why(name, kNothing), "") << name;
  EXPECT_EQ(why("retain.probability_paraphrased", kNothing), "") << "measuring tells";
  for (const std::string& name : names_of(suite())) EXPECT_EQ(why(name, kEverything), "") << name;
  EXPECT_EQ(why("nobody.measures_it", kNothing), "");
}

}  // namespace
}  // namespace lethe::evaluation
