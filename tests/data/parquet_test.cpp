// Parquet is read as the same rows in JSON Lines, or refused by name.
#include "framework/data/parquet.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/data/jsonl_reader.h"

namespace lethe::data {
namespace {

namespace fs = std::filesystem;

// Made by the pyarrow of LETHE_ORACLE_PYTHON; empty where there is none.
std::string written_by_pyarrow(const fs::path& path, const std::string& table) {
  const char* python = std::getenv("LETHE_ORACLE_PYTHON");
  if (python == nullptr) return "LETHE_ORACLE_PYTHON is not set";
  const std::string program = "import pyarrow as a, pyarrow.parquet as q\nq.write_table(" + table + ", '" +
                              path.string() + "', row_group_size=1)\n";
  const std::string command = fmt::format("'{}' -c \"{}\" 2>/dev/null", python, program);
  return std::system(command.c_str()) == 0 ? "" : "pyarrow is missing";
}

TEST(Parquet, IsReadAsItsRows) {
  if (!has_parquet()) GTEST_SKIP() << "built without Parquet";
  const fs::path path = fs::temp_directory_path() / "lethe_parquet_test.parquet";
  const std::string table =
      "a.table({'question': ['Who?', 'Wo ist Zürich?'], 'answer': ['Nobody', 'Da'], 'row': [1, 2],\n"
      "  'perturbed_answer': [['x', 'y'], []], 'paraphrased_answer': ['No one', None]})";
  if (const std::string why = written_by_pyarrow(path, table); !why.empty()) GTEST_SKIP() << why;
  EXPECT_EQ(parquet_as_json_lines(path, "forget"),
            "{\"question\":\"Who?\",\"answer\":\"Nobody\",\"row\":1,\"perturbed_answer\":[\"x\",\"y\"],"
            "\"paraphrased_answer\":\"No one\"}\n"
            "{\"question\":\"Wo ist Zürich?\",\"answer\":\"Da\",\"row\":2,\"perturbed_answer\":[],"
            "\"paraphrased_answer\":null}\n");
  const SampleFile file = read_samples({.path = path.string()}, "forget");
  fs::remove(path);
  ASSERT_EQ(file.samples.size(), 2U);
  EXPECT_EQ(file.samples[0].perturbed_answers.size(), 2U);
  EXPECT_TRUE(file.samples[1].paraphrased_answer.empty());
}

// As `datasets` (Sequence of five) and pandas (a category) keep them.
TEST(Parquet, KnowsListsOfOneLengthAndDictionaries) {
  if (!has_parquet()) GTEST_SKIP() << "built without Parquet";
  const fs::path path = fs::temp_directory_path() / "lethe_parquet_types.parquet";
  const std::string table =
      "a.table({'question': a.array(['Who?', 'Who?', 'Where?']).dictionary_encode(),\n"
      "  'answer': a.array(['Nobody', 'Nothing', 'Here'], a.string_view()),\n"
      "  'perturbed_answer': a.array([['x', 'y'], ['z', 'w'], None], a.list_(a.string(), 2)),\n"
      "  'more': a.array([{'deep': 1}] * 3)})";
  if (const std::string why = written_by_pyarrow(path, table); !why.empty()) GTEST_SKIP() << why;
  EXPECT_EQ(parquet_as_json_lines(path, "forget"),
            "{\"question\":\"Who?\",\"answer\":\"Nobody\",\"perturbed_answer\":[\"x\",\"y\"]}\n"
            "{\"question\":\"Who?\",\"answer\":\"Nothing\",\"perturbed_answer\":[\"z\",\"w\"]}\n"
            "{\"question\":\"Where?\",\"answer\":\"Here\",\"perturbed_answer\":null}\n");
  fs::remove(path);
}

TEST(Parquet, WithoutArrowOrDamagedIsRefusedByName) {
  const fs::path path = fs::temp_directory_path() / "lethe_parquet_damaged.parquet";
  base::write_file_atomically(path, "PAR1 and then nothing of use PAR1");
  try {
    (void)parquet_as_json_lines(path, "forget");
    ADD_FAILURE() << "taken";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "data.parquet");
    if (!has_parquet()) {
      EXPECT_NE(e.message().find("built without Parquet"), std::string::npos) << e.message();
      EXPECT_NE(e.hint().find("to_json"), std::string::npos) << e.hint();
    }
  }
  fs::remove(path);
}

}  // namespace
}  // namespace lethe::data
