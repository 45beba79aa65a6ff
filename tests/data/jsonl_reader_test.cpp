// Rows 67-77 of the catalogue of bad inputs, and what is accepted all the same.
#include "framework/data/jsonl_reader.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "tests/data/oracle.h"

namespace lethe::data {
namespace {

SourceOptions file_of(const std::string& content, const std::string& name = "rows.jsonl") {
  SourceOptions source;
  source.path = testing::fresh_folder("data") + "/" + name;
  base::write_file_atomically(source.path, content);
  return source;
}

Error error_of(const SourceOptions& source) {
  try {
    (void)read_samples(source, "forget");
  } catch (const Error& e) {
    return e;
  }
  return Error("none", "accepted");
}

void expect_refused(const std::string& content, const std::string& key, const std::string& words) {
  const Error e = error_of(file_of(content));
  EXPECT_EQ(e.key(), key) << e.what();
  EXPECT_NE(e.message().find(words), std::string::npos) << e.what();
}

const std::string kRow = R"({"question": "Who?", "answer": "Ilva."})";

TEST(ReadSamples, ReadsTheFieldsOfTofu) {
  const auto file = read_samples(
      file_of(
          R"({"question": "Q é", "answer": "A", "paraphrased_question": "q2", "paraphrased_answer": "a2", "perturbed_answer": ["x", "y"], "extra": 3})"
          "\n" +
          kRow),
      "forget");
  ASSERT_EQ(file.samples.size(), 2u);
  const Sample& first = file.samples[0];
  EXPECT_EQ(first.question, "Q é");
  EXPECT_EQ(first.answer, "A");
  EXPECT_EQ(first.paraphrased_question, "q2");
  EXPECT_EQ(first.paraphrased_answer, "a2");
  EXPECT_EQ(first.perturbed_answers, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(first.id, sample_id("Q é", "A"));
  EXPECT_EQ(file.samples[1].row, 1);
  EXPECT_NE(sample_id("ab", "c"), sample_id("a", "bc"));
}

TEST(ReadSamples, AcceptsByteOrderMarkCarriageReturnsAndBlankLines) {
  const auto file = read_samples(file_of("\xEF\xBB\xBF" + kRow + "\r\n\r\n  \n" + kRow), "forget");
  EXPECT_EQ(file.samples.size(), 2u);
  EXPECT_EQ(file.samples[1].answer, "Ilva.");
}

TEST(ReadSamples, AcceptsAJsonArray) {
  EXPECT_EQ(read_samples(file_of("\n [" + kRow + ",\n" + kRow + "]\n"), "forget").samples.size(), 2u);
}

TEST(ReadSamples, FindsRowsInsideAnObject) {
  auto source = file_of(R"({"rows": [{"row": )" + kRow + R"(}, {"row": )" + kRow + "}]}");
  source.records = "rows.row";
  EXPECT_EQ(read_samples(source, "forget").samples.size(), 2u);
}

TEST(ReadSamples, TakesOtherFieldNames) {
  auto source = file_of(R"({"q": "Who?", "a": "Ilva.", "answer": 3})");
  source.question_key = "q", source.answer_key = "a";
  EXPECT_EQ(read_samples(source, "forget").samples[0].answer, "Ilva.");
}

TEST(ReadSamples, NamesAnAbsentFile) {
  SourceOptions source;
  source.path = "/nowhere/bio-forget-corpus.jsonl";
  const Error e = error_of(source);
  EXPECT_EQ(e.key(), "data.missing");
  EXPECT_EQ(e.exit_code(), 66);
  EXPECT_EQ(e.message(), "forget: /nowhere/bio-forget-corpus.jsonl: No such file or directory");
  source.path = "/tmp";
  EXPECT_NE(error_of(source).message().find("is a directory"), std::string::npos);
}

TEST(ReadSamples, PlacesRowsThatAreNotJsonAndCountsThem) {
  expect_refused(kRow + "\n{\"question\": \"é\", \"answer\": }\n", "data.json", "rows.jsonl:2:29: ");
  std::string bad;
  for (int i = 0; i < 8; ++i) bad += "{\n";
  const Error e = error_of(file_of(kRow + "\n" + bad));
  EXPECT_EQ(std::count(e.message().begin(), e.message().end(), '\n'), 5);
  EXPECT_NE(e.message().find("8 of 9 rows are not JSON"), std::string::npos);
  expect_refused("[" + kRow + ",\n  nope]", "data.json", "rows.jsonl:2:4: ");
}

TEST(ReadSamples, NeverQuotesTheTextOfARow) {
  const Error e = error_of(file_of(R"({"question": "secret name", "answer": "secret name" "x"})"));
  EXPECT_EQ(e.key(), "data.json");
  EXPECT_EQ(std::string(e.what()).find("secret"), std::string::npos) << e.what();
}

TEST(ReadSamples, CountsRowsWithoutAColumn) {
  const Error e =
      error_of(file_of(kRow + "\n{\"question\": \"x\", \"anwser\": \"y\"}\n{\"question\": \"x\"}\n"));
  EXPECT_EQ(e.key(), "data.column");
  EXPECT_NE(
      e.message().find("2 of 3 rows have no \"answer\" (first: 2); columns found: answer, anwser, question"),
      std::string::npos)
      << e.what();
}

TEST(ReadSamples, NamesWrongTypes) {
  expect_refused(kRow + "\n" + R"({"question": "x", "answer": null})", "data.type", "row 2: answer is null");
  expect_refused(R"({"question": ["x"], "answer": "y"})", "data.type", "row 1: question is a list");
  expect_refused(R"({"question": "x", "answer": 3})", "data.type", "answer is a number");
  expect_refused(R"({"question": "x", "answer": "y", "perturbed_answer": ["a", 1]})", "data.type",
                 "an item of perturbed_answer is a number");
}

TEST(ReadSamples, KnowsShapesThatAreNotRows) {
  expect_refused(R"({"features": [], "rows": [{"row_idx": 0, "row": {"question": "x", "answer": "y"}}]})",
                 "data.shape", "this is a datasets-server page; use field rows[].row");
  expect_refused("{\"rows\": [\n{\"row\": {}}]}", "data.shape", "datasets-server page");
  expect_refused("{\n\"question\": \"x\",\n\"answer\": \"y\"\n}", "data.shape",
                 "one JSON object over several lines");
  expect_refused("3\n", "data.shape", "row 1 is a number, not an object");
  expect_refused(R"({"question": "x", "question": "z", "answer": "y"})", "data.shape", "\"question\" twice");
}

TEST(ReadSamples, PlacesWhatIsNotUtf8) {
  expect_refused(kRow + "\n{\"question\": \"é\xff\"}", "data.encoding", "rows.jsonl:2:16: not UTF-8");
  expect_refused(R"({"question": "\ud800", "answer": "y"})", "data.json", "rows.jsonl:1:");
}

TEST(ReadSamples, RefusesEmptyFilesHugeRowsAndParquet) {
  expect_refused("", "data.empty", "has no rows");
  expect_refused("\n \n", "data.empty", "has no rows");
  expect_refused("[]", "data.empty", "has no rows");
  expect_refused("{\"question\": \"" + std::string(17 << 20, 'x') + "\"}", "data.size",
                 "rows.jsonl:1: a row of");
  EXPECT_EQ(error_of(file_of("PAR1....", "train.bin")).key(), "data.parquet");
  EXPECT_EQ(error_of(file_of("x", "train.parquet")).key(), "data.parquet");
  expect_refused(std::string(100000, '['), "data.json", "rows.jsonl:1:");
}

TEST(ReadSamples, FindsRowsBelowSeveralKeys) {
  auto source = file_of(R"({"data": {"train": [)" + kRow + "]}}");
  source.records = "data.train";
  EXPECT_EQ(read_samples(source, "forget").samples.size(), 1u);
  source = file_of(R"({"a": {"rows": [{"row": {"it": )" + kRow + "}}]}}");
  source.records = "a.rows.row.it";
  EXPECT_EQ(read_samples(source, "forget").samples.size(), 1u);
  source.records = "a.row";
  EXPECT_EQ(error_of(source).key(), "data.shape");
}

TEST(ReadSamples, AcceptsNumbersThatNoMachineNumberHolds) {
  const std::string wide =
      R"({"id": 123456789012345678901234567890, "x": [-1e999, 2], "question": "Who? 1e999", "answer": "\"1e999"})";
  for (const std::string& content : {wide, "[" + wide + "]"}) {
    const auto file = read_samples(file_of(content), "forget");
    EXPECT_EQ(file.samples[0].question, "Who? 1e999");
    EXPECT_EQ(file.samples[0].answer, "\"1e999");
  }
  expect_refused(R"({"question": 1e999, "answer": "y"})", "data.type", "question is a number");
  expect_refused(R"({"x": 1e999, "y": 0123456789012345678901, "question": "q", "answer": "y"})", "data.json",
                 "rows.jsonl:1:40: ");
}

TEST(ReadSamples, SkipsAColumnWithoutAName) {
  auto source = file_of(R"({"": 3, "text": "Ilva."})");
  source.format = "text";
  EXPECT_EQ(read_samples(source, "forget").samples[0].answer, "Ilva.");
  source = file_of(R"({"": "Who?", "answer": "Ilva."})");
  source.question_key = "";
  EXPECT_EQ(error_of(source).key(), "data.column");
}

}  // namespace
}  // namespace lethe::data
