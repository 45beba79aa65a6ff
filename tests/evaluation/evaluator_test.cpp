// The evaluator on a model that is a hash of its tokens: worlds, kills and journals without a network.
#include "framework/evaluation/evaluator.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "framework/dist/simulated_group.h"
#include "framework/evaluation/batches.h"

namespace lethe::evaluation {
namespace {

namespace fs = std::filesystem;

struct Killed {};

// Every value is a function of the tokens before it.
class HashedModel final : public EvaluatedModel {
 public:
  explicit HashedModel(std::int64_t calls_until_kill = -1) : left_(calls_until_kill) {}

  std::vector<std::vector<double>> statistics(std::span<const data::Document> documents,
                                              const std::vector<std::string>& names) override {
    call();
    std::vector<std::vector<double>> lists;
    for (const std::string& name : names) {
      lists.emplace_back();
      for (const data::Document& d : documents)
        for (auto t = static_cast<std::size_t>(d.prompt_tokens); t < d.ids.size(); ++t)
          lists.back().push_back(value(name, d.ids.first(t)));
    }
    return lists;
  }
  std::vector<double> reference_log_probs(std::span<const data::Document> documents) override {
    return statistics(documents, {"log_prob"}).front();
  }
  std::string no_reference() const override { return "no reference model"; }
  std::vector<TokenIds> generate(std::span<const TokenIds> prompts) override {
    call();
    std::vector<TokenIds> outputs;
    for (const TokenIds& prompt : prompts) {
      outputs.emplace_back();
      for (std::size_t i = 0; i < prompt.size() % 5; ++i)
        outputs.back().push_back(
            static_cast<std::int32_t>(40 + (prompt.back() * 7 + static_cast<int>(i)) % 200));
    }
    return outputs;
  }
  double gradient_norm(const data::Document& document) override {
    call();
    return 2 - value("log_prob", document.ids);
  }
  std::int64_t calls = 0;

 private:
  static double value(const std::string& name, std::span<const std::int32_t> ids) {
    std::uint64_t h = 1469598103934665603u + name.size();
    for (const std::int32_t id : ids) h = (h ^ static_cast<std::uint64_t>(id)) * 1099511628211u;
    const double unit = static_cast<double>(h >> 11) / 9007199254740992.0;
    return name == "greedy" ? (unit < 0.5 ? 0 : 1) : -5 * unit - 1e-9;
  }
  void call() {
    if (left_-- == 0) throw Killed();
    ++calls;
  }
  std::int64_t left_;
};

class EvaluatorTest : public ::testing::Test {
 protected:
  EvaluatorTest()
      : tokenizer_(data::Tokenizer::load(std::string(LETHE_SOURCE_DIR) + "/configs/smoke/tokenizer")),
        sample_tokenizer_(tokenizer_, nullptr, data::TextOptions{.apply_chat_template = false}) {
    config::Section section = config::parse(
        "metrics: [{name: probability, as: forget_Q_A_Prob}, {name: probability, answers: perturbed, "
        "summary: "
        "false}, truth_ratio, extraction_strength, rouge, mia_gradnorm, mia_min_k, privleak, mia_reference, "
        "{name: rouge, set: holdout}, ngram_entropy]");
    suite_ = read_suite(section);
    make_set(forget_, "forget", 17);
    make_set(holdout_, "holdout", 9);
    journal_file_ = fs::path(::testing::TempDir()) / fmt::format("lethe_journal_{}", ::getpid());
    fs::remove(journal_file_);
  }
  ~EvaluatorTest() override { fs::remove(journal_file_); }

  struct Set {
    std::vector<data::Sample> samples;
    std::vector<data::TokenizedSample> tokens;
    std::vector<data::Document> documents;
  };
  void make_set(Set& set, const std::string& name, int count) const {
    for (int i = 0; i < count; ++i) {
      const std::string extra(static_cast<std::size_t>(i * 7 % 23), 'x');
      set.samples.push_back(
          {.row = i, .question = fmt::format("Who is {} {}?", name, i), .answer = "Nobody " + extra});
      for (int wrong = 0; wrong < i % 3; ++wrong)
        set.samples.back().perturbed_answers.push_back(fmt::format("It is {}", wrong));
      set.tokens.push_back(
          sample_tokenizer_.tokenize(set.samples.back().question, set.samples.back().answer));
    }
    for (const auto& t : set.tokens)
      set.documents.push_back({.ids = t.ids, .prompt_tokens = t.prompt_tokens});
  }

