#include "framework/records/exports.h"

#include <gtest/gtest.h>

namespace lethe::records {
namespace {

TEST(ScoresCsv, IsSortedAndKeepsAllDigits) {
  const std::string csv =
      scores_csv({{.row = 2, .mrd = 1}, {.id = "a", .row = 1, .mrd = 1.0 / 3, .tokens = 5}});
  EXPECT_EQ(csv,
            "step,row,id,mrd,standard_error,tokens,loss,resolved\n"
            "0,1,a,0.3333333333333333,0,5,0,true\n"
            "0,2,,1,0,0,0,true\n");
}

TEST(ScoresCsv, HasASampleOnceForAStepAsItWasScoredLast) {
  const std::string csv = scores_csv({{.step = 4, .id = "a", .mrd = 1},
                                      {.step = 4, .id = "b", .row = 1, .mrd = 2},
                                      {.step = 4, .id = "a", .mrd = 3}});
  EXPECT_EQ(csv,
            "step,row,id,mrd,standard_error,tokens,loss,resolved\n"
            "4,0,a,3,0,0,0,true\n"
            "4,1,b,2,0,0,0,true\n");
}

TEST(MetricsJson, GroupsByTagAndSet) {
  const Json json =
      Json::parse(metrics_json({{.tag = "before", .set = "forget", .aggregates = {{"probability", 0.9}}},
                                {.tag = "before", .set = "retain", .aggregates = {{"truth_ratio", NAN}}}}));
  EXPECT_EQ(json["before"]["forget"]["probability"], 0.9);
  EXPECT_EQ(json["before"]["retain"]["truth_ratio"], "nan");
}

TEST(CsvField, QuotesAndDisarms) {
  EXPECT_EQ(csv_field("plain"), "plain");
  EXPECT_EQ(csv_field("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
  EXPECT_EQ(csv_field("=SUM(A1)"), "'=SUM(A1)");
}

}  // namespace
}  // namespace lethe::records
