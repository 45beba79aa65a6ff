// What a resume may differ in, and what it says where it may not.
#include "framework/training/identity.h"

#include <gtest/gtest.h>

#include <functional>

#include "framework/base/error.h"

namespace lethe::training {
namespace {

const Identity kRun = {{"model", std::string(32, 'a')},
                       {"forget", std::string(32, 'b')},
                       {"retain", std::string(32, 'c')},
                       {"objective", "npo"}};

std::string refusal(const Identity& now, bool allow_data_change = false) {
  try {
    check_identity(identity_text(kRun), now, 120, allow_data_change);
  } catch (const Error& e) {
    return e.key() + ": " + e.message();
  }
  return "";
}

Identity with(const std::string& part, const std::string& value) {
  Identity changed = kRun;
  changed[part] = value;
  return changed;
}

TEST(Identity, OfTheSameRunIsAccepted) { EXPECT_EQ(refusal(kRun), ""); }

TEST(Identity, NamesTheObjectivesThatDiffer) {
  EXPECT_EQ(refusal(with("objective", "rmu")),
            "ckpt.mismatch: objective npo ≠ rmu (the checkpoint of step 120)");
}

TEST(Identity, ShowsHashesByTheirFirstDigits) {
  EXPECT_EQ(refusal(with("forget", std::string(32, 'd'))),
            "data.changed: forget hash bbbbbbbb… ≠ dddddddd… at step 120 (override: "
            "resume.allow_data_change)");
}

TEST(Identity, OnlyDataMayBeAllowedToChange) {
  EXPECT_EQ(refusal(with("retain", std::string(32, 'd')), true), "");
  EXPECT_NE(refusal(with("model", std::string(32, 'd')), true), "");
}

TEST(Identity, ComparesTheModelsConfigurationWhereACheckpointKeptIt) {
  const Identity now = with("config.json", std::string(32, 'e'));
  EXPECT_EQ(refusal(now), "") << "an older checkpoint";
  const auto resume = [&](const Identity& saved) { check_identity(identity_text(saved), now, 120, false); };
  EXPECT_NO_THROW(resume(now));
  EXPECT_THROW(resume(with("config.json", std::string(32, 'f'))), Error);
}

TEST(Identity, AnotherModelIsSaidBeforeOtherData) {
  Identity both = with("model", std::string(32, 'e'));
  both["forget"] = std::string(32, 'd');
  EXPECT_EQ(refusal(both).substr(0, 13), "ckpt.mismatch");
}

TEST(Identity, OfAnUnreadableTextIsAMismatch) { EXPECT_THROW(check_identity("7f3a", kRun, 1, true), Error); }

}  // namespace
}  // namespace lethe::training