  Evaluation run(
      EvaluatedModel& model, dist::ProcessGroup& world, Journal& journal,
      std::function<void()> before_round = [] {}) const {
    std::vector<const SuiteEntry*> entries;
    for (const SuiteEntry& entry : suite_) entries.push_back(&entry);
    const EvaluatorParts parts{.model = model,
                               .world = world,
                               .tokenizer = tokenizer_,
                               .sample_tokenizer = sample_tokenizer_,
                               .sets = {{"forget", forget_.samples, forget_.documents},
                                        {"holdout", holdout_.samples, holdout_.documents}},
                               .retain = std::nullopt,
                               .before_round = std::move(before_round)};
    return evaluate(entries, parts, {.pack_tokens = 60, .batch_prompts = 4, .max_new_tokens = 6}, journal);
  }
  std::string uninterrupted(std::int64_t* calls = nullptr) const {
    HashedModel model;
    Journal nowhere;
    const auto world = dist::make_single_group();
    const std::string file = eval_file(run(model, *world, nowhere).results);
    if (calls != nullptr) *calls = model.calls;
    return file;
  }

  data::Tokenizer tokenizer_;
  data::SampleTokenizer sample_tokenizer_;
  Suite suite_;
  Set forget_, holdout_;
  fs::path journal_file_;
};

TEST_F(EvaluatorTest, TheOtherAnswersOfCompletionsGoOnWithoutTags) {
  Set towns;
  towns.samples = {{.question = "Kalmora is",
                    .answer = " a town.",
                    .perturbed_answers = {" a sea."},
                    .max_continuation = 9}};
  towns.tokens = {sample_tokenizer_.tokenize(towns.samples[0])};
  towns.documents = {{.ids = towns.tokens[0].ids, .prompt_tokens = towns.tokens[0].prompt_tokens}};
  config::Section section = config::parse("metrics: [{name: probability, set: towns, answers: perturbed}]");
  const Suite suite = read_suite(section);
  HashedModel model;
  const auto world = dist::make_single_group();
  const EvaluatorParts parts{.model = model,
                             .world = *world,
                             .tokenizer = tokenizer_,
                             .sample_tokenizer = sample_tokenizer_,
                             .sets = {{"towns", towns.samples, towns.documents}},
                             .retain = std::nullopt};
  const auto requests = requests_of({&suite.front()}, parts, {});
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].owned, std::vector<TokenIds>{tokenizer_.encode("Kalmora is a sea.", true)});
}

TEST_F(EvaluatorTest, AKilledEvaluationGoesOnToTheSameBytesAndRepeatsOneBatchAtMost) {
  std::int64_t calls = 0;
  const std::string expected = uninterrupted(&calls);
  ASSERT_GT(calls, 30);
  const auto world = dist::make_single_group();
  for (std::int64_t kill = 0; kill < calls; kill += calls / 12) {
    fs::remove(journal_file_);
    HashedModel killed(kill), resumed;
    Journal first(journal_file_, "id");
    EXPECT_THROW((void)run(killed, *world, first), Killed) << kill;
    Journal second(journal_file_, "id");
    EXPECT_EQ(eval_file(run(resumed, *world, second).results), expected) << "killed at batch " << kill;
    EXPECT_EQ(killed.calls + resumed.calls, calls) << "the batch under way is run again, no other";
  }
}

// What ranks agree on before a round is asked of all of them.
TEST_F(EvaluatorTest, IsAskedBeforeEachRoundAndMayEndThere) {
  const std::string expected = uninterrupted();
  for (const int ranks : {1, 3}) {
    std::vector<std::int64_t> rounds(static_cast<std::size_t>(ranks), 0);
    dist::run_simulated(ranks, [&](dist::ProcessGroup& world) {
      HashedModel model;
      Journal nowhere;
      (void)run(model, world, nowhere, [&] { ++rounds[static_cast<std::size_t>(world.rank())]; });
    });
    EXPECT_GT(rounds[0], 10);
    for (const std::int64_t count : rounds) EXPECT_EQ(count, rounds[0]);
    fs::remove(journal_file_);
    for (const std::int64_t end : {rounds[0] / 2, rounds[0]})  // ends once, then goes on
      dist::run_simulated(ranks, [&](dist::ProcessGroup& world) {
        HashedModel model;
        Journal journal = world.rank() == 0 ? Journal(journal_file_, "id") : Journal();
        std::int64_t left = end;
        const auto ask = [&left] {
          if (left-- == 0) throw Killed();
        };
        if (end < rounds[0]) {
          EXPECT_THROW((void)run(model, world, journal, ask), Killed);
          EXPECT_LE(model.calls, end);
        } else {
          EXPECT_EQ(eval_file(run(model, world, journal, ask).results), expected);
          EXPECT_LE(model.calls, rounds[0] - rounds[0] / 2);
        }
      });
  }
}

