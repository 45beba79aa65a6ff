#include "framework/models/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"

namespace lethe::models {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

fs::path folder() {
  const fs::path path = fs::path(::testing::TempDir()) / fmt::format("safetensors_{}", ::getpid());
  fs::create_directories(path);
  return path;
}

fs::path write(const std::string& header, std::size_t data_bytes, std::uint64_t lie = 0) {
  const std::uint64_t length = lie == 0 ? header.size() : lie;
  std::string text(8, '\0');
  std::memcpy(text.data(), &length, 8);
  base::write_file_atomically(folder() / "m.safetensors", text + header + std::string(data_bytes, '\1'));
  return folder() / "m.safetensors";
}

struct BadFile {
  std::string header, key, message;
  std::size_t data_bytes = 16;
  std::uint64_t lie = 0;
};
class BadSafetensors : public ::testing::TestWithParam<BadFile> {};

TEST_P(BadSafetensors, IsRefusedByName) {
  const BadFile& bad = GetParam();
  try {
    (void)SafetensorsFile(write(bad.header, bad.data_bytes, bad.lie));
    FAIL() << bad.header;
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), bad.key);
    EXPECT_THAT(e.message(), HasSubstr(bad.message));
    EXPECT_EQ(e.exit_code(), 65);
  }
}

const std::string kW = R"("w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]})";
INSTANTIATE_TEST_SUITE_P(Catalogue, BadSafetensors, ::testing::Values(
  BadFile{"{}", "safetensors.header", "header of 18446744073709551615 bytes in a file of 26", 16, ~0ull},
  BadFile{"{}", "safetensors.header", "header of 100000001 bytes", 16, 100'000'001}, BadFile{"[]", "safetensors.json", "does not begin", 0},
  BadFile{"{\"w\"", "safetensors.json", "m.safetensors:1:", 0}, BadFile{"{} x", "safetensors.json", "", 0}, BadFile{"{\"\xff\":1}", "safetensors.json", "", 0},
  BadFile{"{" + kW + "," + kW + "}", "safetensors.duplicate", "w appears twice"},
  BadFile{"{" + kW + R"(,"v":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})", "safetensors.overlap", "v begins at byte 8"},
  BadFile{R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})", "safetensors.hole", "8 bytes before w"},
  BadFile{"{" + kW + "}", "safetensors.hole", "4 bytes after", 20}, BadFile{"{" + kW + "}", "safetensors.truncated", "m.safetensors: 12 of 16 bytes", 12},
  BadFile{R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[0,12]}})", "safetensors.size", "w: 4 × F32 needs 16 bytes, 12 given", 12},
  BadFile{R"({"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,16]}})", "safetensors.size", "64 bits"},
  BadFile{R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}})", "safetensors.size", "backwards"},
  BadFile{R"({"w":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}})", "safetensors.json", "non-negative"},
  BadFile{R"({"w":{"dtype":"F4","shape":[4],"data_offsets":[0,16]}})", "safetensors.dtype", "w: F4 where BF16/F16/F32 is expected"},
  BadFile{R"({"w":{"dtype":"I8","shape":[16],"data_offsets":[0,16]}})", "safetensors.dtype", "w: I8"},
  BadFile{R"({"w":{"shape":[4],"data_offsets":[0,16]}})", "safetensors.json", "expected dtype"},
  BadFile{R"({"__metadata__":{"a":1}})", "safetensors.json", "__metadata__", 0}));

TEST(Safetensors, AFileShorterThanItsLengthFieldSaysSo) {
  base::write_file_atomically(folder() / "s.safetensors", "12345");
  try {
    (void)SafetensorsFile(folder() / "s.safetensors");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "safetensors.short");
    EXPECT_THAT(e.message(), HasSubstr("s.safetensors: 5 bytes"));
  }
}

class RoundTrip : public ::testing::TestWithParam<FileDType> {};

TEST_P(RoundTrip, LoadingAndSavingGivesTheSameBytes) {
  const std::vector<TensorInfo> tensors = {{.name = "a", .dtype = GetParam(), .shape = {3, 5}}, {.name = "b", .dtype = GetParam(), .shape = {0}}, {.name = "c", .dtype = GetParam(), .shape = {}}};
  std::vector<float> values(15);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::ldexp(1.0f + 0.37f * i, static_cast<int>(i) - 12) * (i % 2 == 0 ? 1 : -1);
  values[3] = INFINITY, values[4] = 0x1p-20f, values[5] = -0.0f;
  const auto store = [&](const fs::path& path, std::span<const float> from) {
    SafetensorsWriter writer(path, tensors);
    writer.write(0, 0, from.first(7));
    writer.write(0, 7, from.subspan(7));
    writer.write(2, 0, from.first(1));
    writer.sync();
  };
  store(folder() / "first", values);
  std::vector<float> read(15);
  const SafetensorsFile first(folder() / "first");
  read_floats(first.tensors()[0], 0, read);
  store(folder() / "second", read);
  EXPECT_EQ(base::read_file(folder() / "first"), base::read_file(folder() / "second"));
  if (GetParam() == FileDType::f32) {
    EXPECT_EQ(0, std::memcmp(read.data(), values.data(), 60));
  }
}

INSTANTIATE_TEST_SUITE_P(DTypes, RoundTrip, ::testing::Values(FileDType::f32, FileDType::bf16, FileDType::f16));

}  // namespace
}  // namespace lethe::models
