#include "framework/scoring/score_state.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"

namespace lethe::scoring {
namespace {

class ScoreStateFile : public testing::Test {
 protected:
  const std::filesystem::path file_ = std::filesystem::path(testing::TempDir()) / "lethe_score_state.txt";
  const ScoreState state_{"abc",
                          1.1e-3,
                          {{{1.0 / 3, -2e-310, NAN, INFINITY}, {0.1, 0, -0.0, 5}}, {{1, 2, 3, 4}, {}}},
                          /*calibrated=*/false,
                          /*calibration_passes=*/12,
                          /*passes=*/34,
                          /*seconds=*/0.1};
  void TearDown() override { std::filesystem::remove(file_); }
};

TEST_F(ScoreStateFile, ComesBackBitForBit) {
  save(state_, file_);
  const ScoreState back = load_score_state(file_);
  EXPECT_EQ(back.identity, "abc");
  EXPECT_EQ(back.step, 1.1e-3);
  EXPECT_FALSE(back.calibrated);
  EXPECT_EQ(back.calibration_passes, 12);
  EXPECT_EQ(back.passes, 34);
  EXPECT_EQ(back.seconds, 0.1);
  ASSERT_EQ(back.draws.size(), 2u);
  for (std::size_t k = 0; k < 2; ++k) {
    ASSERT_EQ(back.draws[k].value.size(), 4u);
    ASSERT_EQ(back.draws[k].first_order.size(), state_.draws[k].first_order.size());
    for (std::size_t i = 0; i < 4; ++i) {
      const double was = state_.draws[k].value[i], is = back.draws[k].value[i];
      EXPECT_TRUE(std::memcmp(&was, &is, sizeof was) == 0 || (std::isnan(was) && std::isnan(is)))
          << k << ' ' << i;
    }
  }
}

TEST_F(ScoreStateFile, OfAVersionThatDidNotSayHowItCalibratedIsRead) {
  save(state_, file_);
  std::string text = base::read_file(file_);
  text.resize(text.rfind("hash "));
  text.resize(text.rfind('\n', text.size() - 2) + 1);
  base::write_file_atomically(file_, text + "hash " + base::hash_text(text) + "\n");
  const ScoreState back = load_score_state(file_);
  EXPECT_EQ(back.draws.size(), 2u);
  EXPECT_TRUE(back.calibrated);
}

TEST_F(ScoreStateFile, OfAVersionThatDidNotSayItsPassesIsRead) {
  save(state_, file_);
  std::string text = base::read_file(file_);
  text.resize(text.rfind(" 34 "));
  text += '\n';
  base::write_file_atomically(file_, text + "hash " + base::hash_text(text) + "\n");
  const ScoreState back = load_score_state(file_);
  EXPECT_EQ(back.draws.size(), 2u);
  EXPECT_EQ(back.calibration_passes, 12);
  EXPECT_EQ(back.passes, 0);
  EXPECT_EQ(back.seconds, 0);
}

TEST_F(ScoreStateFile, IsRefusedWhereItWasCutOrChanged) {
  save(state_, file_);
  const std::string whole = base::read_file(file_);
  std::string changed = whole;
  changed[whole.find("0x1.") + 3] = '7';
  for (const std::string& text : {std::string(), whole.substr(0, whole.size() / 2), changed, whole + "x"}) {
    base::write_file_atomically(file_, text);
    try {
      (void)load_score_state(file_);
      FAIL() << "read: " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.key(), "ckpt.corrupt");
    }
  }
}

}  // namespace
}  // namespace lethe::scoring
