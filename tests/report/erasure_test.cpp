// The erasure record says what was forgotten without repeating it.
#include "framework/report/erasure.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "tests/records/scratch_folder.h"
#include "tests/report/fixture.h"

namespace lethe::report {
namespace {

using records::ScratchFolder;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Erasure, NamesSamplesByHashAndQuotesThemOnlyWhereAsked) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run");
  const RunSummary run = load_run(folder / "run");
  std::string question, id;
  for (const auto& g : run.generations)
    if (g.set == "forget") question = g.question, id = g.id;
  ASSERT_FALSE(question.empty());
  const std::string plain = render_erasure(run, "", {.time = "2026-01-31"});
  EXPECT_THAT(plain, HasSubstr(id));
  EXPECT_THAT(plain, HasSubstr("2026-01-31"));
  EXPECT_THAT(plain, HasSubstr("were not purged"));
  for (const auto& g : run.generations)
    EXPECT_TRUE(g.set != "forget" || plain.find(g.question) == std::string::npos) << g.question;
  EXPECT_THAT(render_erasure(run, "", {.with_texts = true}), HasSubstr(question));
}

TEST(Erasure, NamesNoSampleOfASetThatWasNotToBeForgotten) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run");
  RunSummary run = load_run(folder / "run");
  const auto measured_on = [&](const std::string& set, const std::string& id) {
    run.evaluations.push_back({.tag = "after", .set = set, .samples = {{.id = id, .row = 0, .values = {}}}});
    run.generations.push_back({.tag = "after", .set = set, .id = id, .question = "of " + id});
  };
  measured_on("utility", "kept-sample");
  measured_on("retain_knowmem", "known-sample");
  measured_on("forget_first", "earlier-sample");
  const std::string html = render_erasure(run, "", {.with_texts = true});
  EXPECT_THAT(html, Not(HasSubstr("kept-sample")));
  EXPECT_THAT(html, Not(HasSubstr("known-sample")));
  EXPECT_THAT(html, HasSubstr("of earlier-sample")) << "what an earlier request forgot";
  EXPECT_THAT(html, HasSubstr("Samples</th><td>41</td>"));
}

TEST(Erasure, SaysWhatItCannotKnow) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run");
  RunSummary run = load_run(folder / "run");
  const auto looked_at = static_cast<std::int64_t>(run.after("forget")->samples.size());
  run.data = {{.set = "forget", .num_samples = looked_at}};
  EXPECT_THAT(render_erasure(run, "", {}), Not(HasSubstr("were evaluated after the run")));
  EXPECT_THAT(render_erasure(run, "", {}), HasSubstr("The run wrote no model"));
  run.data.front().num_samples = looked_at + 30;
  EXPECT_THAT(render_erasure(run, "", {}),
              HasSubstr(fmt::format("Of the {} samples of the forget set, {} were evaluated", looked_at + 30,
                                    looked_at)));
}

TEST(Erasure, QuotesNothingOfARunThatIsConfiguredToBeRedacted) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run");
  RunSummary run = load_run(folder / "run");
  EXPECT_THAT(render_erasure(run, "", {.with_texts = true}), Not(HasSubstr("report.redact: forget")));
  run.run->config_yaml += "report:\n  redact: forget\n";
  const std::string html = render_erasure(run, "", {.with_texts = true});
  EXPECT_THAT(html, HasSubstr("the configuration of the run leaves them out (report.redact: forget)"));
  for (const auto& g : run.generations)
    EXPECT_TRUE(g.set != "forget" || html.find(g.question) == std::string::npos) << g.question;
}

TEST(Erasure, QuotesNothingWhereRedactionIsAskedFor) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run");
  const RunSummary run = load_run(folder / "run");
  const std::string html = render_erasure(run, "", {.with_texts = true, .redact_forget = true});
  EXPECT_THAT(html, HasSubstr("Texts were asked for; --redact leaves them out."));
  for (const auto& g : run.generations)
    EXPECT_TRUE(g.set != "forget" || html.find(g.question) == std::string::npos) << g.question;
  EXPECT_THAT(render_erasure(run, "", {.redact_forget = true}), Not(HasSubstr("Texts were asked for")));
}

TEST(Erasure, SaysWhatTheMethodDoes) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run", {.method = {{"formula", "-log p < 0"}, {"source", "a paper"}}});
  const std::string html = render_erasure(load_run(folder / "run"), "", {});
  EXPECT_THAT(html, HasSubstr("<code>-log p &lt; 0</code>"));
  EXPECT_THAT(html, HasSubstr("a paper"));
  EXPECT_THAT(html, HasSubstr("beta 0.1"));
  EXPECT_THAT(html, Not(HasSubstr("What it is for")));
  testing::write_fixture(folder / "earlier");
  EXPECT_THAT(render_erasure(load_run(folder / "earlier"), "", {}), Not(HasSubstr("What it minimises")));
}

// The message that a run of this fixture is refused with; empty where it gets its record.
std::string refusal_of(const testing::FixtureRun& fixture) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run", fixture);
  std::string message;
  try {
    (void)write_erasure(folder / "run", folder / "run", {});
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "run.erasure");
    message = e.what();
  }
  EXPECT_EQ(std::filesystem::exists(folder / "run/erasure.html"), message.empty());
  return message;
}

TEST(Erasure, IsWrittenForAnUnlearningOnly) {
  EXPECT_EQ(refusal_of({}), "");
  EXPECT_THAT(refusal_of({.objective = "finetune", .purpose = "finetuning"}),
              HasSubstr("is a finetuning (objective finetune): it taught what it was given"));
  EXPECT_THAT(refusal_of({.objective = "finetune", .purpose = "retraining", .data_exclude = "forget"}),
              HasSubstr("is a retrained model (data.exclude: forget): it never saw the forget set"));
}

