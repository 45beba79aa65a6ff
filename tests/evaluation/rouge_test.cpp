#include "framework/evaluation/measures/rouge.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "framework/evaluation/measures/porter_stemmer.h"
#include "tests/evaluation/made_inputs.h"
#include "tests/evaluation/oracle.h"
#include "tests/support/environment.h"

namespace lethe::evaluation {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::vector<double> numbers(const Rouge& r) {
  return {r.rouge1.precision, r.rouge1.recall, r.rouge1.f1, r.rougeL.precision, r.rougeL.recall, r.rougeL.f1};
}

void expect_same_as_package(const Pairs& pairs, const nlohmann::json& scores) {
  for (std::size_t i = 0; i < pairs.size(); ++i)
    for (const bool stems : {false, true})
      EXPECT_EQ(numbers(rouge(pairs[i].first, pairs[i].second, stems)),
                scores[i][stems].get<std::vector<double>>())
          << "target: " << pairs[i].first << "\nprediction: " << pairs[i].second << "\nstemmed: " << stems;
}

// Every answer against another answer of its file, cut and stuttered as a model would.
Pairs tofu_pairs(const std::filesystem::path& file) {
  std::vector<std::string> answers;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) answers.push_back(nlohmann::json::parse(line)["answer"]);
  Pairs pairs;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string& other = answers[(i + 1) % answers.size()];
    pairs.emplace_back(
        answers[i], i % 3 == 0 ? other : other.substr(0, other.size() / 2) + " " + answers[i].substr(0, 60));
  }
  return pairs;
}

// Words over few letters (so that suffix rules and repeated words are common), capitals, digits, and
// characters whose lower case or class is a trap: Kelvin sign, dotted I, long s, sharp s, full-width letters,
// combining accents.
Pairs random_pairs(std::size_t count) {
  const std::vector<std::string> pieces{"relational",
                                        "ponies",
                                        "agreed",
                                        "hopping",
                                        "Running",
                                        "sky",
                                        "dying",
                                        "news",
                                        "a",
                                        "I",
                                        "12",
                                        "generalizations",
                                        "oscillators",
                                        "'s",
                                        "-",
                                        ".",
                                        "\n",
                                        "\t",
                                        "\xE2\x84\xAA",
                                        "\xC4\xB0",
                                        "\xC5\xBF",
                                        "\xC3\x9F",
                                        "\xEF\xBC\xA1",
                                        "e\xCC\x81",
                                        "\xF0\x9F\x98\x80",
                                        "Al-Kuwaiti",
                                        "EXCEED",
                                        "yes",
                                        "syzygy"};
  std::mt19937 generator(7);
  const auto text = [&] {
    std::string out;
    for (std::size_t n = generator() % 14; n > 0; --n)
      out += pieces[generator() % pieces.size()] + (generator() % 3 ? " " : "");
    return out;
  };
  Pairs pairs;
  while (pairs.size() < count) pairs.emplace_back(text(), text());
  return pairs;
}

TEST(Rouge, CountsByHand) {
  // target: the quick brown fox jumps; prediction: the brown quick fox. Shared words 4, longest
  // subsequence 3.
  const Rouge r = rouge("The quick brown fox jumps", "the brown, quick FOX", false);
  EXPECT_EQ(r.rouge1.recall, 4.0 / 5);
  EXPECT_EQ(r.rouge1.precision, 1);
  EXPECT_EQ(r.rougeL.recall, 3.0 / 5);
  EXPECT_EQ(r.rougeL.precision, 3.0 / 4);
  EXPECT_EQ(r.rougeL.f1, 2 * (3.0 / 4) * (3.0 / 5) / (3.0 / 4 + 3.0 / 5));
}

TEST(Rouge, ClipsRepeatedWords) { EXPECT_EQ(rouge("no no", "no no no no", false).rouge1.recall, 1); }

TEST(Rouge, IsZeroWhereASideHasNoWords) {
  for (const auto& [target, prediction] : Pairs{{"", "a"}, {"a", ""}, {"\xE4\xBD\xA0", "!"}}) {
    const Rouge r = rouge(target, prediction);
    EXPECT_EQ(numbers(r), std::vector<double>(6, 0.0));
  }
}

