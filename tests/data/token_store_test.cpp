#include "framework/data/token_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "tests/data/oracle.h"

namespace lethe::data {
namespace {

namespace fs = std::filesystem;

class TokenStores : public ::testing::Test {
 protected:
  Tokenizer tokenizer_ = Tokenizer::load(LETHE_SOURCE_DIR "/tests/golden/tokenizers/smollm");
  std::string folder_ = testing::fresh_folder("store");
  std::string key_ = base::hash_text("key");

  static TextOptions tags(std::int64_t max_length = 512) {
    TextOptions options;
    options.apply_chat_template = false;
    options.max_length = max_length;
    return options;
  }
  static std::vector<Sample> samples(int count) {
    std::vector<Sample> all;
    for (int i = 0; i < count; ++i) {
      const auto question = fmt::format("Who is number {}?", i),
                 answer = std::string(static_cast<std::size_t>(i % 5), 'x');
      all.push_back({.row = i, .question = question, .answer = answer, .id = sample_id(question, answer)});
    }
    return all;
  }
  void write(const std::vector<Sample>& all, std::int64_t num_parts,
             const TextOptions& options = tags()) const {
    const SampleTokenizer tokens(tokenizer_, nullptr, options);
    for (std::int64_t part = 0; part < num_parts; ++part)
      write_part(folder_, key_, all, tokens, part, num_parts);
  }
};

TEST_F(TokenStores, GiveBackWhatWasTokenized) {
  const auto all = samples(23);
  const SampleTokenizer tokens(tokenizer_, nullptr, tags());
  for (const std::int64_t num_parts : {1, 2, 3, 8, 40}) {
    folder_ = testing::fresh_folder("store");
    write(all, num_parts);
    const auto store = TokenStore::open(folder_, key_);
    ASSERT_TRUE(store) << num_parts;
    ASSERT_EQ(store->size(), 23);
    EXPECT_EQ(static_cast<std::int64_t>(store->files().size()), num_parts);
    for (std::int64_t i = 0; i < 23; ++i) {
      const auto wanted = tokens.tokenize(all[i].question, all[i].answer);
      const Document document = store->document(i);
      EXPECT_EQ(std::vector<std::int32_t>(document.ids.begin(), document.ids.end()), wanted.ids);
      EXPECT_EQ(document.prompt_tokens, wanted.prompt_tokens);
      EXPECT_EQ(store->length(i).tokens, static_cast<std::int64_t>(wanted.ids.size()));
      EXPECT_EQ(store->length(i).prompt_tokens, wanted.prompt_tokens);
      EXPECT_EQ(store->sample_id(i), all[i].id);
    }
  }
}

TEST(TokenParts, CoverAllSamplesOnce) {
  for (const std::int64_t all : {0, 1, 7, 100})
    for (const std::int64_t parts : {1, 3, 8}) {
      EXPECT_EQ(part_begin(all, 0, parts), 0);
      EXPECT_EQ(part_begin(all, parts, parts), all);
      for (std::int64_t p = 0; p < parts; ++p) {
        const auto size = part_begin(all, p + 1, parts) - part_begin(all, p, parts);
        EXPECT_TRUE(size == all / parts || size == all / parts + 1);
      }
    }
}

TEST_F(TokenStores, AreAbsentUntilEveryPartIsThere) {
  const auto all = samples(9);
  const SampleTokenizer tokens(tokenizer_, nullptr, tags());
  EXPECT_FALSE(TokenStore::open(folder_, key_));
  write_part(folder_, key_, all, tokens, 0, 2);
  EXPECT_FALSE(TokenStore::open(folder_, key_));
  write_part(folder_, key_, all, tokens, 1, 2);
  EXPECT_TRUE(TokenStore::open(folder_, key_));
  EXPECT_FALSE(TokenStore::open(folder_, base::hash_text("another key")));
}

TEST_F(TokenStores, AreReusedByAnotherWorld) {
  write(samples(9), 3);
  EXPECT_EQ(TokenStore::open(folder_, key_)->files().size(), 3u);
}

TEST_F(TokenStores, AreNotTrustedWhenAnyByteChanged) {
  write(samples(4), 1);
  const auto path = part_path(folder_, key_, 0, 1);
  const std::string good = base::read_file(path);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    std::ofstream(path, std::ios::binary) << bad;
    EXPECT_FALSE(TokenStore::open(folder_, key_)) << at;
  }
  std::ofstream(path, std::ios::binary) << good;
  EXPECT_TRUE(TokenStore::open(folder_, key_));
}

TEST_F(TokenStores, AreNotTrustedWhenCutOrLengthened) {
  write(samples(4), 1);
  const auto path = part_path(folder_, key_, 0, 1);
  const std::string good = base::read_file(path);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{5}, std::size_t{127}, std::size_t{128}, good.size() - 1}) {
    base::write_file_atomically(path, good.substr(0, size));
    EXPECT_FALSE(TokenStore::open(folder_, key_)) << size;
  }
  base::write_file_atomically(path, good + "x");
  EXPECT_FALSE(TokenStore::open(folder_, key_));
  EXPECT_NE(list_stored_parts(folder_)[0].damage.find("bytes"), std::string::npos);
}

