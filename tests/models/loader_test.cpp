#include "framework/models/loader.h"

#include <gmock/gmock.h>

#include <cstring>
#include <numeric>

#include "framework/models/family.h"
#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

using ::testing::HasSubstr;

class Loader : public ModelFolder {
 protected:
  ParameterIndex index_of(const HfConfig& config) { return family_of(config).index(config); }
  // A model.safetensors with the tensors given, all of zeros.
  void write_zeros(std::vector<TensorInfo> tensors) {
    auto writer = SafetensorsWriter::create(path("model.safetensors"), SafetensorsLayout(std::move(tensors)));
    writer.publish();
  }
  std::vector<TensorInfo> tensors_of(const ParameterIndex& index) {
    std::vector<TensorInfo> all;
    for (const Parameter& p : index.parameters())
      all.push_back({.name = p.name, .dtype = FileDType::bf16, .shape = p.shape});
    return all;
  }
  void expect(std::vector<TensorInfo> tensors, const ParameterIndex& index, const std::string& key,
              const std::string& message) {
    write_zeros(std::move(tensors));
    const Error error = error_of([&] { ModelFiles(folder_, index); });
    EXPECT_EQ(error.key(), key);
    EXPECT_THAT(error.message(), HasSubstr(message));
    EXPECT_EQ(error.exit_code(), 65);
  }

  const ParameterIndex index_ = index_of(tiny_config());
};

TEST_F(Loader, GivesEveryRangeInEveryDtypeAndSharding) {
  for (const FileDType dtype : {FileDType::f32, FileDType::bf16, FileDType::f16}) {
    for (const std::uint64_t shard : {std::uint64_t{200}, std::uint64_t{1} << 30}) {
      const auto directory = path(fmt::format("{}-{}", name_of(dtype), shard));
      write_counted_model(directory, index_, dtype, shard);
      const ModelFiles files(directory, index_);
      for (std::uint64_t first = 0; first <= index_.size(); first += 13) {
        std::vector<float> out(std::min<std::uint64_t>(37, index_.size() - first));
        files.read(first, out);
        for (std::size_t i = 0; i < out.size(); ++i)
          ASSERT_EQ(out[i], counted(first + i)) << first << " + " << i;
      }
    }
  }
}

TEST_F(Loader, HashesWhatTheWeightsAreAndNotHowTheyAreSplit) {
  write_counted_model(path("one"), index_, FileDType::f32);
  write_counted_model(path("many"), index_, FileDType::f32, 200);
  write_counted_model(path("half"), index_, FileDType::bf16);
  EXPECT_EQ(ModelFiles(path("one"), index_).content_hash(), ModelFiles(path("many"), index_).content_hash());
  EXPECT_NE(ModelFiles(path("one"), index_).content_hash(), ModelFiles(path("half"), index_).content_hash());
  EXPECT_EQ(ModelFiles(path("one"), index_).hash(), ModelFiles(path("many"), index_).hash());
  EXPECT_NE(ModelFiles(path("one"), index_).identity(), ModelFiles(path("many"), index_).identity());
}

TEST_F(Loader, NamesTensorsThatAreMissing) {
  auto tensors = tensors_of(index_);
  tensors.erase(tensors.begin() + 3, tensors.begin() + 5);
  expect(std::move(tensors), index_, "model.tensor",
         "missing 2 (first: model.layers.0.self_attn.k_proj.weight)");
}

TEST_F(Loader, AsksWhetherTheHeadIsTied) {
  HfConfig untied = tiny_config();
  untied.tie_word_embeddings = false;
  expect(tensors_of(index_), index_of(untied), "model.tied",
         "lm_head.weight missing; set tie_word_embeddings: true if it is tied");
}

TEST_F(Loader, RefusesAShapeThatTheConfigDoesNotAskFor) {
  auto tensors = tensors_of(index_);
  tensors[0].shape = {8, 11};
  expect(std::move(tensors), index_, "model.shape",
         "model.embed_tokens.weight is [8, 11], config.json asks for [11, 8]");
}

TEST_F(Loader, RefusesTypesThatAreNoWeights) {
  for (const FileDType dtype : {FileDType::i8, FileDType::f64, FileDType::f8_e4m3}) {
    auto tensors = tensors_of(index_);
    tensors[1].dtype = dtype;
    expect(std::move(tensors), index_, "safetensors.dtype",
           fmt::format("model.layers.0.input_layernorm.weight: {} where BF16/F16/F32 is expected",
                       name_of(dtype)));
  }
}

TEST_F(Loader, RefusesABiasThatTheArchitectureHasNot) {
  auto tensors = tensors_of(index_);
  tensors.push_back({.name = "model.layers.1.self_attn.o_proj.bias", .shape = {8}});
  expect(std::move(tensors), index_, "model.tensor", "o_proj.bias is there, but the architecture");
}

TEST_F(Loader, WarnsOfOtherExtrasAndGoesOn) {
  auto tensors = tensors_of(index_);
  tensors.push_back({.name = "lm_head.weight", .dtype = FileDType::i64, .shape = {3}});
  tensors.push_back({.name = "model.layers.0.self_attn.rotary_emb.inv_freq", .shape = {1}});
  write_zeros(std::move(tensors));
  ::testing::internal::CaptureStdout();
  ModelFiles(folder_, index_);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(),
              HasSubstr("warning[model.tensor]: 2 tensors are not used"));
}

}  // namespace
}  // namespace lethe::models
