// Groups side by side: samplers with everything else equal, methods on each set of samples to forget.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/report/study/groups.h"
#include "framework/report/study/study_figures.h"
#include "framework/report/study/study_page.h"
#include "framework/report/study/study_table.h"
#include "tests/report/campaign_fixture.h"

namespace lethe::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_of;

// Once a sampler's settings, which the others lack, kept their runs apart.
TEST(SideBySide, SamplersOfSingleRunsAreComparedWhateverSettingsEachHas) {
  std::vector<RunSummary> runs;
  for (const int seed : {1, 2, 3, 4}) {
    const double base = 0.1 * seed;
    runs.push_back(run_of("sampler:\n  name: uniform\n", seed, base + 0.2));
    runs.back().run->sampler = "uniform";
    runs.push_back(run_of("sampler:\n  name: mrd\n  power: 1\n  floor: 0.1\n", seed, base + 0.1));
  }
  const Study study = study_of(runs);
  const Figure figure = sampler_figure(study);
  EXPECT_THAT(figure.numbers, HasSubstr("<th scope=\"row\">npo</th><td class=\"word\">mrd, 0.1, 1 \u2212 "
                                        "uniform</td><td>\u22120.100 \u00B1 0.000</td>"));
}

// grad_diff forgets 0.1 less than npo, of easy samples and of hard ones; easy ones were forgotten by 0.5
// more.
Study strata_study() {
  Study study{
      .name = "strata",
      .columns = {{"objective"}, {"data.forget.select.by"}, {"data.forget.select.stratum"}, {"seed", true}}};
  for (const bool is_hard : {false, true})
    for (const bool is_npo : {true, false})
      for (const int seed : {1, 2})
        study.cells.push_back(
            {.number = study.cells.size() + 1,
             .choices = {{"objective", is_npo ? "npo" : "grad_diff"},
                         {"data.forget.select.by", "mrd"},
                         {"data.forget.select.stratum", is_hard ? "hard" : "easy"},
                         {"seed", std::to_string(seed)}},
             .state = "done",
             .metrics = {{"forget.probability", 0.1 * seed + (is_hard ? 0.5 : 0) + (is_npo ? 0 : 0.1)},
                         {"retain.probability", is_npo ? 0.8 : 0.7}}});
  return study;
}

TEST(SideBySide, StrataStandSideBySideAndMethodsAreComparedWithin) {
  const Figure figure = strata_figure(strata_study());
  EXPECT_EQ(figure.title, "Methods on samples of each difficulty");
  EXPECT_THAT(figure.numbers, HasSubstr("<th>mrd, easy</th><th>mrd, hard</th>"));
  const auto at = figure.numbers.find("<th scope=\"row\">grad_diff</th>");
  ASSERT_NE(at, std::string::npos);
  const std::string row = figure.numbers.substr(at, figure.numbers.find("</tr>", at) - at);
  EXPECT_THAT(row, HasSubstr("0.250 \u00B1 0.635<br><small class=\"clear\">+0.100"));
  EXPECT_THAT(row, HasSubstr("0.750 \u00B1 0.635<br><small class=\"clear\">+0.100"));
}

records::DataRecord whole_set() {
  return {.set = "forget", .path = "all.jsonl", .hash = "file", .num_samples = 40};
}

records::DataRecord part_of_it(const std::string& stratum) {
  records::DataRecord part = whole_set();
  part.num_samples = 10;
  part.selection = stratum + " by mrd, 10 of 40";
  part.selection_hash = stratum;
  return part;
}

// An easy and a hard cell with one stage that trained and one that measured, each on samples of its own.
using DataOf = records::DataRecord (*)(const std::string& stratum);
Study measured_strata(DataOf trained_on, DataOf measured_on) {
  Study study{.name = "strata", .columns = {{"data.forget.select.stratum"}, {"seed", true}}};
  for (const std::string stratum : {"easy", "hard"}) {
    RunSummary trained = run_of("", 1, 0.3), last = run_of("", 1, stratum == "easy" ? 0.4 : 0.5);
    trained.evaluations[0].tag = "before";
    trained.data = {trained_on(stratum)};
    last.run->command = "eval";
    last.data = {measured_on(stratum)};
    last.evaluations.push_back({.tag = "before", .set = "retain", .aggregates = {{"probability", 0.8}}});
    StudyCell cell{.number = study.cells.size() + 1,
                   .choices = {{"data.forget.select.stratum", stratum}, {"seed", "1"}},
                   .state = "done",
                   .runs = {trained, last}};
    cell.take_metrics();
    study.cells.push_back(cell);
  }
  return study;
}

