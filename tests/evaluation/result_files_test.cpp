#include "framework/evaluation/result_files.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"

namespace lethe::evaluation {
namespace {

std::vector<NamedResult> some_results() {
  Result probability;
  probability.value = 0.25;
  probability.samples = {
      {.index = 0, .fields = {{"prob", 0.5}, {"avg_loss", 1e-5}}, .value = 0.5},
      {.index = 7, .fields = {{"prob", {0.5, 1.0}}, {"avg_loss", {1.0, 2.0}}}, .value = 0.0}};
  Result ratio;
  ratio.value = 0.5;
  ratio.samples = {{.index = 0, .fields = {{"score", 0.75}}, .value = 0.75},
                   {.index = 1, .fields = {{"score", nullptr}}, .value = std::nullopt}};
  Result attack;
  attack.value = 0.75;
  attack.parts = {{"forget", ratio}, {"holdout", ratio}};
  return {{.name = "wf_Q_A_Prob", .column = {}, .listed = false, .result = probability},
          {.name = "forget_quality", .column = {}, .listed = true, .result = null_result("why")},
          {.name = "Upper", .column = {}, .listed = true, .result = ratio},
          {.name = "mia_min_k", .column = {}, .listed = true, .result = attack}};
}

constexpr const char* kEvalFile = R"({
    "Upper": {
        "agg_value": 0.5,
        "value_by_index": {
            "0": {
                "score": 0.75
            },
            "1": {
                "score": null
            }
        }
    },
    "forget_quality": {
        "agg_value": null
    },
    "mia_min_k": {
        "forget": {
            "agg_value": 0.5,
            "value_by_index": {
                "0": {
                    "score": 0.75
                },
                "1": {
                    "score": null
                }
            }
        },
        "holdout": {
            "agg_value": 0.5,
            "value_by_index": {
                "0": {
                    "score": 0.75
                },
                "1": {
                    "score": null
                }
            }
        },
        "auc": 0.75,
        "agg_value": 0.75
    },
    "wf_Q_A_Prob": {
        "agg_value": 0.25,
        "value_by_index": {
            "0": {
                "prob": 0.5,
                "avg_loss": 1e-05
            },
            "7": {
                "prob": [
                    0.5,
                    1.0
                ],
                "avg_loss": [
                    1.0,
                    2.0
                ]
            }
        }
    }
})";

TEST(ResultFiles, AreByteForByteWhatTheReferenceImplementationWrites) {
  EXPECT_EQ(eval_file(some_results()), kEvalFile);
  EXPECT_EQ(summary_file(some_results()), "{\n    \"Upper\": 0.5,\n    \"mia_min_k\": 0.75\n}");
}

TEST(ResultFiles, OneOfThemIsARetainLog) {
  const auto path = std::filesystem::temp_directory_path() / "lethe_retain_log_test.json";
  base::write_file_atomically(path, kEvalFile);
  const auto log = read_retain_log(path);
  std::filesystem::remove(path);
  EXPECT_EQ(*log.find("mia_min_k")->second.value, 0.75);
  using Samples = std::map<std::int64_t, std::optional<double>>;
  const Samples scores = {{0, 0.75}, {1, std::nullopt}};
  EXPECT_EQ(log.find("Upper")->second.samples, scores);
  EXPECT_EQ(log.find("mia_min_k")->second.samples, scores) << "of the forget set";
  EXPECT_EQ(log.find("wf_Q_A_Prob")->second.samples, (Samples{{0, 0.5}, {7, 0.75}}))
      << "probabilities have no score; several answers count with their mean";
  EXPECT_FALSE(log.find("forget_quality")->second.value.has_value());
}

TEST(ResultFiles, ARunDirectoryIsTheRetainLogThatItHolds) {
  const auto run = std::filesystem::temp_directory_path() / "lethe_retrained_run_test";
  std::filesystem::remove_all(run);
  std::filesystem::create_directories(run / "evals" / "after");
  base::write_file_atomically(run / "TOFU_EVAL.json", R"({"mia_min_k": {"agg_value": 0.25}})");
  EXPECT_EQ(*read_retain_log(run).find("mia_min_k")->second.value, 0.25) << "of lethe eval";
  base::write_file_atomically(run / "evals" / "after" / "MUSE_EVAL.json",
                              R"({"mia_min_k": {"agg_value": 0.5}})");
  EXPECT_EQ(*read_retain_log(run, "MUSE").find("mia_min_k")->second.value, 0.5) << "of lethe train";
  std::filesystem::remove_all(run);
}

TEST(ResultFiles, AMissingRetainLogIsNamed) {
  try {
    (void)read_retain_log("/nowhere/TOFU_EVAL.json");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "eval.retain_log");
  }
}

}  // namespace
}  // namespace lethe::evaluation
