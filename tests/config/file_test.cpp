// Files that cannot be opened, and bytes that are not the text of a configuration.
#include <sys/stat.h>
#include <unistd.h>

#include "tests/config/refusal.h"

namespace lethe::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
class ConfigFile : public ConfigFolder {};

TEST_F(ConfigFile, MissingIsNamedAsItWasWritten) {
  EXPECT_EQ(load_refusal("no_such_folder/conf.yaml"),
            "config.missing: cannot open no_such_folder/conf.yaml: No such file or directory");
}

TEST_F(ConfigFile, BelowAFileIsMissing) {
  const auto file = write("a.yaml", "x: 1\n");
  EXPECT_THAT(load_refusal(file / "b.yaml"),
              HasSubstr("config.missing: cannot open " + (file / "b.yaml").string()));
}

TEST_F(ConfigFile, DirectoryIsRefusedWithASlash) {
  EXPECT_EQ(load_refusal(folder_), "config.notfile: " + folder_.string() + "/ is a directory");
}

TEST_F(ConfigFile, PipeIsRefusedWithoutWaitingForAWriter) {
  const auto pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(load_refusal(pipe), "config.notfile: " + pipe.string() + " is not a regular file");
}

TEST_F(ConfigFile, UnreadableIsAPermissionError) {
  const auto file = write("conf.yaml", "x: 1\n");
  ASSERT_EQ(::chmod(file.c_str(), 0), 0);
  ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
  const bool root = ::geteuid() == 0;  // root reads everything, so the test steps down
  ASSERT_TRUE(!root || ::seteuid(65534) == 0);
  const std::string refused = load_refusal(file);
  ASSERT_TRUE(!root || ::seteuid(0) == 0);
  EXPECT_EQ(refused, "config.permission: cannot read " + file.string() + ": Permission denied");
}

TEST_F(ConfigFile, HugeFileIsRefusedByItsSize) {
  const auto file = write("conf.yaml", "");
  std::filesystem::resize_file(file, 1ull << 32);  // sparse: reading it would take gigabytes
  EXPECT_THAT(load_refusal(file), StartsWith("config.size: "));
}

class EmptyConfig : public testing::TestWithParam<const char*> {};
TEST_P(EmptyConfig, HasNoContent) {
  EXPECT_EQ(parse_refusal(GetParam()), "config.empty: conf.yaml has no content");
}
INSTANTIATE_TEST_SUITE_P(Spellings, EmptyConfig,
                         testing::Values("", "\n\n", "   \n", "# only a comment\n", "---\n", "~\n",
                                         "\xEF\xBB\xBF", "\r\n"));

TEST(ConfigText, ByteOrderMarkAndWindowsLinesAreAccepted) {
  const Section root = parse(
      "\xEF\xBB\xBF"
      "a: one\r\nb: |\r\n  x\r\n  y\r\n");
  std::string a, b;
  Section(root).required("a", a, "").required("b", b, "");
  EXPECT_EQ(a, "one");
  EXPECT_EQ(b, "x\ny\n");
}

struct Bytes {
  std::string text, refused;
};
class ConfigBytes : public testing::TestWithParam<Bytes> {};
TEST_P(ConfigBytes, AreRefusedWithTheirPlace) {
  EXPECT_EQ(parse_refusal(GetParam().text), GetParam().refused);
}
INSTANTIATE_TEST_SUITE_P(
    Encodings, ConfigBytes,
    testing::Values(Bytes{std::string("a: 1\nb: x\0y\n", 12),
                          "yaml.encoding: conf.yaml:2:5: control character 0x00"},
                    Bytes{"a: \x1b[31m\n", "yaml.encoding: conf.yaml:1:4: control character 0x1b"},
                    Bytes{"a: 1\rb: 2\n", "yaml.encoding: conf.yaml:1:5: control character 0x0d"},
                    Bytes{"a: \xff\n", "yaml.encoding: conf.yaml:1:4: byte 0xff is not UTF-8"},
                    Bytes{"a: \xc0\xaf\n", "yaml.encoding: conf.yaml:1:4: byte 0xc0 is not UTF-8"},
                    Bytes{"a: \xe0\x80\xaf\n", "yaml.encoding: conf.yaml:1:4: byte 0xe0 is not UTF-8"},
                    Bytes{"a: \xed\xa0\x80\n", "yaml.encoding: conf.yaml:1:4: byte 0xed is not UTF-8"},
                    Bytes{"a: \xf4\x90\x80\x80\n", "yaml.encoding: conf.yaml:1:4: byte 0xf4 is not UTF-8"},
                    Bytes{"a: caf\xe9", "yaml.encoding: conf.yaml:1:7: byte 0xe9 is not UTF-8"},
                    Bytes{std::string("\xff\xfe"
                                      "a\0:\0",
                                      6),
                          "yaml.encoding: conf.yaml:1:1: the file is UTF-16"}));

TEST(ConfigText, AllOfUnicodeIsText) { EXPECT_EQ(read_value<std::string>("Ωμέγα 漢字 😀"), "Ωμέγα 漢字 😀"); }

}  // namespace
}  // namespace lethe::config
