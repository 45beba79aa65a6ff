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

TEST(Erasure, ShowsTheCertificate) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run");
  const std::string certificate =
      R"({"purges": [{"time": "T", "complete": true, "note": "N", "search_afterwards": {"files": 8, "forget_texts": 80, "runs_of_8_token_ids": 2746, "found": 0}, "files": [{"path": "cache/x", "action": "remove", "held": "tokens"}]}]})";
  const std::string html = render_erasure(load_run(folder / "run"), certificate, {});
  EXPECT_THAT(html,
              HasSubstr("Purge of T, complete. Afterwards the 8 files that stay were searched for 80 texts"));
  EXPECT_THAT(html, HasSubstr("2,746 runs of eight of its token ids: 0 found. N"));
  EXPECT_THAT(html, HasSubstr("cache/x"));
}

}  // namespace
}  // namespace lethe::report
