// What a terminal shows of a running campaign: counts, time left, what runs; redrawn in place, gone at the
// end.
#include "framework/campaign/progress_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace lethe::campaign {
namespace {

using ::testing::HasSubstr;

Plan three_cells() {
  Plan plan;
  plan.tasks = {
      {.key = "one", .stage = "run"}, {.key = "two", .stage = "run"}, {.key = "three", .stage = "run"}};
  plan.cells = {{.tasks = {"one"}}, {.tasks = {"two"}}, {.tasks = {"three"}}};
  return plan;
}

struct View : ::testing::Test {
  View() : out(std::tmpfile()) { view.emplace(schedule, out, true); }
  ~View() override {
    view.reset();  // it draws to the end
    std::fclose(out);
  }
  // What was drawn since the last call.
  std::string drawn() {
    std::string text;
    std::fflush(out);
    std::fseek(out, read, SEEK_SET);
    for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out)) text += static_cast<char>(c);
    read = std::ftell(out);
    return text;
  }
  Plan plan = three_cells();
  Schedule schedule{plan, {.keep_going = true}};
  std::FILE* out;
  long read = 0;
  std::optional<ProgressView> view;
};

TEST_F(View, CountsAndNamesWhatRuns) {
  schedule.started("one");
  schedule.started("two");
  view->changed();
  const std::string text = drawn();
  EXPECT_THAT(text, HasSubstr("cells 0/3 done, 2 running\n"));
  EXPECT_THAT(text, HasSubstr("  one "));
  EXPECT_THAT(text, HasSubstr("  two "));
  EXPECT_EQ(text.find("three"), std::string::npos);
}

TEST_F(View, RedrawsInPlaceAndLeavesNothingBehind) {
  schedule.started("one");
  view->changed();
  EXPECT_EQ(drawn().find("\x1b["), std::string::npos) << "nothing to erase yet";
  schedule.finished("one", {.seconds = 10});
  schedule.started("two");
  view->changed();
  const std::string text = drawn();
  EXPECT_TRUE(text.starts_with("\x1b[2A\x1b[J")) << "the headline and one line of a running cell";
  EXPECT_THAT(text, HasSubstr("cells 1/3 done, 1 running; about 20 s left"));
  view.reset();
  EXPECT_EQ(drawn(), "\x1b[2A\x1b[J");
}

TEST_F(View, AFailureIsCountedAndSaidOnce) {
  schedule.started("one");
  view->changed();
  schedule.finished("one", {.exit_code = 80, .error = "error[num.nonfinite]: loss NaN"});
  ::testing::internal::CaptureStdout();
  view->changed();
  view->changed();
  const std::string log = ::testing::internal::GetCapturedStdout();
  const std::string said = "one failed with exit code 80: error[num.nonfinite]: loss NaN";
  ASSERT_THAT(log, HasSubstr(said));
  EXPECT_EQ(log.find(said), log.rfind(said));
  EXPECT_THAT(drawn(), HasSubstr("cells 0/3 done, 1 failed"));
}

}  // namespace
}  // namespace lethe::campaign
