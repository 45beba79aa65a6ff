#include "framework/run/updates_needed.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/error.h"
#include "framework/records/run_directory.h"
#include "framework/records/writer.h"
#include "tests/records/scratch_folder.h"

namespace lethe::run {
namespace {

using records::EvaluationRecord;
using Probabilities = std::map<std::string, double>;

class LaterRun : public testing::Test {
 protected:
  void evaluate(std::int64_t step, const Probabilities& samples, const std::string& set = "forget") {
    EvaluationRecord record{.tag = "step", .step = step, .set = set};
    for (const auto& [id, p] : samples) record.samples.push_back({.id = id, .values = {{"probability", p}}});
    records::Writer(records::RunPaths{folder_.path()}.records()).append(record);
  }
  std::vector<double> needed(const std::vector<std::string>& ids) {
    return updates_needed(folder_.path(), 0.1, ids);
  }
  std::string refusal(const std::vector<std::string>& ids) {
    try {
      (void)needed(ids);
    } catch (const Error& e) {
      return e.key();
    }
    return "";
  }
  records::ScratchFolder folder_;
};

TEST_F(LaterRun, SaysWhenEachSampleWasFirstBelowTheTarget) {
  evaluate(0, {{"a", 0.9}, {"b", 0.05}, {"c", 0.9}, {"d", 0.9}});
  evaluate(4, {{"a", 0.5}, {"b", 0.01}, {"c", 0.9}, {"d", 0.08}});
  evaluate(4, {{"a", 0.0}, {"c", 0.0}}, "retain");
  evaluate(8, {{"a", 0.0}, {"b", 0.01}, {"c", 0.3}, {"d", 0.5}});
  const auto updates = needed({"d", "c", "b", "a"});
  EXPECT_NEAR(updates[0], 4 * 0.8 / 0.82, 1e-12);  // what comes back later does not count
  EXPECT_EQ(updates[1], 12);                       // not yet at 8: at the next evaluation at best
  EXPECT_EQ(updates[2], 0);
  EXPECT_NEAR(updates[3], 4 + 4 * 0.8, 1e-12);
}

TEST_F(LaterRun, SaysNothingOfASampleThatItDidNotEvaluate) {
  evaluate(0, {{"a", 0.9}, {"b", 0.9}});
  evaluate(4, {{"a", 0.0}});
  const auto updates = needed({"a", "b", "c"});
  EXPECT_FALSE(std::isnan(updates[0]));
  EXPECT_TRUE(std::isnan(updates[1]));
  EXPECT_TRUE(std::isnan(updates[2]));
}

TEST_F(LaterRun, IsRefusedWhereItSaysNothing) {
  EXPECT_EQ(refusal({"a"}), "run.missing");
  evaluate(0, {{"a", 0.9}});
  EXPECT_EQ(refusal({"a"}), "score.missing");
}

}  // namespace
}  // namespace lethe::run
