#include "framework/evaluation/suite.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/config/document.h"

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

TEST(Suite, RefusesTyposDoublesAndWhatStandsTooLate) {
  EXPECT_NE(refusal("metrics: [probabilty]").find("probabilty"), std::string::npos);
  EXPECT_NE(refusal("metrics: [{name: rouge, sett: retain}]").find("config.unknown"), std::string::npos);
  EXPECT_NE(refusal("metrics: [probability, probability]").find("two metrics are called forget.probability"),
            std::string::npos);
  EXPECT_NE(refusal("metrics: [privleak, mia_min_k]")
                .find("privleak reads mia_min_k, which does not stand before it"),
            std::string::npos);
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

}  // namespace
}  // namespace lethe::evaluation
