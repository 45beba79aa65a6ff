// Loader, exporter and random weights over a small random model on disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/models/decoder_model.h"
#include "framework/models/exporter.h"
#include "framework/models/loader.h"
#include "framework/models/random_init.h"

namespace lethe::models {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

fs::path fresh(const std::string& name) {
  const fs::path path = fs::path(::testing::TempDir()) / fmt::format("model_files_{}", ::getpid()) / name;
  fs::remove_all(path);
  fs::create_directories(path.parent_path());
  return path;
}

HfConfig small(bool tied) {
  return {.vocab_size = 11, .hidden_size = 8, .intermediate_size = 12, .num_layers = 2, .num_heads = 4, .num_kv_heads = 2, .head_dim = 2, .tie_word_embeddings = tied};
}

fs::path export_random(const std::string& name, const HfConfig& config, FileDType dtype = FileDType::f32) {
  const DecoderModel model = make_decoder_model(config);
  const fs::path target = fresh(name);
  Exporter exporter(target, model.index, config, dtype, std::nullopt);
  exporter.create();
  std::vector<float> values(model.index.size());
  random_weights(model.index, 5, 0, values);
  exporter.write(0, std::span(values).first(100));
  exporter.write(100, std::span(values).subspan(100));
  exporter.finish_rank();
  exporter.publish();
  return target;
}

std::string error_of(const fs::path& directory, const HfConfig& config) {
  const DecoderModel model = make_decoder_model(config);
  try {
    (void)ModelFiles(directory, model.index);
  } catch (const Error& e) {
    return e.key() + ": " + e.message();
  }
  return "none";
}

TEST(ModelFiles, AnyRangeReadsWhatWasWritten) {
  const DecoderModel model = make_decoder_model(small(false));
  const ModelFiles files(export_random("ranges", small(false)), model.index);
  std::vector<float> all(model.index.size()), part(301), expected(model.index.size());
  random_weights(model.index, 5, 0, expected);
  files.read(0, all);
  files.read(37, part);
  EXPECT_EQ(all, expected);
  EXPECT_EQ(0, std::memcmp(part.data(), all.data() + 37, part.size() * 4));
}

TEST(ModelFiles, LoadingAndExportingAnUntouchedModelGivesTheSameFile) {
  for (const FileDType dtype : {FileDType::f32, FileDType::bf16}) {
    const fs::path source = export_random("untouched", small(true), dtype);
    const DecoderModel model = make_decoder_model(small(true));
    const ModelFiles files(source, model.index);
    EXPECT_EQ(files.dtype_of_most(), dtype);
    const fs::path copy = fresh("copy");
    Exporter exporter(copy, model.index, model.config, dtype, source);
    exporter.create();
    std::vector<float> values(model.index.size());
    files.read(0, values);
    exporter.write(0, values);
    exporter.finish_rank();
    exporter.publish();
    for (const char* name : {"model.safetensors", "config.json"}) EXPECT_EQ(base::read_file(source / name), base::read_file(copy / name)) << name;
    EXPECT_EQ(ModelFiles(copy, model.index).hash(), files.hash());
  }
}

TEST(ModelFiles, WhatDoesNotFitIsNamed) {
  const fs::path tied = export_random("tied", small(true));
  EXPECT_THAT(error_of(tied, small(false)), HasSubstr("model.tied: lm_head.weight missing"));
  HfConfig deeper = small(true);
  deeper.num_layers = 3;
  EXPECT_THAT(error_of(tied, deeper), HasSubstr("model.tensor: missing 9 (first: model.layers.2.input_layernorm.weight)"));
  HfConfig wider = small(true);
  wider.intermediate_size = 16;
  EXPECT_THAT(error_of(tied, wider), HasSubstr("model.shape: model.layers.0.mlp.gate_proj.weight: [12, 8] in the file, [16, 8] by config.json"));
  const fs::path pickled = fresh("pickled");
  fs::create_directories(pickled);
  EXPECT_THAT(error_of(pickled, small(true)), HasSubstr("model.missing"));
  base::write_file_atomically(pickled / "pytorch_model.bin", "x");
  EXPECT_THAT(error_of(pickled, small(true)), HasSubstr("model.pickle: pickle weights are not read for safety"));
}

TEST(ModelFiles, ReadsShardsThroughTheIndexAndNamesTheAbsentOne) {
  const fs::path source = export_random("single", small(true)), sharded = fresh("sharded");
  fs::create_directories(sharded);
  fs::rename(source / "model.safetensors", sharded / "model-00001-of-00001.safetensors");
  base::write_file_atomically(sharded / "model.safetensors.index.json", R"({"weight_map":{"model.norm.weight":"model-00001-of-00001.safetensors"}})");
  EXPECT_EQ(error_of(sharded, small(true)), "none");
  base::write_file_atomically(sharded / "model.safetensors.index.json", R"({"weight_map":{"model.norm.weight":"model-00002-of-00002.safetensors"}})");
  EXPECT_THAT(error_of(sharded, small(true)), HasSubstr("model.shard: model-00002-of-00002.safetensors is listed but not there"));
}

TEST(RandomWeights, AreAFunctionOfTheCanonicalIndex) {
  const DecoderModel model = make_decoder_model(small(true));
  std::vector<float> all(model.index.size()), part(50);
  random_weights(model.index, 3, 0, all);
  random_weights(model.index, 3, 120, part);
  EXPECT_EQ(0, std::memcmp(part.data(), all.data() + 120, 200));
  EXPECT_EQ(all[model.index.find("model.norm.weight")->first], 1.0f);
}

}  // namespace
}  // namespace lethe::models
