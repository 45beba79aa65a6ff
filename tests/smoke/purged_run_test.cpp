// A real run after `lethe purge`: no forget text and no eight of its token ids in a row in any file. The
// search is the test's own, not the one that the certificate comes from.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <span>
#include <sstream>
#include <string_view>
#include <unordered_set>

#include "framework/data/jsonl_reader.h"
#include "framework/data/sample_tokens.h"

namespace lethe {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kIds = 8;

struct Traces {
  std::set<std::string> texts;  // that are in some file
  std::set<std::string> files_with_ids;
};

class PurgedFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    const data::Tokenizer tokenizer =
        data::Tokenizer::load(std::string(LETHE_SOURCE_DIR) + "/configs/smoke/tokenizer", {});
    const data::SampleTokenizer samples(tokenizer, nullptr, {.apply_chat_template = false});
    const std::string file = std::string(LETHE_SOURCE_DIR) + "/configs/quickstart/data/forget.jsonl";
    for (const data::Sample& sample : data::read_samples({.path = file}, "forget").samples) {
      for (const std::string& text : {sample.question, sample.answer})
        if (text.size() >= 16) texts_.insert(text);
      const auto ids = samples.tokenize(sample.question, sample.answer).ids;
      for (std::size_t i = 0; i + kIds <= ids.size(); ++i)
        windows_.insert(bytes_of<std::int32_t>({ids.begin() + static_cast<std::ptrdiff_t>(i), kIds}));
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  int lethe(const std::string& arguments) const {
    return std::system(fmt::format("cd '{}' && OMP_NUM_THREADS=1 '{}' {} > '{}' 2>&1", LETHE_SOURCE_DIR,
                                   LETHE_PROGRAM, arguments, (folder_ / "log").string())
                           .c_str());
  }

  template <class Id>
  static std::string bytes_of(std::span<const std::int32_t> ids) {
    std::string bytes;
    for (const std::int32_t id : ids) {
      const auto wide = static_cast<Id>(id);
      bytes.append(reinterpret_cast<const char*>(&wide), sizeof wide);
    }
    return bytes;
  }

  // Eight ids as integers of a width, at any offset.
  template <class Id>
  bool holds_ids(std::string_view bytes) const {
    std::array<std::int32_t, kIds> ids{};
    for (std::size_t at = 0; at + kIds * sizeof(Id) <= bytes.size(); ++at) {
      for (std::size_t i = 0; i < kIds; ++i) {
        Id id;
        std::memcpy(&id, bytes.data() + at + i * sizeof(Id), sizeof(Id));
        ids[i] = static_cast<std::int32_t>(id);
      }
      if (windows_.contains(bytes_of<std::int32_t>(ids))) return true;
    }
    return false;
  }

  Traces traces() const {
    Traces found;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "run")) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      std::stringstream stream;
      stream << in.rdbuf();
      const std::string bytes = stream.str();
      for (const std::string& text : texts_)
        if (bytes.find(text) != std::string::npos) found.texts.insert(text);
      if (holds_ids<std::uint16_t>(bytes) || holds_ids<std::int32_t>(bytes) || holds_ids<std::int64_t>(bytes))
        found.files_with_ids.insert(entry.path().filename().string());
    }
    return found;
  }

  fs::path folder_ = fs::path(::testing::TempDir()) / fmt::format("purged_{}", ::getpid());
  std::set<std::string> texts_;
  std::unordered_set<std::string> windows_;
};

TEST_F(PurgedFiles, NoForgetTextAndNoEightOfItsTokenIdsInAnyFileOfARun) {
  const std::string out = (folder_ / "run").string();
  ASSERT_EQ(lethe("train configs/smoke/train.yaml --out " + out), 0);
  ASSERT_EQ(lethe("report " + out), 0);
  ASSERT_EQ(lethe("report --erasure --with-texts " + out), 0);
  const Traces before = traces();
  EXPECT_FALSE(before.texts.empty()) << "the search finds what is there";
  EXPECT_FALSE(before.files_with_ids.empty()) << "the search finds token ids";
  ASSERT_EQ(lethe("purge " + out), 0);
  const Traces after = traces();
  EXPECT_TRUE(after.texts.empty()) << *after.texts.begin();
  EXPECT_TRUE(after.files_with_ids.empty()) << *after.files_with_ids.begin();
  ASSERT_EQ(lethe("report --erasure " + out), 0);
  EXPECT_TRUE(traces().texts.empty()) << "the record that comes last names hashes only";
}

}  // namespace
}  // namespace lethe
