// Every broken tensor file of the catalogue, and its neighbours: refused by name, with exit code 65 or 66.
#include <gmock/gmock.h>

#include "framework/models/safetensors.h"
#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

using ::testing::HasSubstr;

struct BadFile {
  const char* label;
  std::string content, key, message;
};
void PrintTo(const BadFile& file, std::ostream* out) { *out << file.label; }

class BadSafetensors : public ModelFolder, public ::testing::WithParamInterface<BadFile> {};

TEST_P(BadSafetensors, IsRefusedByName) {
  const auto file = write("model.safetensors", GetParam().content);
  const Error error = error_of([&] { SafetensorsFile{file}; });
  EXPECT_EQ(error.key(), GetParam().key);
  EXPECT_THAT(error.message(), HasSubstr(GetParam().message));
  EXPECT_THAT(error.message(), HasSubstr("model.safetensors"));
  EXPECT_EQ(error.exit_code(), 65);
}

std::string length_bytes(std::uint64_t length) {
  return std::string(reinterpret_cast<const char*>(&length), 8);
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":{}}})", name, dtype, shape, offsets);
}

std::string file_of(const std::vector<std::string>& entries, std::size_t data) {
  return safetensors_text(fmt::format("{{{}}}", fmt::join(entries, ",")), std::string(data, 'x'));
}

const std::string kA = entry("a", "F32", "[2]", "[0,8]");

std::string with_field(const std::string& fields) {
  return safetensors_text(R"({"w":{)" + fields + "}}", std::string(8, 'x'));
}

const auto case_name = [](const auto& info) { return std::string(info.param.label); };

INSTANTIATE_TEST_SUITE_P(Short, BadSafetensors,
                         ::testing::Values(BadFile{"empty", "", "safetensors.short", "0 bytes"},
                                           BadFile{"five", "12345", "safetensors.short", "5 bytes"},
                                           BadFile{"seven", std::string(7, '\0'), "safetensors.short",
                                                   "7 bytes"}),
                         case_name);

