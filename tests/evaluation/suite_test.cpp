#include "framework/evaluation/suite.h"

#include <gtest/gtest.h>

#include <set>

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "tests/support/environment.h"

namespace lethe::evaluation {
namespace {

Suite suite_of(const std::string& yaml) {
  config::Section section = config::parse(yaml);
  return read_suite(section);
}

std::string refusal(const std::string& yaml) {
  try {
    (void)suite_of(yaml);
  } catch (const Error& e) {
    return e.key() + ": " + e.message();
  }
  return "taken";
}

TEST(Suite, AMetricIsAWordOrAMappingAndMayBeRenamed) {
  const Suite suite =
      suite_of("metrics: [probability, {name: rouge, set: retain, as: retain_ROUGE, summary: false}]");
  ASSERT_EQ(suite.size(), 2U);
  EXPECT_EQ(suite[0].name, "forget.probability");
  EXPECT_EQ(suite[1].name, "retain_ROUGE");
  EXPECT_FALSE(suite[1].listed);
  EXPECT_EQ(names_of(suite), (std::vector<std::string>{"forget.probability", "forget.probability",
                                                       "retain_ROUGE", "retain.rougeL_recall"}));
}

// What OpenUnlearning's default TOFU suite writes; the summary holds those that it was asked for by name.
TEST(Suite, OfTheTofuConfigurationHasTheReferencesNames) {
  const lethe::testing::ScopedVariable model("LETHE_MODEL_DIR", "model"), tofu("LETHE_TOFU_DIR", "tofu");
  config::Section root = config::load(std::string(LETHE_SOURCE_DIR) + "/configs/tofu/eval.yaml");
  config::Section section = root.section("eval", "");
  std::set<std::string> all, listed;
  for (const SuiteEntry& entry : read_suite(section)) {
    all.insert(entry.name);
    if (entry.listed) listed.insert(entry.name);
  }
  const std::set<std::string> summary{
      "extraction_strength", "forget_Q_A_Prob", "forget_Q_A_ROUGE", "forget_quality",
      "forget_truth_ratio",  "model_utility",   "privleak"};
  EXPECT_EQ(listed, summary);
  std::set<std::string> expected = summary;
  expected.merge(std::set<std::string>{
      "forget_Q_A_PARA_Prob", "forget_Q_A_PERT_Prob", "mia_min_k", "ra_Q_A_PERT_Prob", "ra_Q_A_Prob",
      "ra_Q_A_Prob_normalised", "ra_Q_A_ROUGE", "ra_Truth_Ratio", "retain_Q_A_PARA_Prob",
      "retain_Q_A_PERT_Prob", "retain_Q_A_Prob", "retain_Q_A_ROUGE", "retain_Truth_Ratio", "wf_Q_A_PERT_Prob",
      "wf_Q_A_Prob", "wf_Q_A_Prob_normalised", "wf_Q_A_ROUGE", "wf_Truth_Ratio"});
  EXPECT_EQ(all, expected);
}

TEST(Suite, RefusesTyposDoublesAndWhatStandsTooLate) {
  EXPECT_NE(refusal("metrics: [probabilty]").find("probabilty"), std::string::npos);
  EXPECT_NE(refusal("metrics: [{name: rouge, sett: retain}]").find("config.unknown"), std::string::npos);
  EXPECT_NE(refusal("metrics: [probability, probability]").find("two metrics are called forget.probability"),
            std::string::npos);
  EXPECT_NE(refusal("metrics: [privleak, mia_min_k]")
                .find("privleak reads mia_min_k, which does not stand before it"),
            std::string::npos);
}

TEST(Suite, NoEntryIsAMetricThatItDoesNotName) {
  for (const char* entry : {"{}", "{as: x, set: retain}", "{name: null}"})
    EXPECT_NE(refusal(fmt::format("metrics: [{}]", entry)).find("metrics[0].name is not set"),
              std::string::npos)
        << entry;
  for (const char* entry : {"[rouge, exact_memorization]", "null"})
    EXPECT_NE(refusal(fmt::format("metrics: [{}]", entry)).find("is not a mapping"), std::string::npos)
        << entry;
}

TEST(Suite, OfOneColumnAllButOneAreRecordedUnderTheirOwnNames) {
  const Suite suite = suite_of(
      "metrics: [{name: truth_ratio, aggregator: prob_mean, as: share}, truth_ratio, {name: mia_loss, as: "
      "a}, "
      "{name: mia_loss, holdout: retain, as: b}]");
  EXPECT_EQ(label_of(suite[0].column), "forget.share");
  EXPECT_EQ(label_of(suite[1].column), "forget.truth_ratio") << "it has no other name";
  EXPECT_EQ(label_of(suite[2].column), "mia_loss") << "the first";
  EXPECT_EQ(label_of(suite[3].column), "b");
  EXPECT_EQ(entries_for(suite, {"forget.share"}).front(), &suite[0]);
}

TEST(Suite, RefusesTwoThatRecordsCouldNotTellApart) {
  EXPECT_NE(refusal("metrics: [probability, rouge, {name: rouge, stem: false, as: probability}]")
                .find("forget.probability and probability are both recorded as forget.probability"),
            std::string::npos);
}

std::string absent(const std::string& yaml) {
  const Suite suite = suite_of(yaml);
  const std::vector<std::string> sets = {"forget", "retain"};
  const auto found = absent_set(entries_of(suite), sets);
  return found ? found->what + "; " + found->hint : "";
}

TEST(Suite, EverySetOfAMetricMustBeThereButAnAttacksHoldout) {
  EXPECT_EQ(absent("metrics: [mia_loss, {name: rouge, set: retain}]"), "");
  EXPECT_EQ(
      absent("metrics: [probability, {name: mia_loss, set: forgett, holdout: retain}]"),
      "mia_loss: there is no set `forgett`; did you mean `forget`? sets are forget, retain; eval.sets adds "
      "others");
  for (const char* metric : {"probability_w_options", "truth_ratio", "ngram_entropy", "perplexity"})
    EXPECT_NE(absent(fmt::format("metrics: [{{name: {}, set: nowhere}}]", metric)), "") << metric;
}

TEST(Suite, AFormulasEntriesComeWithWhatTheyRead) {
  const Suite suite = suite_of("metrics: [probability, mia_loss, mia_min_k, privleak]");
  const auto chosen = entries_for(suite, {"privleak"});
  ASSERT_EQ(chosen.size(), 2U);
  EXPECT_EQ(chosen[0]->name, "mia_min_k");
  EXPECT_EQ(entries_for(suite, {"forget.probability"}).size(), 1U);
}

TEST(Suite, ThePlainOneHasTruthRatiosWhereThereAreWrongAnswers) {
  EXPECT_EQ(plain_suite({{"forget", true}, {"general", false}}, true).size(), 5U);
  EXPECT_EQ(plain_suite({{"forget", true}, {"general", false}}, false).size(), 3U);
}

TEST(Suite, ThePlainOneTakesSetsOfAnyName) {
  for (const std::string name : {"forget_run,1", "forget_a: b", "forget_{x", "forget_\"y\"", "true"})
    EXPECT_EQ(plain_suite({{name, false}}, false).front().column.set, name);
}

}  // namespace
}  // namespace lethe::evaluation
