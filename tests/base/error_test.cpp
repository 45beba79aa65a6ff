#include "framework/base/error.h"

#include <gtest/gtest.h>

namespace lethe {
namespace {

TEST(ExitCode, FollowsTheCatalogue) {
  EXPECT_EQ(exit_code_of("cli.flag"), 64);
  EXPECT_EQ(exit_code_of("config.missing"), 66);
  EXPECT_EQ(exit_code_of("config.unknown"), 78);
  EXPECT_EQ(exit_code_of("campaign.axis"), 78);
  EXPECT_EQ(exit_code_of("campaign.slurm"), 69) << "the service, not the file";
  EXPECT_EQ(exit_code_of("model.config"), 66);
  EXPECT_EQ(exit_code_of("model.config.json"), 65);
  EXPECT_EQ(exit_code_of("num.nonfinite"), 80);
  EXPECT_EQ(exit_code_of("score.missing"), 66);
  EXPECT_EQ(exit_code_of("configuration"), 70) << "prefixes end at a dot";
}

TEST(Check, IsAnInternalErrorThatNamesThePlace) {
  try {
    LETHE_CHECK(1 + 1 == 3, "arithmetic with {}", 2);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "internal");
    EXPECT_NE(e.message().find("error_test.cpp"), std::string::npos);
    EXPECT_NE(e.message().find("arithmetic with 2"), std::string::npos);
  }
}

}  // namespace
}  // namespace lethe
