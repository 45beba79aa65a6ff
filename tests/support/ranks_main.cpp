// main() of tests that run on several ranks. Every rank runs every test; only rank 0 prints as usual and
// writes the xml; the others speak when something fails, behind their rank. All ranks return the same exit
// code.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

#include "tests/support/ranks.h"

namespace lethe::testing {
namespace {

dist::World* current_world = nullptr;

// A rank that leaves a test early would leave the others waiting in a collective for it.
void end_all(int rank, const char* why) {
  std::fprintf(stderr, "[rank %d] %s: all ranks end\n", rank, why);
  dist::abort_all_ranks(1);
}

class RankListener final : public ::testing::EmptyTestEventListener {
 public:
  explicit RankListener(const dist::RankInfo& info) : info_(info) {}

  void OnTestStart(const ::testing::TestInfo& test) override {
    test_ = std::string(test.test_suite_name()) + "." + test.name();
  }
  void OnTestEnd(const ::testing::TestInfo&) override { test_ = "outside of tests"; }

  void OnTestPartResult(const ::testing::TestPartResult& result) override {
    if (!result.failed()) return;
    if (info_.rank != 0) print(result);
    if (result.fatally_failed() && info_.size > 1) end_all(info_.rank, "fatal failure");
  }

 private:
  void print(const ::testing::TestPartResult& result) const {
    std::fprintf(stderr, "[rank %d] %s: %s:%d: %s\n", info_.rank, test_.c_str(),
                 result.file_name() ? result.file_name() : "?", result.line_number(), result.message());
  }
  // GoogleTest holds its lock in OnTestPartResult: asking it there for the current test would wait for ever.
  std::string test_ = "outside of tests";
  const dist::RankInfo info_;
};

void listen(const dist::RankInfo& info) {
  auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
  if (info.rank != 0) {
    delete listeners.Release(listeners.default_result_printer());
    delete listeners.Release(listeners.default_xml_generator());  // or all ranks write one file at once
  }
  // After the printer, so that rank 0's message is out before everything ends.
  listeners.Append(new RankListener(info));
}

int run_all(dist::World& world) {
  const dist::RankInfo& info = world.info();
  // GoogleTest would swallow the exception and go on alone.
  if (info.size > 1) GTEST_FLAG_SET(catch_exceptions, false);
  try {
    std::int64_t failed = RUN_ALL_TESTS() != 0;
    world.group().all_reduce({&failed, 1, dist::DType::i64}, dist::Reduce::max);
    return static_cast<int>(failed);
  } catch (const std::exception& error) {
    end_all(info.rank, error.what());
    return 1;
  }
}

}  // namespace

dist::World& world() { return *current_world; }

}  // namespace lethe::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  lethe::dist::World world;
  lethe::testing::current_world = &world;
  lethe::testing::listen(world.info());
  return lethe::testing::run_all(world);
}
