#include "framework/run/purge.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework/base/hash.h"
#include "framework/data/token_part.h"
#include "framework/records/reader.h"
#include "framework/records/run_directory.h"
#include "framework/records/writer.h"
#include "tests/records/scratch_folder.h"
#include "tests/report/fixture.h"

namespace lethe::run {
namespace {

using namespace records;

const PurgeOptions kOptions{.lethe_version = "0.1.0"};

// A finished run with everything in it that a run leaves.
class PurgedRun : public ::testing::Test {
 protected:
  void SetUp() override {
    report::testing::write_fixture(root());
    write_text(root() / "config.yaml", "objective: npo\n");
    for (const char* file : {"checkpoints/step-10/shard-0.bin", "checkpoints/latest", "cache/forget.tokens",
                             "model/model.safetensors", "model/config.json"}) {
      std::filesystem::create_directories((root() / file).parent_path());
      write_text(root() / file, "bytes");
    }
    write_text(root() / "report.html", "<p>example</p>");
    write_text(root() / "scores.csv.writing-4711", "half");
  }
  std::filesystem::path root() const { return folder_ / "run"; }

  std::vector<GenerationRecord> generations() const {
    return records_of<GenerationRecord>(read_records(root() / "records.jsonl").entries);
  }
  std::string refusal() const {
    std::string message;
    EXPECT_EQ(error_key([&] { (void)purge({root()}, kOptions); }, &message), "run.unknown");
    return message;
  }
  void expect_untouched() const {
    EXPECT_TRUE(std::filesystem::exists(root() / "checkpoints/step-10/shard-0.bin"));
    EXPECT_FALSE(std::filesystem::exists(root() / "purge.json"));
    EXPECT_TRUE(std::ranges::none_of(generations(), &GenerationRecord::purged));
  }

  ScratchFolder folder_;
};

TEST_F(PurgedRun, KeepsNoQuestionAndNoAnswerOfTheForgetSet) {
  std::vector<std::string> texts;
  for (const GenerationRecord& g : generations())
    if (g.set == "forget") texts.insert(texts.end(), {g.question, g.answer});
  ASSERT_GE(texts.size(), 160u);
  (void)purge({root()}, kOptions);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root()))
    for (const std::string& text : texts) {
      if (!entry.is_regular_file()) continue;
      ASSERT_EQ(text_of(entry.path()).find(text), std::string::npos) << entry.path() << " holds " << text;
    }
}

TEST_F(PurgedRun, TheCertificateSaysWhatWasLookedForAfterwards) {
  (void)purge({root()}, kOptions);
  const auto certificate = nlohmann::json::parse(text_of(root() / "purge.json"));
  const auto& search = certificate["purges"].back()["search_afterwards"];
  EXPECT_GT(search["forget_texts"].get<int>(), 0);
  EXPECT_GT(search["files"].get<int>(), 3);
  EXPECT_EQ(search["found"], 0);
}

TEST_F(PurgedRun, TokenIdsOfAForgetSampleInAFileThatStaysLeaveTheCertificateIncomplete) {
  std::string id;
  for (const auto& entry : read_records(root() / "scores.jsonl").entries)
    if (const auto* score = std::get_if<ScoreRecord>(&entry.record)) id = score->id;
  ASSERT_EQ(id.size(), 32u);
  const std::vector<data::TokenizedSample> samples = {
      {.ids = {11, 22, 33, 44, 55, 66, 77, 88, 99}, .prompt_tokens = 2}};
  const std::vector<std::string> ids = {id};
  data::write_token_part(
      root() / "cache",
      {.key = std::string(32, 'a'), .all_samples = 1, .samples = samples, .sample_ids = ids});
  write_text(root() / "model/notes.json", "[22, 33, 44, 55, 66, 77, 88, 99]");
  std::string message;
  EXPECT_EQ(error_key([&] { (void)purge({root()}, kOptions); }, &message), "run.traces");
  EXPECT_NE(message.find("notes.json"), std::string::npos);
  EXPECT_NE(text_of(root() / "purge.json").find("\"complete\": false"), std::string::npos);
  std::filesystem::remove(root() / "model/notes.json");
}

