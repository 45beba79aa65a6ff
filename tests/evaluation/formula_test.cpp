#include "framework/evaluation/formula.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace lethe::evaluation {
namespace {

const std::map<std::string, double> kMetrics = {
    {"forget.probability", 0.08}, {"model_utility", 0.6}, {"order", 2}, {"zero", 0}};

std::optional<double> value(const std::string& text) { return Formula::parse(text).value(kMetrics); }

TEST(Formula, FollowsTheUsualPrecedence) {
  EXPECT_EQ(*value("1 + 2 * 3 - 4 / 2"), 5);
  EXPECT_EQ(*value("(1 + 2) * -3"), -9);
  EXPECT_EQ(*value("2 - 1 - 1"), 0) << "from the left";
  EXPECT_EQ(*value("1 < 2 and not 2 < 1 or 0"), 1);
  EXPECT_EQ(*value("min(3, 1, 2) + max(1, order) + abs(0 - 4) + hmean(1, 1)"), 8);
}

TEST(Formula, DecidesOnMetrics) {
  EXPECT_EQ(*value("forget.probability < 0.1 and model_utility > 0.55"), 1);
  EXPECT_EQ(*value("forget.probability < 0.05 or model_utility >= 0.6"), 1);
  EXPECT_EQ(*value("order == 2"), 1) << "a name that begins with an operator's word";
}

std::string hint_for(const std::string& text, const std::vector<std::string>& known) {
  try {
    Formula::parse(text).check_names(known);
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "config.formula");
    return e.hint();
  }
  return "taken";
}

TEST(Formula, NamesOfOtherCharactersStandInSingleQuotes) {
  const Formula formula = Formula::parse("not 'other-set.probability' > 0.5 and 'a b' == 'a b'");
  EXPECT_EQ(formula.names(), (std::set<std::string>{"other-set.probability", "a b"}));
  EXPECT_EQ(*formula.value({{"other-set.probability", 0.4}, {"a b", 1}}), 1);
  const std::vector<std::string> known = {"forget.probability", "other-set.probability",
                                          "retain-2.probability"};
  EXPECT_EQ(hint_for("'retain-2.probability' > 'other-set.probability'", known), "taken");
  EXPECT_NE(hint_for("other-set.probability > 0.5", known).find("single quotes: 'other-set.probability'"),
            std::string::npos);
  EXPECT_NE(hint_for("retain-2.probability > 0.5", known).find("single quotes: "), std::string::npos);
}

TEST(Formula, AMissingMetricMattersOnlyWhereItDecides) {
  EXPECT_FALSE(value("forget_quality > 0.05").has_value());
  EXPECT_FALSE(value("forget_quality > 0.05 and model_utility > 0.5").has_value());
  EXPECT_EQ(*value("forget_quality > 0.05 and model_utility > 0.9"), 0);
  EXPECT_EQ(*value("forget_quality > 0.05 or model_utility > 0.5"), 1);
}

TEST(Formula, KnowsItsNamesAndSuggestsOthers) {
  const Formula formula = Formula::parse("model_utilty - forget.probability");
  EXPECT_EQ(formula.names(), (std::set<std::string>{"model_utilty", "forget.probability"}));
  try {
    formula.check_names({"model_utility", "forget.probability"});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "config.formula");
    EXPECT_NE(e.hint().find("model_utility"), std::string::npos) << e.hint();
  }
}

TEST(Formula, FaultsNameTheColumn) {
  for (const auto& [text, what] : {std::pair<std::string, std::string>{"a <", "column 4"},
                                   {"(a < 1", "column 7: `)`"},
                                   {"a b", "column 3"},
                                   {"nosuch(1)", "no function `nosuch`"},
                                   {"0.9 < a < 0.95", "column 10: one comparison at a time"},
                                   {"1 < 'a-b", "column 6: no quote ends"},
                                   {"", "column 1"},
                                   {std::string(3000, '('), "3000 characters"}}) {
    try {
      (void)Formula::parse(text);
      ADD_FAILURE() << text << " was taken";
    } catch (const Error& e) {
      EXPECT_EQ(e.key(), "config.formula");
      EXPECT_NE(e.message().find(what), std::string::npos) << e.message();
    }
  }
}

}  // namespace
}  // namespace lethe::evaluation