TEST_F(EvaluatorTest, ATornOrDamagedJournalLosesItsEndOnly) {
  const auto world = dist::make_single_group();
  std::int64_t calls = 0;
  const std::string expected = uninterrupted(&calls);
  HashedModel whole, after_tear, after_damage;
  Journal journal(journal_file_, "id");
  (void)run(whole, *world, journal);
  fs::resize_file(journal_file_, fs::file_size(journal_file_) - 5);
  Journal torn(journal_file_, "id");
  EXPECT_EQ(eval_file(run(after_tear, *world, torn).results), expected);
  EXPECT_EQ(after_tear.calls, 1);
  {
    std::fstream file(journal_file_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(journal_file_) / 2));
    file << '?';
  }
  Journal damaged(journal_file_, "id");
  EXPECT_EQ(eval_file(run(after_damage, *world, damaged).results), expected);
  EXPECT_GT(after_damage.calls, 1);
  EXPECT_LT(after_damage.calls, calls);
}

TEST_F(EvaluatorTest, AnotherModelsJournalIsNotUsed) {
  const auto world = dist::make_single_group();
  HashedModel first, second;
  Journal journal(journal_file_, "one model");
  (void)run(first, *world, journal);
  Journal other(journal_file_, "another model");
  (void)run(second, *world, other);
  EXPECT_EQ(second.calls, first.calls);
}

TEST_F(EvaluatorTest, AnyNumberOfRanksGivesTheSameBytes) {
  const std::string expected = uninterrupted();
  for (const int ranks : {2, 3, 5}) {
    std::vector<std::string> files(static_cast<std::size_t>(ranks));
    dist::run_simulated(ranks, [&](dist::ProcessGroup& world) {
      HashedModel model;
      Journal nowhere;
      files[static_cast<std::size_t>(world.rank())] = eval_file(run(model, world, nowhere).results);
    });
    for (const std::string& file : files) EXPECT_EQ(file, expected) << ranks << " ranks";
  }
}

TEST_F(EvaluatorTest, ANullMetricHasItsReasonAndNoValue) {
  HashedModel model;
  Journal nowhere;
  const auto world = dist::make_single_group();
  const Evaluation evaluation = run(model, *world, nowhere);
  for (const NamedResult& r : evaluation.results) {
    if (r.name == "mia_reference") {
      EXPECT_EQ(r.result.reason, "no reference model");
    }
  }
  EXPECT_FALSE(evaluation.values().contains("mia_reference"));
  EXPECT_TRUE(evaluation.values().contains("forget_Q_A_Prob"));
  EXPECT_TRUE(evaluation.values().contains("forget.probability")) << "by column too";
}

TEST_F(EvaluatorTest, GroundTruthIsTheConversationWithoutItsPrompt) {
  HashedModel model;
  Journal nowhere;
  const auto world = dist::make_single_group();
  const Evaluation evaluation = run(model, *world, nowhere);
  for (std::size_t i = 0; i < forget_.samples.size(); ++i)
    EXPECT_EQ(evaluation.generations.at("forget")[i].ground_truth,
              i == 0 ? "Nobody" : forget_.samples[i].answer);
}

TEST_F(EvaluatorTest, AMetricOfASetThatThereIsNotIsRefused) {
  for (const char* metric :
       {"{name: rouge, set: nowhere}", "{name: mia_loss, set: nowhere, holdout: forget}"}) {
    config::Section section = config::parse(fmt::format("metrics: [{}]", metric));
    suite_ = read_suite(section);
    try {
      (void)uninterrupted();
      FAIL();
    } catch (const Error& e) {
      EXPECT_EQ(e.key(), "config.conflict");
      EXPECT_NE(e.message().find("there is no set `nowhere`"), std::string::npos);
    }
  }
}

TEST_F(EvaluatorTest, TwoOfOneColumnKeepTheirValues) {
  config::Section section =
      config::parse("metrics: [truth_ratio, {name: truth_ratio, aggregator: prob_mean, as: share}]");
  suite_ = read_suite(section);
  HashedModel model;
  Journal nowhere;
  const auto world = dist::make_single_group();
  const Evaluation evaluation = run(model, *world, nowhere);
  const auto values = evaluation.values();
  EXPECT_EQ(values.at("forget.truth_ratio"), *evaluation.results[0].result.value);
  EXPECT_EQ(values.at("forget.share"), *evaluation.results[1].result.value);
  EXPECT_NE(values.at("forget.share"), values.at("forget.truth_ratio"));
}

}  // namespace
}  // namespace lethe::evaluation