TEST_F(TokenStores, DoNotTakeAPartForAnother) {
  write(samples(9), 2);
  fs::copy_file(part_path(folder_, key_, 0, 2), part_path(folder_, key_, 1, 2),
                fs::copy_options::overwrite_existing);
  EXPECT_FALSE(TokenStore::open(folder_, key_));
}

TEST_F(TokenStores, DropSamplesWithoutTargetUpToTheirShare) {
  auto all = samples(20);
  all[7].question =
      "Who in all of Port Ellery and Vessenheim and Kalmora repairs the old clocks of the zither school?";
  const SampleTokenizer tokens(tokenizer_, nullptr, tags());
  const auto longest = static_cast<std::int64_t>(tokens.prompt(all[7].question).size());
  write(all, 2, tags(longest));
  const auto store = TokenStore::open(folder_, key_);
  auto kept = samples_with_target(*store, 0.05, "forget");
  EXPECT_EQ(kept.size(), 19u);
  EXPECT_EQ(std::count(kept.begin(), kept.end(), 7), 0);
  try {
    (void)samples_with_target(*store, 0.04, "forget");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "data.notarget");
    EXPECT_EQ(e.message(), "forget: 1 of 20 samples have no target token after truncation");
    EXPECT_EQ(e.hint(), "raise data.text.max_length, or allow more with data.max_dropped");
  }
  try {
    (void)samples_with_target(*store, 0.04, "forget", "completion");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.hint().find("max_length"), std::string::npos)
        << "completions are not cut by it: " << e.hint();
  }
}

TEST_F(TokenStores, ListTheSamplesTheyHold) {
  const auto all = samples(5);
  write(all, 2);
  std::vector<std::string> listed;
  for (const StoredPart& part : list_stored_parts(folder_))
    listed.insert(listed.end(), part.sample_ids.begin(), part.sample_ids.end());
  std::vector<std::string> wanted;
  for (const Sample& sample : all) wanted.push_back(sample.id);
  EXPECT_EQ(listed, wanted);
  EXPECT_TRUE(list_stored_parts(folder_ + "/nowhere").empty());
}

TEST_F(TokenStores, NameTheSampleThatCannotBeTokenized) {
  auto all = samples(5);
  const auto raising =
      ChatTemplate::parse("{% if messages[0].content == '3' %}{{ raise_exception('no') }}{% endif %}x");
  all[3].question = "3";
  const SampleTokenizer tokens(tokenizer_, &raising, {});
  try {
    write_part(folder_, key_, all, tokens, 0, 1);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "template.raised");
    EXPECT_EQ(e.message(), "sample 4: no");
  }
  EXPECT_TRUE(list_stored_parts(folder_).empty());
}

TEST(StoreKey, ChangesWithDataFieldsAndTokenizer) {
  SourceOptions source, other;
  other.answer_key = "reply";
  const auto key = store_key("d", source, "t");
  EXPECT_EQ(key.size(), 32u);
  EXPECT_NE(key, store_key("d2", source, "t"));
  EXPECT_NE(key, store_key("d", other, "t"));
  EXPECT_NE(key, store_key("d", source, "t2"));
}

}  // namespace
}  // namespace lethe::data