TEST_F(PurgedRun, KeepsWhatIsToBeKept) {
  const auto scores = text_of(root() / "scores.jsonl");
  const auto before = generations();
  (void)purge({root()}, kOptions);
  const auto after = generations();
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].id, before[i].id);
    EXPECT_EQ(after[i].purged, before[i].set == "forget");
    const bool is_forget = before[i].set == "forget";
    EXPECT_EQ(after[i].generated, is_forget ? "" : before[i].generated);
    EXPECT_EQ(after[i].question + after[i].answer, is_forget ? "" : before[i].question + before[i].answer);
  }
  EXPECT_EQ(text_of(root() / "scores.jsonl"), scores);
  EXPECT_EQ(text_of(root() / "model/model.safetensors"), "bytes");
}

TEST_F(PurgedRun, RemovesWhatWasMadeFromTheForgetSet) {
  (void)purge({root()}, kOptions);
  for (const char* gone : {"checkpoints", "cache", "report.html", "scores.csv.writing-4711"})
    EXPECT_FALSE(std::filesystem::exists(root() / gone)) << gone;
}

TEST_F(PurgedRun, CertifiesWhatItDid) {
  const std::string hash = base::hash_file(root() / "records.jsonl");
  (void)purge({root()}, kOptions);
  const Json certificate = Json::parse(text_of(root() / "purge.json"))["purges"].at(0);
  EXPECT_EQ(certificate["complete"], true);
  EXPECT_EQ(certificate["lethe"], "0.1.0");
  EXPECT_EQ(certificate["forget_samples"].size(), 40u);
  const auto row = std::ranges::find_if(certificate["files"],
                                        [](const Json& file) { return file["path"] == "records.jsonl"; });
  ASSERT_NE(row, certificate["files"].end());
  EXPECT_EQ((*row)["action"], "rewrite");
  EXPECT_EQ((*row)["hash_before"], hash);
  EXPECT_EQ((*row)["hash_after"], base::hash_file(root() / "records.jsonl"));
  EXPECT_EQ((*row)["forget_samples"], 40);
}

TEST_F(PurgedRun, CanBePurgedAgainAndThenChangesNothing) {
  (void)purge({root()}, kOptions);
  const std::string records = text_of(root() / "records.jsonl");
  (void)purge({root()}, kOptions);
  EXPECT_EQ(text_of(root() / "records.jsonl"), records);
  EXPECT_EQ(Json::parse(text_of(root() / "purge.json"))["purges"].size(), 2u);
}

TEST_F(PurgedRun, ListsWithoutChanging) {
  const PurgePlan plan = plan_purges({root()}, kOptions).front();
  expect_untouched();
  const auto row = std::ranges::find(plan.files, "cache/forget.tokens", &HeldFile::path);
  ASSERT_NE(row, plan.files.end());
  EXPECT_EQ(row->action, PurgeAction::remove);
  EXPECT_EQ(row->num_forget_samples, 40u);
}

// A token store of one sample in a cache beside the run.
std::filesystem::path write_store(const std::filesystem::path& cache, const std::string& key,
                                  const std::string& id) {
  const data::TokenizedSample tokens{.ids = {1, 2, 3}, .prompt_tokens = 1};
  std::filesystem::create_directories(cache);
  data::write_token_part(
      cache,
      {.key = base::hash_text(key), .all_samples = 1, .samples = {&tokens, 1}, .sample_ids = {&id, 1}});
  return data::part_path(cache, base::hash_text(key), 0, 1);
}

TEST_F(PurgedRun, RemovesFromASharedCacheWhatHoldsItsSamplesAndNothingElse) {
  const auto all = generations();
  const std::string forget_id = std::ranges::find(all, "forget", &GenerationRecord::set)->id;
  const auto forget = write_store(folder_ / "shared", "a", forget_id),
             other = write_store(folder_ / "shared", "b", base::hash_text("another sample"));
  write_text(folder_ / "shared/reference-00.bin", "numbers");
  (void)purge({root()}, {.lethe_version = "0.1.0", .shared_caches = {folder_ / "shared"}});
  EXPECT_FALSE(std::filesystem::exists(forget));
  EXPECT_TRUE(std::filesystem::exists(other));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "shared/reference-00.bin"));
  const Json certificate = Json::parse(text_of(root() / "purge.json"))["purges"].at(0);
  EXPECT_EQ(certificate["shared_caches"].size(), 2u);
}

