// The safetensors package reads what we write, and we read what it writes.
#include <gmock/gmock.h>

#include <cstring>

#include "framework/models/safetensors.h"
#include "framework/models/safetensors_writer.h"
#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

const std::filesystem::path kScript = LETHE_SOURCE_DIR "/tests/models/check_safetensors.py";

class SafetensorsOracle : public ModelFolder {
 protected:
  void SetUp() override {
    ModelFolder::SetUp();
    std::string why_not;
    python_ = oracle_python("safetensors.numpy", why_not);
    if (python_.empty()) GTEST_SKIP() << why_not;
  }
  std::string python_;
};

TEST_F(SafetensorsOracle, ReadsWhatWeWrite) {
  const std::vector<float> values = {1.5f, -2, 3, 4};
  auto writer = SafetensorsWriter::create(
      path("x.safetensors"), SafetensorsLayout({{.name = "w", .shape = {2, 2}},
                                                {.name = "b", .dtype = FileDType::f16, .shape = {1}}}));
  writer.write("w", std::as_bytes(std::span(values)));
  std::vector<std::byte> half(2);
  ASSERT_TRUE(encode(FileDType::f16, std::span(values).first(1), half));
  writer.write("b", half);
  writer.publish();
  EXPECT_EQ(run_python(python_, kScript, {"read", path("x.safetensors").string()}),
            "{'format': 'pt'}\nb float16 [1] [1.5]\nw float32 [2, 2] [1.5, -2.0, 3.0, 4.0]\n");
}

TEST_F(SafetensorsOracle, WritesWhatWeRead) {
  (void)run_python(python_, kScript, {"write", path("x.safetensors").string()});
  const SafetensorsFile file(path("x.safetensors"));
  std::map<std::string, TensorView> tensors;
  for (std::size_t i = 0; i < file.size(); ++i) tensors.emplace(file.tensor(i).name, file.tensor(i));
  ASSERT_EQ(tensors.size(), 3u);
  std::vector<float> w(6), h(3);
  decode(tensors["w"].dtype, tensors["w"].bytes, w);
  decode(tensors["h"].dtype, tensors["h"].bytes, h);
  EXPECT_THAT(w, ::testing::ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(h, ::testing::ElementsAre(1, -2, 65504));
  EXPECT_EQ(tensors["i"].dtype, FileDType::i64);
}

}  // namespace
}  // namespace lethe::models