TEST(Rouge, StemmingJoinsForms) {
  EXPECT_EQ(rouge("she wrote novels", "she writes novel", true).rouge1.recall, 2.0 / 3);
  EXPECT_EQ(rouge("she wrote novels", "she writes novel", false).rouge1.recall, 1.0 / 3);
}

TEST(Rouge, EqualsThePackageOnRandomText) {
  LETHE_NEED_ORACLE("rouge_score");
  const Pairs pairs = random_pairs(600);
  const auto answer =
      testing::ask_oracle("rouge_and_stem.py", {{"pairs", pairs}, {"words", nlohmann::json::array()}});
  expect_same_as_package(pairs, answer["scores"]);
}

TEST(Rouge, EqualsThePackageOnTofu) {
  LETHE_NEED_ORACLE("rouge_score");
  LETHE_NEED_TOFU();
  const Pairs pairs = tofu_pairs(lethe::testing::tofu_directory() / "forget10.json");
  ASSERT_EQ(pairs.size(), 400u);
  const auto answer =
      testing::ask_oracle("rouge_and_stem.py", {{"pairs", pairs}, {"words", nlohmann::json::array()}});
  expect_same_as_package(pairs, answer["scores"]);
}

TEST(PorterStemmer, FollowsTheRules) {
  const std::vector<std::pair<std::string, std::string>> known{
      {"caresses", "caress"},     {"ponies", "poni"}, {"ties", "tie"},         {"agreed", "agre"},
      {"plastered", "plaster"},   {"hopping", "hop"}, {"falling", "fall"},     {"filing", "file"},
      {"happy", "happi"},         {"enjoy", "enjoy"}, {"relational", "relat"}, {"adoption", "adopt"},
      {"controlling", "control"}, {"dying", "die"},   {"skies", "sky"},        {"spied", "spi"},
      {"geology", "geolog"}};
  for (const auto& [word, stem] : known) EXPECT_EQ(porter_stem(word), stem) << word;
}

TEST(PorterStemmer, EqualsNltkOnEveryEnding) {
  LETHE_NEED_ORACLE("nltk");
  const std::vector<std::string> endings{
      "",        "s",       "es",    "sses",  "ies",     "ss",      "ed",    "eed",   "ied",   "ing",
      "at",      "bl",      "iz",    "y",     "ational", "tional",  "enci",  "anci",  "izer",  "bli",
      "abli",    "alli",    "entli", "eli",   "ousli",   "ization", "ation", "ator",  "alism", "iveness",
      "fulness", "ousness", "aliti", "iviti", "biliti",  "fulli",   "logi",  "icate", "ative", "alize",
      "iciti",   "ical",    "ful",   "ness",  "al",      "ance",    "ence",  "er",    "ic",    "able",
      "ible",    "ant",     "ement", "ment",  "ent",     "ion",     "sion",  "tion",  "ou",    "ism",
      "ate",     "iti",     "ous",   "ive",   "ize",     "e",       "ll",    "logy",  "ally"};
  std::vector<std::string> words;
  std::mt19937 generator(11);
  for (const std::string& first : endings)
    for (const std::string& second : endings)
      for (int i = 0; i < 4; ++i) {
        std::string stem;
        for (std::size_t n = generator() % 5; n > 0; --n) stem += "aeiouyybcdlstwxz0"[generator() % 17];
        words.push_back(stem + first + second);
      }
  const auto answer =
      testing::ask_oracle("rouge_and_stem.py", {{"pairs", nlohmann::json::array()}, {"words", words}});
  for (std::size_t i = 0; i < words.size(); ++i)
    EXPECT_EQ(porter_stem(words[i]), answer["stems"][i]) << words[i];
}

TEST(RougeMetric, AgreesWithTheOracleInEveryForm) {
  for (const std::string type : {"rouge1_recall", "rougeL_recall", "rougeL_f1"})
    for (const bool stem : {true, false})
      testing::expect_golden(testing::metric("rouge", fmt::format("type: {}, stem: {}", type, stem))
                                 ->compute(testing::golden_inputs()),
                             fmt::format("rouge/{}/{}", type, stem ? "stem" : "plain"));
}

}  // namespace
}  // namespace lethe::evaluation
