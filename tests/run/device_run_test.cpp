// Whole runs with `device: cuda`, where the GPU is the fenced device: whatever a command makes or reads
// outside of it is an error here. Their records are those of the CPU.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "framework/config/document.h"
#include "framework/records/reader.h"
#include "framework/run/commands.h"
#include "tests/run/device_under_test.h"
#include "tests/support/ranks.h"

namespace lethe::run {
namespace {

namespace fs = std::filesystem;

using Command = int(config::Section, const Launch&, dist::World&);

class DeviceRun : public ::testing::TestWithParam<Precision> {
 protected:
  void SetUp() override {
    if (const std::string why = why_no_device(world().info()); !why.empty()) GTEST_SKIP() << why;
    fs::current_path(LETHE_SOURCE_DIR);
  }

  // The records of `command` on a device; rank 0 reads them, the others get none.
  std::vector<records::Entry> run(Command& command, const std::string& file, const std::string& device,
                                  std::vector<std::string> settings = {}, bool resume = false) {
    const fs::path out = folder(device);
    settings.push_back("device=" + device);
    settings.push_back("model.compute=" + GetParam().compute);
    (void)took_part();
    EXPECT_EQ(command(config::load(file, settings),
                      {.config_path = file, .out = out.string(), .resume = resume}, world()),
              0);
    EXPECT_EQ(took_part(), device == "cuda");
    std::vector<records::Entry> entries;
    if (world().group().rank() == 0)
      for (const auto& path : {out / "records.jsonl", out / "scores.jsonl"})
        if (fs::exists(path))
          for (records::Entry& entry : records::read_records(path).entries)
            entries.push_back(std::move(entry));
    world().group().barrier();
    return entries;
  }
  fs::path folder(const std::string& device) {
    std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::ranges::replace(name, '/', '_');
    return fs::path(LETHE_BINARY_DIR) / "test-results" /
           fmt::format("device_run_{}_{}_{}", name, world().group().size(), device);
  }
  void forget_runs() {
    if (world().group().rank() == 0)
      for (const char* device : {"cpu", "cuda"}) fs::remove_all(folder(device));
    world().group().barrier();
  }
  static dist::World& world() { return lethe::testing::world(); }
  static void expect_near(double actual, double expected) {
    EXPECT_NEAR(actual, expected, GetParam().tolerance * (1 + std::abs(expected)));
  }

  static void expect_same_steps(const std::vector<records::Entry>& actual,
                                const std::vector<records::Entry>& expected) {
    const auto a = records::records_of<records::StepRecord>(actual),
               b = records::records_of<records::StepRecord>(expected);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      expect_near(a[i].loss, b[i].loss);
      expect_near(a[i].gradient_norm, b[i].gradient_norm);
      EXPECT_EQ(a[i].forget_ids, b[i].forget_ids);
    }
  }

  // Of a checkpoint's copies: to the byte.
  static void expect_same_copies(const std::vector<records::Entry>& actual,
                                 const std::vector<records::Entry>& expected) {
    const auto a = records::records_of<records::MemoryRecord>(actual),
               b = records::records_of<records::MemoryRecord>(expected);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_GT(a[i].categories.at("checkpoint"), 0u);
      EXPECT_EQ(a[i].categories.at("checkpoint"), b[i].categories.at("checkpoint"));
    }
  }

  static void expect_same_metrics(const std::vector<records::Entry>& actual,
                                  const std::vector<records::Entry>& expected) {
    const auto a = records::records_of<records::EvaluationRecord>(actual),
               b = records::records_of<records::EvaluationRecord>(expected);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a[i].aggregates.size(), b[i].aggregates.size());
      for (const auto& [name, value] : b[i].aggregates) {
        SCOPED_TRACE(name);
        expect_near(a[i].aggregates.at(name), value);
      }
    }
  }
};

TEST_P(DeviceRun, TrainsEvaluatesSavesAndExportsAsTheCpuDoes) {
  forget_runs();
  for (const char* zero : {"parallel.zero=3", "parallel.zero=1"}) {
    const std::vector<std::string> settings = {zero, "parallel.prefetch=true", "train.max_steps=3",
                                               "train.count_changes_every=1"};
    const auto expected = run(train, "configs/smoke/train.yaml", "cpu", settings);
    const auto actual = run(train, "configs/smoke/train.yaml", "cuda", settings);
    expect_same_steps(actual, expected);
    expect_same_metrics(actual, expected);
    if (GetParam().compute == "float64") expect_same_copies(actual, expected);
    if (world().group().rank() == 0) {
      EXPECT_EQ(records::records_of<records::RunRecord>(actual).at(0).device, "cuda");
      for (const records::MemoryRecord& memory : records::records_of<records::MemoryRecord>(actual))
        EXPECT_EQ(memory.peak_device_bytes > 0, world().group().size() > 1);  // of what travels
      EXPECT_TRUE(fs::exists(folder("cuda") / "model" / "model.safetensors"));
      EXPECT_FALSE(fs::is_empty(folder("cuda") / "checkpoints"));
    }
    forget_runs();
  }
}

TEST_P(DeviceRun, GoesOnFromACheckpointOfTheCpu) {
  forget_runs();
  const std::string file = "configs/smoke/train.yaml";
  const auto expected = run(train, file, "cpu", {"train.max_steps=4"});
  forget_runs();
  (void)run(train, file, "cpu", {"train.max_steps=2"});
  if (world().group().rank() == 0) fs::rename(folder("cpu"), folder("cuda"));
  world().group().barrier();
  expect_same_steps(run(train, file, "cuda", {"train.max_steps=4"}, /*resume=*/true), expected);
  forget_runs();
}

TEST_P(DeviceRun, EstimatorsScoreAsOnTheCpu) {
  for (const std::string estimator : {"antithetic", "jet"}) {
    if (estimator == "antithetic" && GetParam().compute == "bfloat16")
      continue;  // differences below its rounding
    forget_runs();
    const std::vector<std::string> settings = {"score.estimator=" + estimator};
    const auto expected = run(score, "configs/smoke/score.yaml", "cpu", settings);
    const auto actual = run(score, "configs/smoke/score.yaml", "cuda", settings);
    const auto a = records::records_of<records::ScoreRecord>(actual),
               b = records::records_of<records::ScoreRecord>(expected);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) expect_near(a[i].mrd, b[i].mrd);
  }
  forget_runs();
}

TEST_P(DeviceRun, MetricsAreTheCpus) {
  forget_runs();
  const auto expected = run(evaluate, "configs/smoke/metrics.yaml", "cpu");
  const auto actual = run(evaluate, "configs/smoke/metrics.yaml", "cuda");
  if (world().group().rank() == 0) {
    EXPECT_FALSE(records::records_of<records::EvaluationRecord>(actual).empty());
  }
  expect_same_metrics(actual, expected);
  forget_runs();
}

INSTANTIATE_TEST_SUITE_P(Precisions, DeviceRun, ::testing::ValuesIn(precisions()),
                         [](const auto& info) { return info.param.compute; });

}  // namespace
}  // namespace lethe::run