TEST(Erasure, OfARunThatDoesNotSayItsPurposeGoesByItsConfiguration) {
  EXPECT_EQ(refusal_of({.purpose = ""}), "");
  EXPECT_THAT(refusal_of({.objective = "finetune", .purpose = ""}), HasSubstr("is a finetuning"));
  EXPECT_THAT(refusal_of({.objective = "finetune", .purpose = "", .data_exclude = "forget"}),
              HasSubstr("is a retrained model"));
}

TEST(Erasure, SaysWhichSamplesWereSelected) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run");
  RunSummary run = load_run(folder / "run");
  EXPECT_THAT(render_erasure(run, "", {}), Not(HasSubstr("Forget set selected")));
  run.data[0].selection = "middle by mrd, 20 of 40";
  EXPECT_THAT(render_erasure(run, "", {}),
              HasSubstr("Forget set selected</th><td>middle by mrd, 20 of 40</td>"));
}

TEST(Erasure, ShowsTheCertificate) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run");
  const std::string certificate =
      R"({"purges": [{"time": "T", "complete": true, "note": "N", "search_afterwards": {"files": 8, "forget_texts": 80, "runs_of_8_token_ids": 2746, "found": 0}, "files": [{"path": "cache/x", "action": "remove", "held": "tokens"}]}]})";
  const std::string html = render_erasure(load_run(folder / "run"), certificate, {});
  EXPECT_THAT(
      html,
      HasSubstr(
          "<h3>Purge of T, complete</h3><p>Afterwards the 8 files that stay were searched for 80 texts"));
  EXPECT_THAT(html, HasSubstr("2,746 runs of eight of its token ids: 0 found. N"));
  EXPECT_THAT(html, HasSubstr("cache/x"));
}

TEST(Erasure, ShowsEveryPurgeTheNewestFirst) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run");
  const std::string certificate = R"({"purges": [
    {"time": "T1", "complete": true, "files": [{"path": "cache/x", "action": "remove", "held": "tokens"}],
     "shared_caches": [{"path": "/shared/y.tokens", "action": "remove", "held": "tokens of samples"}]},
    {"time": "T2", "complete": true, "files": [{"path": "evals/z", "action": "remove", "held": "texts"},
                                               {"path": "run.json", "action": "keep", "held": "provenance"}]}]})";
  const std::string html = render_erasure(load_run(folder / "run"), certificate, {});
  EXPECT_LT(html.find("Purge of T2"), html.find("evals/z"));
  EXPECT_LT(html.find("evals/z"), html.find("Purge of T1"));
  EXPECT_LT(html.find("Purge of T1"), html.find("cache/x"));
  EXPECT_THAT(html, HasSubstr("/shared/y.tokens <small>of a cache that runs shared"));
  EXPECT_THAT(html, Not(HasSubstr("<td>run.json")));
}

TEST(Erasure, SaysThatTheCacheOfTheRunWasNotPurged) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run",
                         {.more_config = fmt::format("cache: {}\n", (folder / "shared").string())});
  const RunSummary run = load_run(folder / "run");
  const std::string plain = R"({"purges": [{"time": "T", "complete": true, "files": []}]})";
  EXPECT_THAT(render_erasure(run, plain, {}), Not(HasSubstr("is still there")));
  std::filesystem::create_directories(folder / "shared");
  EXPECT_THAT(render_erasure(run, plain, {}),
              HasSubstr("lethe purge RUN --cache " + (folder / "shared").string()));
  const std::string purged = R"({"purges": [{"time": "T", "complete": true, "files": [], "shared_caches":
      [{"path": "runs/shared/cache/y.tokens", "action": "remove", "held": "tokens"}]}]})";
  EXPECT_THAT(render_erasure(run, purged, {}), Not(HasSubstr("is still there")));
  const auto given = [&](const char* cache) {
    return fmt::format(
        R"({{"purges": [{{"complete": true, "files": [], "shared_caches": [], "caches_purged": ["{}"]}}]}})",
        (folder / cache).string());
  };
  EXPECT_THAT(render_erasure(run, given("shared/../shared"), {}), Not(HasSubstr("is still there")))
      << "another run of the same command had taken everything";
  EXPECT_THAT(render_erasure(run, given("another"), {}), HasSubstr("is still there"));
}

TEST(Erasure, SaysWhatAPurgeDidNotSearchFor) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run");
  const std::string certificate =
      R"({"purges": [{"time": "T", "complete": true, "search_afterwards":
          {"files": 8, "forget_texts": 80, "runs_of_8_token_ids": 0, "found": 0}, "files": []}]})";
  const std::string html = render_erasure(load_run(folder / "run"), certificate, {});
  EXPECT_THAT(
      html, HasSubstr("were searched for 80 texts of the forget set: 0 found. Token ids were not searched"));
  EXPECT_THAT(html, Not(HasSubstr("Texts were not searched")));
}

TEST(Erasure, OfAnInterruptedPurgeSaysThatItIsToRunAgain) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run");
  const std::string html = render_erasure(
      load_run(folder / "run"),
      R"({"purges": [{"time": "T", "complete": false, "search_afterwards": null, "files": []}]})", {});
  EXPECT_THAT(html, HasSubstr("Purge of T, interrupted: run it again"));
  EXPECT_THAT(render_erasure(load_run(folder / "run"), "[]", {}), HasSubstr("is no certificate"));
  const std::string later = render_erasure(
      load_run(folder / "run"),
      R"({"purges": [{"time": "T1", "complete": false}, {"time": "T2", "complete": true}]})", {});
  EXPECT_THAT(later, HasSubstr("Purge of T1, interrupted</h3>"));
}

}  // namespace
}  // namespace lethe::report
