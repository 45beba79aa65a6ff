#include "framework/models/exporter.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/models/family.h"
#include "framework/models/loader.h"
#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

using ::testing::HasSubstr;

class Exporting : public ModelFolder {
 protected:
  std::vector<std::string> files_in(const std::filesystem::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
  }
  // A source directory with a configuration that has keys of its own, and files that do and do not belong to
  // a model.
  std::filesystem::path source(FileDType dtype, std::uint64_t shard = 1 << 30) {
    write_counted_model(path("source"), index_, dtype, shard);
    write("source/config.json",
          tiny_config_text(fmt::format(R"({{"torch_dtype": "{}", "x_of_mine": {{"deep": [1, 2.50]}}}})",
                                       torch_name_of(dtype))));
    write("source/tokenizer.json", "{\"any\":  \"thing\"}");
    write("source/generation_config.json", "{}");
    write("source/LICENSE", "words");
    write("source/modeling_evil.py", "import os");
    write("source/pytorch_model.bin", "PK");
    return path("source");
  }
  void export_to(const std::filesystem::path& target, const std::filesystem::path& from, FileDType dtype,
                 ExportOptions options = {}) {
    const ModelFiles files(from, index_);
    Exporter exporter(target, index_, tiny_config(), dtype, from, std::move(options));
    export_model(exporter, index_.size(),
                 [&](std::uint64_t first, std::span<float> out) { files.read(first, out); });
  }
  Exporter made_from_config(FileDType dtype, ExportOptions options = {}) {
    return Exporter(path("copy"), index_, tiny_config(), dtype, std::nullopt, std::move(options));
  }

  const ParameterIndex index_ = family_of(tiny_config()).index(tiny_config());
};

TEST_F(Exporting, GivesTheSameBytesForAModelThatNobodyTouched) {
  for (const FileDType dtype : {FileDType::f32, FileDType::bf16, FileDType::f16}) {
    const auto from = source(dtype);
    export_to(path("copy"), from, ModelFiles(from, index_).dtype_of_most());
    EXPECT_EQ(ModelFiles(from, index_).content_hash(), ModelFiles(path("copy"), index_).content_hash());
    EXPECT_EQ(base::read_file(from / "model.safetensors"),
              base::read_file(path("copy") / "model.safetensors"));
    EXPECT_EQ(base::read_file(from / "config.json"), base::read_file(path("copy") / "config.json"));
    std::filesystem::remove_all(path("copy"));
    std::filesystem::remove_all(from);
  }
}

TEST_F(Exporting, TakesTheTokenizerAndTheLicenceAlongAndNothingThatRuns) {
  export_to(path("copy"), source(FileDType::f32), FileDType::f32);
  EXPECT_THAT(files_in(path("copy")),
              ::testing::ElementsAre("LICENSE", "config.json", "generation_config.json", "model.safetensors",
                                     "tokenizer.json"));
  EXPECT_EQ(base::read_file(path("copy") / "tokenizer.json"), "{\"any\":  \"thing\"}");
}

TEST_F(Exporting, StatesTheNewDtypeAndKeepsEveryOtherKey) {
  export_to(path("copy"), source(FileDType::f32), FileDType::bf16);
  auto before = nlohmann::ordered_json::parse(base::read_file(path("source") / "config.json"));
  const auto after = nlohmann::ordered_json::parse(base::read_file(path("copy") / "config.json"));
  EXPECT_EQ(after["torch_dtype"], "bfloat16");
  EXPECT_EQ(after["x_of_mine"]["deep"][1], 2.5);
  before["torch_dtype"] = "bfloat16";
  EXPECT_EQ(before, after);
}

TEST_F(Exporting, SplitsIntoShardsWithAnIndex) {
  export_to(path("copy"), source(FileDType::f32), FileDType::f32, {.max_shard_bytes = 1000});
  const auto index = nlohmann::json::parse(base::read_file(path("copy") / "model.safetensors.index.json"));
  EXPECT_EQ(index["metadata"]["total_size"], index_.size() * 4);
  EXPECT_EQ(index["weight_map"].size(), index_.parameters().size());
  const std::string last = index["weight_map"]["model.norm.weight"];
  EXPECT_THAT(last, ::testing::MatchesRegex("model-0000[2-9]-of-0000[2-9].safetensors"));
  const ModelTensors copy(path("copy"));
  for (const auto& file : copy.files()) {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < file.size(); ++i) bytes += file.tensor(i).bytes.size();
    EXPECT_LE(bytes, 1000u);
  }
}

TEST_F(Exporting, LetsEachRankWriteItsOwnRange) {
  auto first = made_from_config(FileDType::bf16, {.max_shard_bytes = 700});
  auto second = made_from_config(FileDType::bf16, {.max_shard_bytes = 700});
  first.create();
  std::vector<float> all(index_.size());
  read_counted(0, all);
  const std::size_t cut = all.size() / 2 + 3;
  second.write(cut, std::span(all).subspan(cut));
  second.finish_rank();
  first.write(0, std::span(all).first(cut));
  first.finish_rank();
  EXPECT_FALSE(std::filesystem::exists(path("copy")));
  first.publish();
  write_counted_model(path("whole"), index_, FileDType::bf16);
  EXPECT_EQ(ModelFiles(path("copy"), index_).content_hash(),
            ModelFiles(path("whole"), index_).content_hash());
}

