#include "framework/data/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace lethe::data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::int32_t> kIds = {10, 11, 12, 13, 14};  // two of prompt, three of answer
const Document kDocument{.ids = kIds, .prompt_tokens = 2};

Pack packed(RowChoice choice) {
  return make_pack(std::array{kDocument, kDocument}, std::array{RowChoice{}, choice});
}

// Rows of the second document, from its own beginning, and what they predict.
std::vector<std::int64_t> rows(const Pack& pack) {
  std::vector<std::int64_t> own;
  for (auto i = pack.scored_offsets[1]; i < pack.scored_offsets[2]; ++i)
    own.push_back(pack.scored_rows[i] - pack.document_offsets[1]);
  return own;
}
std::vector<std::int64_t> targets(const Pack& pack) {
  return {pack.targets.begin() + pack.scored_offsets[1], pack.targets.end()};
}

TEST(Packing, ReadsTheRowsThatPredictTheAnswer) {
  const Pack pack = packed({});
  EXPECT_THAT(rows(pack), ElementsAre(1, 2, 3));
  EXPECT_THAT(targets(pack), ElementsAre(12, 13, 14));
  EXPECT_THAT(pack.unseen, IsEmpty());
}

TEST(Packing, LeavesOutTheFirstAnswerTokens) {
  const Pack pack = packed({.skip = 2});
  EXPECT_THAT(rows(pack), ElementsAre(3));
  EXPECT_THAT(targets(pack), ElementsAre(14));
  EXPECT_THAT(rows(packed({.skip = 9})), IsEmpty()) << "an answer shorter than what is left out";
}

TEST(Packing, ReadsTheAnswersOwnRows) {
  const Pack pack = packed({.rows = Rows::inputs, .unlabelled_target = 7});
  EXPECT_THAT(rows(pack), ElementsAre(2, 3, 4));
  EXPECT_THAT(targets(pack), ElementsAre(13, 14, 7));
}

TEST(Packing, ReadsEveryRowOfAPaddedDocument) {
  const Pack pack = packed({.rows = Rows::all, .padded_to = 7, .pad_id = 3, .unlabelled_target = 28});
  EXPECT_THAT(rows(pack), ElementsAre(0, 1, 2, 3, 4, 5, 6));
  EXPECT_THAT(targets(pack), ElementsAre(28, 12, 13, 14, 28, 28, 28));
  EXPECT_EQ(pack.ids.back(), 3);
  EXPECT_THAT(pack.unseen, ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1)) << "padding is seen by nobody";
  EXPECT_EQ(rows(packed({.rows = Rows::all_but_last, .padded_to = 7})).size(), 6U);
}

TEST(Packing, HidesTheTokenThatADocumentNames) {
  Document document = kDocument;
  document.unseen_id = 11;
  EXPECT_THAT(make_pack(std::array{document}).unseen, ElementsAre(0, 1, 0, 0, 0));
}

TEST(Packing, CountsTheRowsItPacks) {
  for (const RowChoice& choice :
       {RowChoice{}, RowChoice{.skip = 1}, RowChoice{.skip = 9}, RowChoice{.rows = Rows::inputs},
        RowChoice{.rows = Rows::all, .padded_to = 9}, RowChoice{.rows = Rows::all_but_last, .padded_to = 9}})
    EXPECT_EQ(num_rows(kDocument, choice), static_cast<std::int64_t>(rows(packed(choice)).size()));
}

// Tokens of each pack of documents of these lengths.
std::vector<std::int64_t> pack_sizes(const std::vector<std::int64_t>& lengths, std::int64_t max_tokens) {
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<Document> documents;
  for (const std::int64_t length : lengths) ids.emplace_back(static_cast<std::size_t>(length), 1);
  for (const auto& tokens : ids) documents.push_back({.ids = tokens});
  std::vector<std::int64_t> sizes, seen;
  for (const auto& pack : packs_of(documents, max_tokens)) {
    sizes.push_back(0);
    for (const std::int64_t d : pack) sizes.back() += lengths[static_cast<std::size_t>(d)], seen.push_back(d);
  }
  std::vector<std::int64_t> all(lengths.size());
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(seen, all) << "every document once, in order";
  return sizes;
}

TEST(Packing, PacksAreEvenInNumberAndInSize) {
  EXPECT_THAT(pack_sizes(std::vector<std::int64_t>(25, 100), 1024), ElementsAre(600, 600, 700, 600));
  EXPECT_THAT(pack_sizes(std::vector<std::int64_t>(6, 100), 1024), ElementsAre(300, 300));
  EXPECT_THAT(pack_sizes(std::vector<std::int64_t>(4, 100), 1024), ElementsAre(400)) << "too few to share";
  EXPECT_THAT(pack_sizes({}, 1024), IsEmpty());
}

TEST(Packing, ALongDocumentHasAPackOfItsOwnAndOneTokenSeparatesAll) {
  EXPECT_THAT(pack_sizes({100, 3000, 100}, 1024), ElementsAre(100, 3000, 100));
  EXPECT_THAT(pack_sizes({3, 1, 2}, 1), ElementsAre(3, 1, 2));
  for (const std::int64_t size : pack_sizes({500, 500, 500, 500, 500, 60, 60, 60}, 1024))
    EXPECT_LE(size, 1024);
}

}  // namespace
}  // namespace lethe::data
