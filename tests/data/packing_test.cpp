#include "framework/data/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace lethe::data
