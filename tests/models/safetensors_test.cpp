#include "framework/models/safetensors.h"

#include <gmock/gmock.h>

#include "framework/base/atomic_file.h"
#include "framework/models/safetensors_writer.h"
#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

using ::testing::ElementsAre;
using Safetensors = ModelFolder;

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

SafetensorsLayout two_tensors() {
  return SafetensorsLayout({{.name = "w", .dtype = FileDType::bf16, .shape = {2, 3}},
                            {.name = "b", .dtype = FileDType::f32, .shape = {1}}});
}

TEST_F(Safetensors, HandsOutNamesTypesShapesAndBytes) {
  const auto file =
      write("x.safetensors",
            safetensors_text(
                R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},)"
                R"("w":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}}   )",
                "0123456789abCDEF"));
  const SafetensorsFile opened(file);
  ASSERT_EQ(opened.size(), 2u);
  EXPECT_EQ(opened.tensor(0).name, "b");
  EXPECT_EQ(opened.tensor(0).dtype, FileDType::f32);
  EXPECT_EQ(text_of(opened.tensor(0).bytes), "CDEF");
  EXPECT_THAT(opened.tensor(1).shape, ElementsAre(2, 3));
  EXPECT_EQ(text_of(opened.tensor(1).bytes), "0123456789ab");
}

TEST_F(Safetensors, HoldsAScalarAndATensorOfNothingAtTheEnd) {
  const auto file =
      write("x.safetensors", safetensors_text(R"({"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                                              R"("n":{"dtype":"I64","shape":[0,7],"data_offsets":[4,4]}})",
                                              "0123"));
  const SafetensorsFile opened(file);
  EXPECT_EQ(opened.tensor(0).bytes.size(), 4u);
  EXPECT_EQ(opened.tensor(1).bytes.size(), 0u);
}

TEST_F(Safetensors, ReadsBackWhatWasWrittenInAnyOrder) {
  auto writer = SafetensorsWriter::create(path("x.safetensors"), two_tensors());
  writer.write("b", as_bytes("CDEF"));
  writer.write(0, 6, as_bytes("6789ab"));
  writer.write(0, 0, as_bytes("012345"));
  EXPECT_FALSE(std::filesystem::exists(path("x.safetensors")));
  writer.publish();
  const SafetensorsFile opened(path("x.safetensors"));
  EXPECT_EQ(text_of(opened.tensor(0).bytes), "0123456789ab");
  EXPECT_EQ(text_of(opened.tensor(1).bytes), "CDEF");
}

TEST_F(Safetensors, WritesTheSameBytesEachTimeWithAlignedData) {
  const std::string head = two_tensors().head();
  EXPECT_EQ(head, two_tensors().head());
  EXPECT_EQ(head.size() % 8, 0u);
  EXPECT_THAT(
      head,
      ::testing::HasSubstr(
          R"({"__metadata__":{"format":"pt"},"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]})"));
}

TEST_F(Safetensors, TakesBytesFromSeveralWriters) {
  auto creator = SafetensorsWriter::create(path("x.safetensors"), two_tensors());
  {
    auto other = SafetensorsWriter::join(path("x.safetensors"), two_tensors());
    other.write("b", as_bytes("CDEF"));
    other.sync();
  }
  creator.write("w", as_bytes("0123456789ab"));
  creator.publish();
  EXPECT_THAT(base::read_file(path("x.safetensors")), ::testing::EndsWith("0123456789abCDEF"));
}

TEST_F(Safetensors, LeavesNothingWhereItWasNotPublished) {
  { auto writer = SafetensorsWriter::create(path("x.safetensors"), two_tensors()); }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(Safetensors, SaysBeforeTheFirstByteThatTheDiskIsTooSmall) {
  const SafetensorsLayout huge({{.name = "w", .dtype = FileDType::f32, .shape = {std::int64_t{1} << 50}}});
  const Error error = error_of([&] { (void)SafetensorsWriter::create(path("x.safetensors"), huge); });
  EXPECT_THAT(error.key(),
              ::testing::AnyOf("io.space", "io.write"));  // EFBIG on file systems with small files
  EXPECT_EQ(error.exit_code(), 74);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(Safetensors, HasAnotherIdentityWhenReplaced) {
  const std::string json = R"({"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})";
  const std::string before =
      SafetensorsFile(write("x.safetensors", safetensors_text(json, "0123"))).identity();
  EXPECT_EQ(before, SafetensorsFile(path("x.safetensors")).identity());
  write("x.safetensors", safetensors_text(json, "0124"));
  EXPECT_NE(before, SafetensorsFile(path("x.safetensors")).identity());
}

}  // namespace
}  // namespace lethe::models