INSTANTIATE_TEST_SUITE_P(
    HeaderLength, BadSafetensors,
    ::testing::Values(
        BadFile{"largest", length_bytes(~0ull) + std::string(1016, 'x'), "safetensors.header",
                "header of 18446744073709551615 bytes in a file of 1024"},
        BadFile{"overLimit", length_bytes(100'000'001) + "{}", "safetensors.header", "header of 100000001"},
        BadFile{"byOne", length_bytes(3) + "{}", "safetensors.header", "header of 3 bytes in a file of 10"},
        BadFile{"wraps", length_bytes(~0ull - 7) + "{}", "safetensors.header", "header of"}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Json, BadSafetensors,
    ::testing::Values(
        BadFile{"noHeader", safetensors_text(""), "safetensors.json", "does not begin with {"},
        BadFile{"list", safetensors_text("[]"), "safetensors.json", "does not begin with {"},
        BadFile{"space", safetensors_text(" {}"), "safetensors.json", "does not begin with {"},
        BadFile{"notUtf8", safetensors_text("{\"\xff\":1}"), "safetensors.json", "UTF-8"},
        BadFile{"notJson", safetensors_text("{a:1}"), "safetensors.json", "byte 2 of the header"},
        BadFile{"cut", safetensors_text("{\"a\":"), "safetensors.json", "byte"},
        BadFile{"junk", safetensors_text("{} x"), "safetensors.json", "byte 4"},
        BadFile{"zeros", safetensors_text(std::string("{}\0\0", 4)), "safetensors.json", "byte 3"},
        BadFile{"number", safetensors_text(R"({"w":1})"), "safetensors.json",
                "w: the number 1 where an object is expected"},
        BadFile{"null", safetensors_text(R"({"w":null})"), "safetensors.json", "null where an object"},
        BadFile{"deep", safetensors_text("{\"w\":" + std::string(20000, '[')), "safetensors.json",
                "a list where an object"},
        BadFile{"deepShape", with_field(R"("shape":[[2]])"), "safetensors.json", "a list is not allowed"},
        BadFile{"metadataNumber", safetensors_text(R"({"__metadata__":{"step":1}})"), "safetensors.json",
                "where a text is"},
        BadFile{"metadataObject", safetensors_text(R"({"__metadata__":{"a":{}}})"), "safetensors.json",
                "where a text is"},
        BadFile{"metadataText", safetensors_text(R"({"__metadata__":"pt"})"), "safetensors.json",
                "where an object is"},
        BadFile{"metadataTwice", safetensors_text(R"({"__metadata__":{},"__metadata__":{}})"),
                "safetensors.json", "twice"},
        BadFile{"longName", file_of({entry(std::string(5000, 'n'), "F32", "[2]", "[0,8]")}, 8),
                "safetensors.json", "5000 bytes"}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Fields, BadSafetensors,
    ::testing::Values(
        BadFile{"none", with_field(""), "safetensors.json", "w: dtype, shape and data_offsets are required"},
        BadFile{"noOffsets", with_field(R"("dtype":"F32","shape":[2])"), "safetensors.json", "are required"},
        BadFile{"unknown", with_field(R"("dtype":"F32","color":1)"), "safetensors.json",
                "unknown field \"color\""},
        BadFile{"twice", with_field(R"("dtype":"F32","dtype":"F16")"), "safetensors.json",
                "dtype is given twice"},
        BadFile{"oneOffset", with_field(R"("dtype":"F32","shape":[2],"data_offsets":[8])"),
                "safetensors.json", "two numbers"},
        BadFile{"threeOffsets", with_field(R"("data_offsets":[0,8,8])"), "safetensors.json", "more than two"},
        BadFile{"negativeShape", with_field(R"("shape":[-2])"), "safetensors.json", "shape: the number -2"},
        BadFile{"negativeOffset", with_field(R"("data_offsets":[-1,8])"), "safetensors.json",
                "data_offsets: the number -1"},
        BadFile{"fraction", with_field(R"("shape":[2.5])"), "safetensors.json", "the number 2.5"},
        BadFile{"exponent", with_field(R"("shape":[2e0])"), "safetensors.json", "the number 2e0"},
        BadFile{"huge", with_field(R"("shape":[99999999999999999999])"), "safetensors.json",
                "the number 99999999999999999999"},
        BadFile{"overInt64", with_field(R"("shape":[9223372036854775808])"), "safetensors.json",
                "9223372036854775808"},
        BadFile{"textShape", with_field(R"("shape":"2")"), "safetensors.json", "the text \"2\""},
        BadFile{"numberDtype", with_field(R"("dtype":4)"), "safetensors.json", "the number 4"},
        BadFile{"axes65", with_field([] {
                  std::string shape = "\"shape\":[1";
                  for (int i = 0; i < 64; ++i) shape += ",1";
                  return shape + "]";
                }()),
                "safetensors.json", "more than 64 axes"}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Contents, BadSafetensors,
    ::testing::Values(
        BadFile{
            "duplicate",
            file_of({entry("model.norm.weight", "F32", "[2]", "[0,8]"), entry("b", "F32", "[2]", "[8,16]"),
                     entry("model.norm.weight", "F32", "[2]", "[16,24]")},
                    24),
            "safetensors.duplicate", "model.norm.weight appears twice"},
        BadFile{"overlap", file_of({kA, entry("b", "F32", "[2]", "[4,12]")}, 12), "safetensors.overlap",
                "b begins at byte 4"},
        BadFile{"same", file_of({kA, entry("b", "F32", "[2]", "[0,8]")}, 8), "safetensors.overlap",
                "begins at byte 0"},
        BadFile{"inside",
                file_of({entry("a", "F32", "[4]", "[0,16]"), entry("b", "F32", "[1]", "[4,8]")}, 16),
                "safetensors.overlap", "b begins at byte 4"},
        BadFile{"emptyShares", file_of({kA, entry("b", "F32", "[0]", "[0,0]")}, 8), "safetensors.overlap",
                "begins at byte 0"},
        BadFile{"emptyInside", file_of({kA, entry("b", "F32", "[0]", "[4,4]")}, 8), "safetensors.overlap",
                "b begins at byte 4"},
        BadFile{"holeFirst", file_of({entry("a", "F32", "[2]", "[4,12]")}, 12), "safetensors.hole",
                "bytes 0 to 4 before a"},
        BadFile{"holeBetween", file_of({kA, entry("b", "F32", "[2]", "[12,20]")}, 20), "safetensors.hole",
                "bytes 8 to 12 before b"},
        BadFile{"holeAfter", file_of({kA}, 11), "safetensors.hole", "3 bytes after the last tensor"},
        BadFile{"noTensors", safetensors_text("{}", "xx"), "safetensors.hole", "2 bytes after"},
        BadFile{"size", file_of({entry("w", "F32", "[4]", "[0,12]")}, 12), "safetensors.size",
                "w: 4 × F32 needs 16 bytes, 12 given"},
        BadFile{"matrix", file_of({entry("w", "BF16", "[2,3]", "[0,8]")}, 8), "safetensors.size",
                "2 × 3 × BF16 needs 12 bytes, 8"},
        BadFile{"overflow", file_of({entry("w", "F32", "[4294967296,4294967296]", "[0,0]")}, 0),
                "safetensors.size", "more than 2^64"},
        BadFile{"wraps", file_of({entry("w", "F32", "[4611686018427387905]", "[0,4]")}, 4),
                "safetensors.size", "more than 2^64"},
        BadFile{"reversed", file_of({entry("w", "F32", "[2]", "[8,0]")}, 8), "safetensors.size",
                "[8, 0] run backwards"},
        BadFile{"truncated", file_of({kA, entry("b", "F32", "[1048576]", "[8,4194312]")}, 4096),
                "safetensors.truncated", " of 4194"},
        BadFile{"dtype", file_of({entry("w", "F4", "[2]", "[0,1]")}, 1), "safetensors.dtype",
                "w: F4 where BF16/F16/F32 is expected"},
        BadFile{"escapes", file_of({entry("a\\u001b[31m", "F9", "[2]", "[0,1]")}, 1), "safetensors.dtype",
                "a?[31m: F9"}),
    case_name);

class BadDirectory : public ModelFolder {
 protected:
  void expect(const std::string& key, const std::string& message, int exit_code) {
    const Error error = error_of([&] { ModelTensors{folder_}; });
    EXPECT_EQ(error.key(), key);
    EXPECT_THAT(error.message(), HasSubstr(message));
    EXPECT_EQ(error.exit_code(), exit_code);
  }
  void write_index(const std::string& weight_map) {
    write("model.safetensors.index.json", R"({"metadata":{},"weight_map":)" + weight_map + "}");
  }
};

TEST_F(BadDirectory, WithoutWeightsIsRefused) {
  expect("model.shard", "has neither model.safetensors nor", 66);
}

TEST_F(BadDirectory, WithPicklesOnlyIsRefused) {
  write("pytorch_model.bin", "PK");
  expect("model.pickle", "pickle weights are not read for safety; convert to safetensors", 65);
}

TEST_F(BadDirectory, NamesTheShardThatIsNotThere) {
  write("model-00001-of-00002.safetensors", file_of({kA}, 8));
  write_index(R"({"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"})");
  expect("model.shard", "model-00002-of-00002.safetensors is listed but not there", 66);
}

TEST_F(BadDirectory, NamesTheTensorThatIsNotInItsShard) {
  write("s1.safetensors", file_of({kA}, 8));
  write_index(R"({"a":"s1.safetensors","b":"s1.safetensors","c":"s1.safetensors"})");
  expect("model.tensor", "missing 2 that the index lists (first: b)", 65);
}

TEST_F(BadDirectory, RefusesATensorThatTwoShardsHold) {
  write("s1.safetensors", file_of({kA}, 8));
  write("s2.safetensors", file_of({kA, entry("b", "F32", "[1]", "[8,12]")}, 12));
  write_index(R"({"a":"s1.safetensors","b":"s2.safetensors"})");
  expect("safetensors.duplicate", "a appears twice", 65);
}

TEST_F(BadDirectory, RefusesShardsOutsideTheDirectory) {
  for (const char* name : {"../s.safetensors", "/etc/passwd", "..", "", "a/b", "a\\\\b"}) {
    write_index(fmt::format(R"({{"a":"{}"}})", name));
    expect("model.shard", "is not the name of a file in the model's directory", 66);
  }
}

TEST_F(BadDirectory, RefusesAnIndexThatIsNotStrictJson) {
  write("model.safetensors.index.json", "{\n\"weight_map\": {\"a\": \"x\",\n \"a\": \"y\"}}");
  expect("safetensors.json", "model.safetensors.index.json:3:2: \"a\" is set twice", 65);
  for (const char* text :
       {"[]", "{}", R"({"weight_map":[]})", R"({"weight_map":{}})", R"({"weight_map":{"a":1}})", "", "{"}) {
    write("model.safetensors.index.json", text);
    expect("safetensors.json", "model.safetensors.index.json", 65);
  }
}

TEST_F(BadDirectory, SaysThatALinkPointsNowhere) {
  std::filesystem::create_symlink("no_such_blob", path("model.safetensors"));
  expect("model.blob", "snapshot link points to a missing blob (unfinished download)", 66);
}

TEST_F(BadDirectory, SaysThatAShardsLinkPointsNowhere) {
  std::filesystem::create_symlink("no_such_blob", path("s1.safetensors"));
  write_index(R"({"a":"s1.safetensors"})");
  expect("model.blob", "s1.safetensors: snapshot link points to a missing blob", 66);
}

}  // namespace
}  // namespace lethe::models
