#include "framework/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <regex>

#include "framework/records/run_directory.h"
#include "framework/records/writer.h"
#include "framework/report/figures/figures.h"
#include "framework/report/html.h"
#include "framework/report/tables.h"
#include "tests/records/scratch_folder.h"
#include "tests/report/fixture.h"

namespace lethe::report {
namespace {

using records::ScratchFolder;
using records::text_of;
using testing::FixtureRun;
using testing::write_fixture;

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}

std::vector<RunSummary> two_runs(const ScratchFolder& folder) {
  write_fixture(folder / "mrd");
  write_fixture(folder / "uniform",
                {.name = "npo, uniform", .sampler = "uniform", .forgotten = 0.07, .kept = 0.79});
  return {load_run(folder / "mrd"), load_run(folder / "uniform")};
}

// Every tag that opens closes, in order: a reader's browser repairs what is not, and repairs differ.
void expect_balanced(const std::string& html) {
  const std::vector<std::string> alone{"meta", "line", "circle"};
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-z0-9]+)((?:\"[^\"]*\"|[^>\"])*?)(/?)>");
  const auto body = html.substr(html.find("<html"));
  for (auto it = std::sregex_iterator(body.begin(), body.end(), tag); it != std::sregex_iterator(); ++it) {
    const std::string name = (*it)[2];
    if ((*it)[4].length() > 0 || name == "meta") continue;
    if ((*it)[1].length() == 0) {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty());
    ASSERT_EQ(open.back(), name) << "near byte " << it->position();
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
}

TEST(Report, WritesThreeFilesFromRecordsAlone) {
  const ScratchFolder folder;
  write_fixture(folder / "run");
  const ReportFiles files = write_report({folder / "run"}, folder / "run");
  EXPECT_TRUE(contains(text_of(files.html), "<!doctype html>"));
  EXPECT_TRUE(contains(text_of(files.markdown), "| To forget | Answer probability | 0.9"));
  EXPECT_TRUE(contains(text_of(files.csv), "\"npo, MRD-weighted\",before,0,forget,probability,0.9"));
}

TEST(Report, HasEverySection) {
  const ScratchFolder folder;
  const std::string html = render_html(two_runs(folder));
  for (const char* id : {"change", "table", "examples", "trade-off", "loss", "difficulty", "coverage",
                         "provenance", "missing"})
    EXPECT_TRUE(contains(html, "<section id=\"" + std::string(id) + "\"")) << id;
}

TEST(Report, IsWellFormedAndItsIdsAreUnique) {
  const ScratchFolder folder;
  const std::string html = render_html(two_runs(folder));
  expect_balanced(html);
  std::vector<std::string> ids;
  const std::regex id(" id=\"([^\"]*)\"");
  for (auto it = std::sregex_iterator(html.begin(), html.end(), id); it != std::sregex_iterator(); ++it)
    ids.push_back((*it)[1]);
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

TEST(Report, NeedsNoNetworkAndNoScript) {
  const ScratchFolder folder;
  const std::string html = render_html(two_runs(folder));
  for (const char* outside : {"http://", "https://", "src=", "@import", "url(", "<script", "<link"})
    EXPECT_FALSE(contains(html, outside)) << outside;
}

TEST(Report, ShowsTheNumbersOfTheRecords) {
  const ScratchFolder folder;
  write_fixture(folder / "run");
  const RunSummary run = load_run(folder / "run");
  const std::string html = render_html({run});
  EXPECT_TRUE(contains(html, fmt::format("{:.3f}", run.before("forget")->aggregates.at("probability"))));
  EXPECT_TRUE(contains(html, fmt::format("{:.3f}", run.after("retain")->aggregates.at("rougeL_recall"))));
  EXPECT_TRUE(contains(
      plain_summary(run),
      "the answer probability went from 0.92 to 0.05; on what was to be kept, it went from 0.91 to 0.82"));
  EXPECT_TRUE(contains(plain_summary(run), "It stopped because the forget probability fell below 0.05."));
}

TEST(Report, DrawsTheDifficultyOfSamplesThatHaveOne) {
  const ScratchFolder folder;
  write_fixture(folder / "run");
  RunSummary run = load_run(folder / "run");
  run.scorings[0].scores[3].mrd = run.scorings[0].scores[20].mrd = NAN;
  const Figure figure = difficulty_figure({run, run});
  ASSERT_EQ(figure.drawings.size(), 1u) << "both have the same scores";
  EXPECT_TRUE(contains(figure.drawings[0].caption, "40 samples (2 without a finite score)"));
  EXPECT_FALSE(contains(figure.drawings[0].wide, "nan"));
  EXPECT_FALSE(contains(figure.numbers, "nan"));
  std::vector<double> shown;
  for (const auto& score : run.scorings[0].from_easy_to_hard()) shown.push_back(score.mrd);
  EXPECT_EQ(shown.size(), 38u);
  EXPECT_TRUE(std::ranges::is_sorted(shown, std::ranges::greater()));
  for (auto& score : run.scorings[0].scores) score.mrd = NAN;
  EXPECT_TRUE(difficulty_figure({run}).drawings.empty());
}

TEST(Report, QuotesTheEasiestAndTheHardestSamplesWhereTheRecordsHoldThem) {
  const ScratchFolder folder;
  write_fixture(folder / "run");
  RunSummary run = load_run(folder / "run");
  for (auto& score : run.scorings[0].scores) score.mrd = static_cast<double>(100 - score.row);
  std::map<std::int64_t, std::string> questions;
  for (const auto& g : run.generations)
    if (g.set == "forget") questions[g.row] = g.question;
  const std::string html = render_html({run});
  const std::string section = html.substr(html.find("<section id=\"extremes\""));
  const std::size_t easiest = section.find(">Easiest<"), hardest = section.find(">Hardest<");
  EXPECT_TRUE(contains(section.substr(easiest, hardest - easiest), escape(questions[0])));
  EXPECT_FALSE(contains(section.substr(easiest, hardest - easiest), escape(questions[39])));
  EXPECT_TRUE(contains(section.substr(hardest), escape(questions[39])));
  expect_balanced(html);
  EXPECT_FALSE(contains(render_html(two_runs(folder)), "<section id=\"extremes\"")) << "of one run only";
}

TEST(Report, SaysAfterHowManyUpdatesItsFirstScoringWas) {
  const ScratchFolder folder;
  write_fixture(folder / "run");
  RunSummary first = load_run(folder / "run"), later = first;
  later.scorings[0].step = 3;
  later.scorings[0].scores[0].mrd += 1;
  EXPECT_TRUE(contains(difficulty_figure({first}).lead, "every forget sample before the first step."));
  EXPECT_TRUE(contains(difficulty_figure({later}).lead, "every forget sample after 3 updates."));
  const std::string html = render_html({later});
  EXPECT_TRUE(contains(html, "By memory removal difficulty (MRD) after 3 updates:"));
  EXPECT_FALSE(contains(html, "before the first step"));
  const Figure both = difficulty_figure({first, later});
  EXPECT_TRUE(contains(both.lead, "every forget sample."));
  ASSERT_EQ(both.drawings.size(), 2u);
  EXPECT_TRUE(contains(both.drawings[0].caption, "40 samples before the first step"));
  EXPECT_TRUE(contains(both.drawings[1].caption, "40 samples after 3 updates"));
}

TEST(Report, SharesTheColumnBeforeWhereAMetricStandsOnlyAfter) {
  const ScratchFolder folder;
  auto runs = two_runs(folder);
  const auto columns = [&] { return count(change_table(runs), ">before</th>"); };
  ASSERT_EQ(columns(), 1u);
  for (RunSummary& run : runs)
    for (auto& evaluation : run.evaluations)
      if (evaluation.tag == "after") evaluation.aggregates["privleak"] = 1;
  EXPECT_EQ(columns(), 1u);
}

// Once its samples were ranked by round-off, and stood there as not recorded.
TEST(Report, HasNoEasiestAndNoHardestOfAScoringThatSawNothing) {
  const ScratchFolder folder;
  write_fixture(folder / "run");
  RunSummary run = load_run(folder / "run");
  run.scorings[0].header->effective_samples = 0;
  const std::string html = render_html({run});
  EXPECT_TRUE(contains(html, "The scoring told no sample from zero"));
  EXPECT_FALSE(contains(html, ">Easiest<"));
  EXPECT_TRUE(contains(html, "MRD against length: rank correlation not defined."));
  EXPECT_TRUE(contains(html, "saw nothing: none of its"));
  EXPECT_FALSE(contains(html, "within three standard errors of zero (unresolved)"));
  expect_balanced(html);
}

TEST(Report, LeavesTheEasiestAndTheHardestOutWhereTheForgetSetIsRedacted) {
  const ScratchFolder folder;
  write_fixture(folder / "run");
  const auto html = [&](const ReportOptions& options) {
    return text_of(write_report({folder / "run"}, folder / "run", options).html);
  };
  EXPECT_TRUE(contains(html({}), "<section id=\"extremes\""));
  EXPECT_FALSE(contains(html({.redact_forget = true}), "<section id=\"extremes\""));
}

// Once "nan [nan, nan]" stood there.
TEST(Report, SaysWhyACharacteristicGoesWithNothing) {
  const ScratchFolder folder;
  write_fixture(folder / "run");
  RunSummary run = load_run(folder / "run");
  records::RelationRow constant{.name = "near_copies_forget", .undefined = "constant"};
  constant.rho = constant.rho_low = constant.rho_high = constant.partial = constant.hard_mean = NAN;
  run.analysis = records::AnalysisRecord{.relations = {constant}};
  const std::string html = render_html({run});
  EXPECT_TRUE(contains(html,
                       "<td class=\"none\">\u2013 (constant)</td><td class=\"none\">\u2013 (not "
                       "defined)</td><td>0</td><td class=\"none\">\u2013</td>"));
  EXPECT_TRUE(contains(html, "near copies forget: constant</text>"));
  EXPECT_FALSE(contains(html, "nan ["));
}

TEST(Report, DrawsDifficultiesFromLargeToSmall) {
  const ScratchFolder folder;
  write_fixture(folder / "run");
  RunSummary run = load_run(folder / "run");
  for (auto& score : run.scorings[0].scores) score.mrd = static_cast<double>(100 - score.row);
  const std::string html = render_html({run});
  EXPECT_LT(html.find("row 0: MRD"), html.find("row 39: MRD")) << "a large MRD is read as easily forgotten";
}

TEST(Report, SaysWhichSamplesWereSelected) {
  const ScratchFolder folder;
  write_fixture(folder / "run");
  RunSummary run = load_run(folder / "run");
  EXPECT_FALSE(contains(render_html({run}), "Selected (forget)"));
  run.data[0].selection = "middle by mrd, 20 of 40";
  run.data[0].selection_hash = "5e1ec7ed";
  const std::string html = render_html({run});
  EXPECT_TRUE(contains(html, "samples to forget (selected: middle by mrd, 20 of 40)"));
  EXPECT_TRUE(contains(html, "<th scope=\"row\">Selected (forget)</th><td>middle by mrd, 20 of 40</td>"));
  EXPECT_TRUE(contains(html, "Hash of the selection (forget)"));
}

TEST(Report, ChangesWhenOneAnswerDoes) {
  const ScratchFolder folder;
  write_fixture(folder / "run");
  const std::string before = render_html({load_run(folder / "run")});
  std::string records = text_of(folder / "run/records.jsonl");
  const auto at = records.rfind("bakery");
  ASSERT_NE(at, std::string::npos);
  // Every generation, so that the five shown are among them.
  records = std::regex_replace(records, std::regex("a bakery near"), "a tavern near");
  records::write_text(folder / "run/records.jsonl", records);
  EXPECT_NE(render_html({load_run(folder / "run")}), before);
}

TEST(Report, EscapesWhateverAModelWrites) {
  const ScratchFolder folder;
  write_fixture(folder / "run", {.name = "<b>\"bold\" & 'quoted'</b>"});
  {
    records::Writer writer(folder / "run/records.jsonl");
    for (const char* tag : {"before", "after"})
      writer.append(records::GenerationRecord{.tag = tag,
                                              .set = "forget",
                                              .id = "x",
                                              .row = 0,
                                              .question = "<script>alert(1)</script>",
                                              .answer = "&amp;",
                                              .generated = "</dd></article><img onerror=alert(1)>"});
  }
  RunSummary run = load_run(folder / "run");
  std::erase_if(run.generations, [](const auto& g) { return g.id != "x"; });
  const std::string html = render_html({run});
  EXPECT_FALSE(contains(html, "<script"));
  EXPECT_FALSE(contains(html, "<img"));
  EXPECT_FALSE(contains(html, "<b>"));
  EXPECT_TRUE(contains(html, "&lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_TRUE(contains(html, "&amp;amp;"));
  expect_balanced(html);
}

TEST(Report, OfAKilledRunSaysWhatIsMissing) {
  const ScratchFolder folder;
  write_fixture(folder / "run", {.is_complete = false});
  const std::string whole = text_of(folder / "run/records.jsonl");
  records::write_text(folder / "run/records.jsonl", whole.substr(0, whole.size() - 9));
  const std::string html = render_html({load_run(folder / "run")});
  EXPECT_TRUE(contains(html, "ends in half a line"));
  EXPECT_TRUE(contains(html, "The run did not end by itself"));
  expect_balanced(html);
}

TEST(Report, OfAScoringAloneShowsTheDifficulties) {
  const ScratchFolder folder;
  write_fixture(folder / "run");
  std::filesystem::remove(folder / "run/records.jsonl");
  const std::string html = render_html({load_run(folder / "run")});
  EXPECT_TRUE(contains(html, "<section id=\"difficulty\""));
  EXPECT_FALSE(contains(html, "<section id=\"loss\""));
  EXPECT_TRUE(contains(html, "Nothing was evaluated"));
  expect_balanced(html);
}

TEST(Report, SurvivesNumbersThatAreNone) {
  const ScratchFolder folder;
  write_fixture(folder / "run");
  RunSummary run = load_run(folder / "run");
  run.steps[3].loss = std::nan("");
  run.steps[4].gradient_norm = INFINITY;
  run.evaluations.back().aggregates["probability"] = std::nan("");
  for (auto& score : run.scorings[0].scores) score.mrd = 0;
  const std::string html = render_html({run});
  expect_balanced(html);
  EXPECT_FALSE(
      std::regex_search(html, std::regex(" (x|y|x1|x2|y1|y2|d|cx|cy|width|height)=\"[^\"]*(nan|inf)")));
}

TEST(Report, RefusesAFolderWithoutRecords) {
  const ScratchFolder folder;
  EXPECT_EQ(records::error_key([&] { (void)load_run(folder.path()); }), "run.missing");
}

TEST(Report, SharesOneDrawingOfSharedScores) {
  const ScratchFolder folder;
  const auto runs = two_runs(folder);
  EXPECT_EQ(count(render_html(runs), "id=\"mrd-wide-"), 2u) << "one drawing has a title and a description";
}

// Left where a person can look at it.
TEST(Report, IsKeptForLookingAt) {
  const std::filesystem::path kept = std::filesystem::path(LETHE_BINARY_DIR) / "test-results" / "report";
  std::filesystem::remove_all(kept);
  write_fixture(kept / "mrd");
  write_fixture(kept / "uniform",
                {.name = "npo, uniform", .sampler = "uniform", .forgotten = 0.07, .kept = 0.79});
  (void)write_report({kept / "mrd"}, kept / "mrd");
  const ReportFiles files = write_report({kept / "mrd", kept / "uniform"}, kept);
  EXPECT_GT(std::filesystem::file_size(files.html), 10000u);
}

}  // namespace
}  // namespace lethe::report