TEST_F(PurgedRun, MoreRunsThanFilesMayBeOpenAtFirst) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  std::vector<std::filesystem::path> runs;
  for (int i = 0; i < 60; ++i) {
    runs.push_back(folder_ / fmt::format("many/run-{}", i));
    std::filesystem::create_directories(runs.back());
    write_text(runs.back() / "config.yaml", "objective: npo\n");
  }
  const rlimit few{.rlim_cur = 40, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_EQ(purge(runs, kOptions).size(), 60u);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

// Other runs may use it, so it stays; but nobody may believe that all is gone.
// One that was stopped before anything else told which samples it had read.
TEST_F(PurgedRun, KnowsItsSamplesFromTheDataRecordAlone) {
  const std::string id = base::hash_text("a sample of no other record");
  const auto cache = folder_ / "shared";
  const auto store = write_store(cache, "a", id);
  std::filesystem::remove(root() / "records.jsonl");
  std::filesystem::remove(root() / "scores.jsonl");
  Writer(root() / "records.jsonl").append(DataRecord{.set = "forget", .num_samples = 1, .forget_ids = {id}});
  (void)purge({root()}, {.lethe_version = "0.1.0", .shared_caches = {cache}});
  EXPECT_FALSE(std::filesystem::exists(store));
}

TEST_F(PurgedRun, NamesACacheOfItsConfigurationThatItWasNotGiven) {
  const auto cache = folder_ / "shared";
  write_text(root() / "config.yaml", "objective: npo\ncache: " + cache.string() + "\n");
  const auto left = [&](const PurgeOptions& options) {
    return plan_purges({root()}, options).at(0).unpurged_caches;
  };
  EXPECT_TRUE(left(kOptions).empty());  // there is none
  (void)write_store(cache, "b", base::hash_text("another sample"));
  EXPECT_TRUE(left(kOptions).empty());
  const auto all = generations();
  const std::string id = std::ranges::find(all, "forget", &GenerationRecord::set)->id;
  const auto store = write_store(cache, "a", id);
  EXPECT_EQ(left(kOptions), std::vector{cache});
  EXPECT_TRUE(left({.lethe_version = "0.1.0", .shared_caches = {cache / "."}}).empty());
  (void)purge({root()}, kOptions);
  EXPECT_TRUE(std::filesystem::exists(store));
  const Json certificate = Json::parse(text_of(root() / "purge.json"))["purges"].at(0);
  EXPECT_EQ(certificate["caches_left"], Json::array({cache.string()}));
}

TEST_F(PurgedRun, ErasesAlsoWhatTheModelSaidWhenAskedForSomethingElse) {
  const auto all = generations();
  const auto forget = *std::ranges::find(all, "forget", &GenerationRecord::set);
  Writer(root() / "records.jsonl")
      .append(GenerationRecord{.tag = "after",
                               .set = "retain",
                               .id = "r",
                               .row = 1,
                               .question = "Unrelated?",
                               .answer = "Unrelated.",
                               .generated = "Well: " + forget.answer});
  (void)purge({root()}, kOptions);
  EXPECT_TRUE(generations().back().purged);
}

// Its forget ids are of windows, which no row of the file has.
TEST_F(PurgedRun, ErasesWhatTheModelSaidOfARunningText) {
  write_text(folder_ / "news.jsonl",
             R"({"text": "Kalmora, Monday\nThe mayor opened the bridge.\nIt rained."})");
  write_text(root() / "config.yaml",
             fmt::format("model: {{path: m}}\ndata:\n  forget: {{path: {}, format: text}}\n"
                         "  retain: {{path: none.jsonl}}\n",
                         (folder_ / "news.jsonl").string()));
  GenerationRecord said{.tag = "after", .set = "retain", .id = "r", .row = 1, .question = "Unrelated?"};
  said.generated = "It is said: The mayor opened the bridge. Then";
  Writer(root() / "records.jsonl").append(said);
  said.generated = "It rained.";
  Writer(root() / "records.jsonl").append(said);
  (void)purge({root()}, kOptions);
  const auto after = generations();
  EXPECT_TRUE(after[after.size() - 2].purged);
  EXPECT_FALSE(after.back().purged) << "too short to tell";
}

// A release may refuse what an earlier one ran; the texts are looked for all the same.
TEST_F(PurgedRun, FindsTheTextsOfAConfigurationThatNoRunWouldTakeToday) {
  write_text(folder_ / "news.jsonl", R"({"text": "The mayor opened the bridge."})");
  write_text(root() / "config.yaml",
             fmt::format("model: {{path: m}}\nobjective: gone\ndata:\n  forget: {{path: {}, format: text}}\n"
                         "  retain: {{path: none.jsonl}}\n",
                         (folder_ / "news.jsonl").string()));
  GenerationRecord said{.tag = "after", .set = "retain", .id = "r", .row = 1, .question = "Unrelated?"};
  said.generated = "It is said: The mayor opened the bridge. Then";
  Writer(root() / "records.jsonl").append(said);
  (void)purge({root()}, kOptions);
  EXPECT_TRUE(generations().back().purged);
}

TEST_F(PurgedRun, RefusesAFileThatItDoesNotKnow) {
  write_text(root() / "notes.txt", "mine");
  EXPECT_NE(refusal().find("1 of its files are unknown to this version (first: notes.txt)"),
            std::string::npos);
  expect_untouched();
}

TEST_F(PurgedRun, RefusesALink) {
  std::filesystem::create_symlink("/etc/hostname", root() / "cache/elsewhere");
  EXPECT_NE(refusal().find("cache/elsewhere"), std::string::npos);
  expect_untouched();
}

TEST_F(PurgedRun, RefusesAKindAndAFieldThatItDoesNotKnow) {
  const std::string records = text_of(root() / "records.jsonl");
  write_text(root() / "records.jsonl", records + "{\"schema\":1,\"kind\":\"dream\",\"time\":\"t\"}\n");
  EXPECT_NE(refusal().find("is of a kind that is unknown"), std::string::npos);
  write_text(
      root() / "records.jsonl",
      records + "{\"schema\":1,\"kind\":\"step\",\"time\":\"t\",\"step\":99,\"comment\":\"a text\"}\n");
  EXPECT_NE(refusal().find("unknown to this version: comment"), std::string::npos);
  write_text(root() / "records.jsonl", records +
                                           "{\"schema\":1,\"kind\":\"evaluation\",\"time\":\"t\",\"samples\":"
                                           "[{\"id\":\"a\",\"said\":\"a text\"}]}\n");
  EXPECT_NE(refusal().find("samples.0.said"), std::string::npos);
  expect_untouched();
}

TEST_F(PurgedRun, RefusesDamagedRecordsButForTheirEnd) {
  const std::string records = text_of(root() / "records.jsonl");
  const auto second = records.find('\n') + 1;
  write_text(root() / "records.jsonl",
             records.substr(0, second + 20) + records.substr(records.find('\n', second)));
  EXPECT_NE(refusal().find("records.jsonl:2 is damaged, and others follow it"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(root() / "purge.json"));
  write_text(root() / "records.jsonl", records + "{\"schema\":1,\"ki");
  (void)purge({root()}, kOptions);
  EXPECT_TRUE(Json::parse(text_of(root() / "purge.json"))["purges"].at(0)["complete"].get<bool>());
}

TEST_F(PurgedRun, RefusesWhenSomethingKeptQuotesAForgetSample) {
  const auto all = generations();
  const auto forget = *std::ranges::find(all, "forget", &GenerationRecord::set);
  write_text(root() / "config.yaml", "note: \"" + forget.answer + "\"\n");
  EXPECT_NE(refusal().find("config.yaml quotes a forget sample"), std::string::npos);
  write_text(root() / "config.yaml", "objective: npo\n");
  Writer(root() / "records.jsonl")
      .append(EventRecord{.name = "warning", .message = "odd: " + forget.question});
  EXPECT_NE(refusal().find("a event record"), std::string::npos);
  expect_untouched();
}

TEST_F(PurgedRun, WaitsForNobodyThatWritesIt) {
  const RunLock lock(RunPaths{root()}.lock());
  EXPECT_EQ(error_key([&] { (void)purge({root()}, kOptions); }), "out.locked");
  expect_untouched();
}

TEST(Purge, RefusesAFolderThatIsNoRun) {
  const ScratchFolder folder;
  write_text(folder / "thesis.tex", "chapter one");
  EXPECT_EQ(error_key([&] { (void)purge({folder.path()}, kOptions); }), "run.missing");
  EXPECT_TRUE(std::filesystem::exists(folder / "thesis.tex"));
}

}  // namespace
}  // namespace lethe::run