TEST_F(Exporting, KeepsADtypeForEachParameter) {
  std::vector<FileDType> dtypes(index_.parameters().size(), FileDType::bf16);
  dtypes[1] = FileDType::f32;
  auto exporter = made_from_config(FileDType::bf16, {.dtypes = dtypes});
  export_model(exporter, index_.size(), read_counted);
  EXPECT_EQ(ModelFiles(path("copy"), index_).dtypes(), dtypes);
}

TEST_F(Exporting, LeavesTheStatedDtypeOfFilesOfSeveral) {
  const auto from = source(FileDType::f32);
  std::vector<FileDType> dtypes(index_.parameters().size(), FileDType::f32);
  dtypes[0] = FileDType::bf16;
  export_to(path("copy"), from, FileDType::bf16, {.dtypes = dtypes});
  EXPECT_EQ(base::read_file(from / "config.json"), base::read_file(path("copy") / "config.json"));
}

TEST_F(Exporting, TakesAnotherTokenizerInsteadOfTheSources) {
  const auto from = source(FileDType::f32);
  write("source/chat_template.jinja", "of the source");
  write("tokenizer/tokenizer.json", "another");
  export_to(path("copy"), from, FileDType::f32, {.tokenizer = path("tokenizer")});
  EXPECT_THAT(files_in(path("copy")),
              ::testing::ElementsAre("LICENSE", "config.json", "generation_config.json", "model.safetensors",
                                     "tokenizer.json"));
  EXPECT_EQ(base::read_file(path("copy") / "tokenizer.json"), "another");
}

TEST_F(Exporting, LeavesNothingWhereItFails) {
  {
    Exporter exporter(path("x/copy/"), index_, tiny_config(), FileDType::f32, std::nullopt);
    const auto read = [](std::uint64_t, std::span<float>) { fail("num.nonfinite", "loss NaN"); };
    EXPECT_EQ(error_of([&] { export_model(exporter, index_.size(), read); }).key(), "num.nonfinite");
  }
  EXPECT_TRUE(std::filesystem::is_empty(path("x")));
}

TEST_F(Exporting, RemovesWhatAKilledRunLeft) {
  write("copy.writing/junk", "x");
  write_counted_model(path("copy"), index_, FileDType::f32);
  EXPECT_THAT(files_in(path("copy")), ::testing::ElementsAre("config.json", "model.safetensors"));
  EXPECT_FALSE(std::filesystem::exists(path("copy.writing")));
}

TEST_F(Exporting, ReplacesAnEarlierExport) {
  write_counted_model(path("copy"), index_, FileDType::f32, 700);
  write_counted_model(path("copy"), index_, FileDType::bf16);
  EXPECT_THAT(files_in(path("copy")), ::testing::ElementsAre("config.json", "model.safetensors"));
  EXPECT_THAT(files_in(folder_), ::testing::ElementsAre("copy"));
}

TEST_F(Exporting, RefusesATargetThatIsNoExportAndTheModelItself) {
  const auto refused = [&](const std::filesystem::path& target, const std::filesystem::path& from) {
    const Error error = error_of([&] { export_to(target, from, FileDType::f32); });
    EXPECT_EQ(error.key(), "out.exists");
    EXPECT_EQ(error.exit_code(), 73);
    return error.message();
  };
  const auto from = source(FileDType::f32);
  write("copy/thesis.tex", "x");
  write("file", "x");
  EXPECT_THAT(refused(path("copy"), from), HasSubstr("is no earlier export: it holds thesis.tex"));
  EXPECT_THAT(refused(path("file"), from), HasSubstr("is not a directory"));
  EXPECT_THAT(refused(from / "", from), HasSubstr("is the model itself"));
  EXPECT_THAT(files_in(path("copy")), ::testing::ElementsAre("thesis.tex"));
}

TEST_F(Exporting, RefusesValuesThatTheDtypeCannotHold) {
  const auto read = [](std::uint64_t, std::span<float> out) { std::ranges::fill(out, 1e5f); };
  auto exporter = made_from_config(FileDType::f16);
  const Error error = error_of([&] { export_model(exporter, index_.size(), read); });
  EXPECT_EQ(error.key(), "num.range");
  EXPECT_THAT(error.message(), HasSubstr("model.embed_tokens.weight has values that F16 cannot hold"));
  EXPECT_FALSE(std::filesystem::exists(path("copy")));
}

TEST_F(Exporting, GivesARandomModelATokenizer) {
  write("tokenizer/tokenizer.json", "{}");
  write("tokenizer/config.json", "not ours");
  auto exporter = made_from_config(FileDType::f32, {.tokenizer = path("tokenizer")});
  exporter.create();
  exporter.publish();
  EXPECT_THAT(files_in(path("copy")),
              ::testing::ElementsAre("config.json", "model.safetensors", "tokenizer.json"));
  EXPECT_EQ(read_hf_config(path("copy")).vocab_size, 11);
}

}  // namespace
}  // namespace lethe::models