TEST(SideBySide, NumbersOfTheSamplesThatWereTrainedStandUnderTheirStratum) {
  const Study study = measured_strata(part_of_it, part_of_it);
  EXPECT_THAT(strata_figure(study).numbers, HasSubstr("0.400 (one seed)"));
  EXPECT_EQ(other_samples_note(study), "");
  EXPECT_THAT(method_table(study), HasSubstr("before training</th><td>0.300"));
}

// Once a last stage that measured the whole set had its numbers under easy and hard.
TEST(SideBySide, NumbersOfTheSameSamplesStandUnderNoStratum) {
  const Study study = measured_strata(part_of_it, [](const std::string&) { return whole_set(); });
  const Figure figure = strata_figure(study);
  EXPECT_THAT(figure.numbers, Not(HasSubstr("0.400 (one seed)")));
  EXPECT_THAT(figure.numbers, HasSubstr("0.800 (one seed)")) << "what was to be kept is the same for both";
  EXPECT_THAT(method_table(study), Not(HasSubstr("before training")));
  const char* note =
      "Numbers to forget are of other samples than the training had in 2 of 2 cells (cell 1: all 40 samples, "
      "not easy by mrd, 10 of 40). They are the same samples whichever were chosen: compare methods by them, "
      "not choices, and let an axis that chooses samples touch the stage that measures too (stages: "
      "[unlearn, "
      "measure]).";
  EXPECT_EQ(other_samples_note(study), note);
  EXPECT_THAT(figure.lead, HasSubstr(note));
  EXPECT_THAT(study_markdown(study), HasSubstr(note));
  EXPECT_THAT(render_study(study), HasSubstr(note));
}

TEST(SideBySide, OneStratumThatIsMeasuredInEveryCellIsNotTheOthers) {
  const Study study = measured_strata(part_of_it, [](const std::string&) { return part_of_it("easy"); });
  EXPECT_THAT(strata_figure(study).numbers, Not(HasSubstr("0.400 (one seed)")));
  EXPECT_THAT(other_samples_note(study),
              HasSubstr("in 1 of 2 cells (cell 2: easy by mrd, 10 of 40, not hard"));
}

TEST(SideBySide, PartsOfWhatWasTrainedStandUnderTheirStratum) {
  const Study study = measured_strata([](const std::string&) { return whole_set(); }, part_of_it);
  EXPECT_THAT(strata_figure(study).numbers, HasSubstr("0.400 (one seed)"));
  EXPECT_THAT(other_samples_note(study), HasSubstr("(cell 1: easy by mrd, 10 of 40, not all 40 samples)."));
  EXPECT_FALSE(mixes_up_samples(study));
}

TEST(SideBySide, AMeasuredFileThatIsNotTheTrainedOneIsNamed) {
  const Study study = measured_strata(part_of_it, [](const std::string&) {
    return records::DataRecord{.set = "forget", .path = "more.jsonl", .hash = "other", .num_samples = 9};
  });
  EXPECT_THAT(other_samples_note(study),
              HasSubstr("all 9 samples of more.jsonl, not easy by mrd, 10 of 40 of all.jsonl"));
}

// Once a method on hard samples was compared with another one on easy samples.
TEST(SideBySide, DifferencesAndTheFrontStayWithinTheSameSamples) {
  const Study study = strata_study();
  const auto groups = groups_of(study);
  EXPECT_EQ(baseline_of(study, groups, groups[3]).label, "npo, mrd, hard");
  EXPECT_THAT(method_table(study), Not(HasSubstr("+0.600")));
  EXPECT_THAT(study_csv(study),
              HasSubstr("\ngrad_diff,mrd,hard,retain.probability,0.69999999999999996,0,2,-0.1"));
  EXPECT_TRUE(is_on_front(study, groups, groups[2], "forget.probability", "retain.probability"));
  EXPECT_FALSE(is_on_front(study, groups, groups[3], "forget.probability", "retain.probability"));
}

}  // namespace
}  // namespace lethe::report
