#include "framework/records/record.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "framework/records/reader.h"
#include "tests/records/scratch_folder.h"

namespace lethe::records {
namespace {

const std::string kTime = "2026-01-31T12:00:00.000Z";

// One of every kind, no field at its default, so that a field lost on the way shows.
std::vector<Record> one_of_each() {
  return {
      RunRecord{.name = "npo",
                .command = "train",
                .arguments = {"--set", "a=1"},
                .config_path = "x.yaml",
                .config_yaml = "a: 1\n",
                .objective = "npo",
                .sampler = "mrd",
                .purpose = "unlearning",
                .method = {{"formula", "-log p"}},
                .versions = {{"lethe", "0.1.0"}},
                .git_commit = "0f1a4d6",
                .hashes = {{"model", "ab"}},
                .world_size = 2,
                .hosts = {"a", "b"},
                .device = "cpu",
                .compute_dtype = "bf16",
                .determinism = "elastic",
                .seed = std::numeric_limits<std::uint64_t>::max(),
                .started = kTime,
                .resumed_from_step = 3},
      ModelRecord{.role = "policy",
                  .path = "m",
                  .family = "llama",
                  .hash = "cd",
                  .tokenizer_hash = "ef",
                  .num_parameters = 135,
                  .num_layers = 30,
                  .hidden_size = 576,
                  .vocab_size = 49152,
                  .stored_dtype = "bf16",
                  .tied_embeddings = true},
      DataRecord{.set = "forget",
                 .path = "f.jsonl",
                 .hash = "aa",
                 .template_hash = "bb",
                 .num_samples = 40,
                 .num_tokens = 4000,
                 .num_target_tokens = 900,
                 .longest_tokens = 120,
                 .num_dropped = 1},
      StepRecord{.step = 7,
                 .loss = -1.5,
                 .terms = {{"forget", 2}, {"retain", 0.1}},
                 .learning_rate = 1e-5,
                 .gradient_norm = 3,
                 .changed_fraction = 0.25,
                 .real_tokens = 1000,
                 .padding_tokens = 24,
                 .tokens_per_second = 512.5,
                 .seconds = 2,
                 .forget_ids = {"a", "a"},
                 .retain_ids = {"b"}},
      SamplerRecord{.step = 1,
                    .name = "mrd",
                    .with_replacement = false,
                    .effective_samples = 37.9,
                    .weights = {{.id = "a", .row = 3, .probability = 0.1}}},
      CheckpointRecord{
          .step = 10, .path = "checkpoints/step-10", .bytes = 1ull << 40, .hash = "cc", .seconds = 1.5},
      MemoryRecord{.step = 2,
                   .rank = 1,
                   .host = "a",
                   .resident_bytes = 5,
                   .peak_resident_bytes = 6,
                   .device_bytes = 7,
                   .peak_device_bytes = 8,
                   .categories = {{"weights", 9}}},
      PhasesRecord{.step = 2,
                   .rank = 1,
                   .host = "a",
                   .seconds = {{"gradient", 9.5}},
                   .against_median = {{"gradient", 1.25}}},
      EventRecord{.name = "rescored", .level = "warning", .message = "row 3", .step = 4},
      SummaryRecord{.steps = 20,
                    .seconds = 61,
                    .ended = kTime,
                    .stopped_because = "x",
                    .model_path = "model",
                    .metrics = {{"after.forget.probability", 0.04}}},
      ScoringRecord{.step = 1,
                    .estimator = "antithetic",
                    .mode = "sum",
                    .sigma = 1e-5,
                    .sigma_eff = 1e-3,
                    .draws = 16,
                    .num_samples = 40,
                    .num_unresolved = 2,
                    .tv_hat = 0.01,
                    .plain_relative_error = 130,
                    .calibration_passes = 6,
                    .effective_samples = 38,
                    .seconds = 9},
      ScoreRecord{.step = 1,
                  .id = "a",
                  .row = 3,
                  .mrd = 1.62303e-10,
                  .standard_error = 2e-12,
                  .tokens = 31,
                  .loss = 0.13,
                  .resolved = false},
      EvaluationRecord{
          .tag = "before",
          .step = 1,
          .set = "forget",
          .samples = {{.id = "a", .row = 3, .values = {{"probability", 0.9}, {"rougeL_recall", 1}}}},
          .aggregates = {{"probability", 0.9}},
          .seconds = 3},
      GenerationRecord{.tag = "after",
                       .step = 20,
                       .set = "forget",
                       .id = "a",
                       .row = 3,
                       .question = "Who?",
                       .answer = "\"Ann\"\n",
                       .generated = "I don\xE2\x80\x99t know",
                       .purged = true},
      AnalysisRecord{.step = 1,
                     .samples = {{.id = "a", .row = 3, .values = {{"length", 12}}}},
                     .relations = {{.name = "length",
                                    .rho = 0.9,
                                    .rho_low = 0.8,
                                    .rho_high = 0.95,
                                    .partial_undefined = "constant"}},
                     .seconds = 2},
  };
}

TEST(Record, EveryKindComesBackFromItsLineUnchanged) {
  const auto records = one_of_each();
  ASSERT_EQ(records.size(), std::variant_size_v<Record>) << "a kind has no example here";
  for (const Record& record : records) {
    const std::string line = to_line({kTime, record});
    const auto back = parse_line(line, "here:1");
    ASSERT_TRUE(back) << line;
    EXPECT_EQ(back->record.index(), record.index());
    EXPECT_EQ(to_line(*back), line);
  }
}

template <class T>
T written_and_read() {
  for (const Record& record : one_of_each())
    if (std::holds_alternative<T>(record))
      return std::get<T>(parse_line(to_line({kTime, record}), "here:1")->record);
  throw std::logic_error("one_of_each has none");
}

TEST(Record, KeepsFieldsAndNotOnlyText) {
  const auto step = written_and_read<StepRecord>();
  EXPECT_EQ(step.step, 7);
  EXPECT_EQ(step.loss, -1.5);
  EXPECT_EQ(step.terms.at("retain"), 0.1);
  EXPECT_EQ(step.changed_fraction, 0.25);
  EXPECT_EQ(step.forget_ids, (std::vector<std::string>{"a", "a"}));
  const auto run = written_and_read<RunRecord>();
  EXPECT_EQ(run.seed, std::numeric_limits<std::uint64_t>::max());
  const auto evaluation = written_and_read<EvaluationRecord>();
  EXPECT_EQ(evaluation.samples.at(0).row, 3);
  EXPECT_EQ(evaluation.samples.at(0).values,
            (std::map<std::string, double>{{"probability", 0.9}, {"rougeL_recall", 1}}));
}

TEST(Record, DoublesSurviveToTheLastBit) {
  for (const double value : {1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0}) {
    const auto back = parse_line(to_line({kTime, ScoreRecord{.mrd = value}}), "here:1");
    EXPECT_EQ(std::bit_cast<std::uint64_t>(std::get<ScoreRecord>(back->record).mrd),
              std::bit_cast<std::uint64_t>(value));
  }
}

TEST(Record, NonFiniteLossesAreKept) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const StepRecord step{.loss = std::nan(""), .terms = {{"forget", -infinity}}, .gradient_norm = infinity};
  const auto back = std::get<StepRecord>(parse_line(to_line({kTime, step}), "here:1")->record);
  EXPECT_TRUE(std::isnan(back.loss));
  EXPECT_EQ(back.terms.at("forget"), -infinity);
  EXPECT_EQ(back.gradient_norm, infinity);
}

TEST(Record, TextThatIsNotUtf8IsStillWritten) {
  const auto back = parse_line(to_line({kTime, GenerationRecord{.generated = "a\xff"
                                                                             "b"}}),
                               "here:1");
  EXPECT_EQ(std::get<GenerationRecord>(back->record).generated,
            "a\xEF\xBF\xBD"
            "b");
}

TEST(ParseLine, IsLenientAboutUnknownFieldsAndKinds) {
  const auto entry = parse_line(R"({"schema":1,"kind":"step","time":"t","step":3,"colour":"red"})", "here:1");
  EXPECT_EQ(std::get<StepRecord>(entry->record).step, 3);
  EXPECT_FALSE(parse_line(R"({"schema":1,"kind":"weather","time":"t"})", "here:1"));
}

TEST(ParseLine, RefusesWhatItCannotReadAndSaysWhere) {
  std::string message;
  const auto key = [&](const char* line) {
    return error_key([&] { (void)parse_line(line, "r.jsonl:12"); }, &message);
  };
  EXPECT_EQ(key(R"({"schema":2,"kind":"step"})"), "records.schema");
  EXPECT_NE(message.find("r.jsonl:12: written with records schema 2, this lethe reads up to 1"),
            std::string::npos);
  EXPECT_EQ(key(R"({"schema":1,"kind":"step","step":"seven"})"), "records.type");
  EXPECT_NE(message.find("r.jsonl:12: field \"step\" is not an integer"), std::string::npos);
  EXPECT_EQ(key(R"({"schema":1,"kind":"run","seed":-1})"), "records.type");
  EXPECT_EQ(key(R"({"schema":1,"kind":"step","loss":true})"), "records.type");
  EXPECT_EQ(key(R"({"schema":1,"step":7})"), "records.json");
  EXPECT_EQ(key(R"({"kind":"step"})"), "records.json");
  EXPECT_EQ(key("{nonsense}"), "records.json");
  EXPECT_EQ(exit_code_of("records.schema"), 65);
}

TEST(SetNames, AnUnknownSetMayHoldTextToForget) {
  for (const char* set : {"forget", "forget_paraphrased", "", "utility"})
    EXPECT_TRUE(may_hold_forget_text(set)) << set;
  for (const char* set : {"retain", "general"}) EXPECT_FALSE(may_hold_forget_text(set)) << set;
}

TEST(SetNames, OnlyForgetSetsAreToBeForgotten) {
  for (const char* set : {"forget", "forget_paraphrased"}) EXPECT_TRUE(is_to_be_forgotten(set)) << set;
  for (const char* set : {"retain", "general", "utility", "retain_knowmem", "forgetful", ""})
    EXPECT_FALSE(is_to_be_forgotten(set)) << set;
}

}  // namespace
}  // namespace lethe::records
