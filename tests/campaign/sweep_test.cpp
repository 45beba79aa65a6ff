// Laws of sweeps: how many cells, in which order, what is left out.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "framework/base/error.h"
#include "framework/campaign/sweep.h"
#include "tests/campaign/support.h"

namespace lethe::campaign {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> titles(const std::string& rest) {
  const Folder folder;
  std::vector<std::string> titles;
  for (const Cell& cell : expand(options_of(folder, "campaign:\n  base: run.yaml\n" + rest)))
    titles.push_back(cell.title());
  return titles;
}

TEST(Sweep, AGridIsEveryCombinationOnceAndTheLastAxisGoesFastest) {
  const auto cells = titles("  axes: {objective: [npo, rmu], rate: [1, 2]}\n  repeats: {seeds: [7, 8]}\n");
  EXPECT_EQ(cells.size(), 8u);
  EXPECT_EQ(std::set(cells.begin(), cells.end()).size(), 8u);
  EXPECT_EQ(cells.at(0), "objective=npo, rate=1, seed=7");
  EXPECT_EQ(cells.at(1), "objective=npo, rate=1, seed=8");
  EXPECT_EQ(cells.at(7), "objective=rmu, rate=2, seed=8");
}

TEST(Sweep, ZippedListsAreTakenTogether) {
  EXPECT_THAT(titles("  zip: [{rate: [1, 2], wait: [3, 4]}]\n"),
              ElementsAre("rate=1, wait=3", "rate=2, wait=4"));
  EXPECT_EQ(titles("  axes: {seed: [1, 2, 3]}\n  zip: [{rate: [1, 2], wait: [3, 4]}]\n").size(), 6u);
}

TEST(Sweep, ListedCellsStandAloneOrBesideAGridAndAreRepeated) {
  EXPECT_THAT(titles("  cells: [{rate: 1}, {rate: 2, wait: 5}]\n"), ElementsAre("rate=1", "rate=2, wait=5"));
  EXPECT_THAT(titles("  cells: [{rate: 1}]\n  repeats: {seeds: [1, 2]}\n"),
              ElementsAre("rate=1, seed=1", "rate=1, seed=2"));
  EXPECT_THAT(titles("  axes: {rate: [1, 2]}\n  cells: [{rate: 3}]\n"),
              ElementsAre("rate=1", "rate=2", "rate=3"));
}

TEST(Sweep, ExcludedCombinationsAreLeftOutByValueOrByName) {
  EXPECT_THAT(titles("  axes: {objective: [npo, rmu], sampler: [uniform, {name: mrd, floor: 0.1}]}\n"
                     "  exclude: [{objective: rmu, sampler: mrd}]\n"),
              ElementsAre("objective=npo, sampler=uniform", "objective=npo, sampler=mrd (floor=0.1)",
                          "objective=rmu, sampler=uniform"));
  EXPECT_THAT(titles("  axes: {rate: [1, 2, 3]}\n  exclude: [{rate: [1, 3]}]\n"), ElementsAre("rate=2"));
}

TEST(Sweep, NumbersAreMeantByTheirValue) {
  EXPECT_THAT(titles("  axes: {rate: [1e-5, 2e-5]}\n  exclude: [{rate: 0.00001}]\n"),
              ElementsAre("rate=2e-5"));
}

TEST(Sweep, AnOverrideOfWhatTheCellVariesIsRefused) {
  const auto refusal = [](const std::string& rest) {
    try {
      titles(rest);
      return std::string("not refused");
    } catch (const Error& e) {
      return e.key() + " " + e.message();
    }
  };
  const auto over = [](const std::string& place) {
    return ::testing::AllOf(::testing::HasSubstr("campaign.axis"), ::testing::HasSubstr("campaign.yaml:"),
                            ::testing::HasSubstr(place));
  };
  EXPECT_THAT(refusal("  axes: {rate: [1, 2]}\n  overrides: [{when: {rate: 1}, set: {rate: 3}}]\n"),
              over("rate over rate of cell rate=1"));
  EXPECT_THAT(refusal("  axes: {sampler: [{name: mrd, floor: 1}]}\n"
                      "  overrides: [{when: {sampler: mrd}, set: {sampler.floor: 3}}]\n"),
              over("sampler.floor over sampler"));
  EXPECT_THAT(refusal("  axes: {sampler.floor: [1]}\n"
                      "  overrides: [{when: {sampler.floor: 1}, set: {sampler: mrd}}]\n"),
              over("sampler over sampler.floor"));
  // Another listed cell varies it.
  EXPECT_EQ(refusal("  cells: [{rate: 1}, {wait: 5}]\n  overrides: [{when: {wait: 5}, set: {rate: 2}}]\n"),
            "not refused");
}

TEST(Sweep, AnExceptionThatMeetsNoCellIsRefused) {
  for (const char* exception :
       {"  exclude: [{rate: 1, wait: 6}]\n", "  overrides: [{when: {rate: 1, wait: 6}, set: {seed: 1}}]\n"}) {
    try {
      titles(std::string("  cells: [{rate: 1, wait: 5}, {rate: 2, wait: 6}]\n") + exception);
      ADD_FAILURE() << "not refused: " << exception;
    } catch (const Error& e) {
      EXPECT_EQ(e.key(), "campaign.axis");
      EXPECT_THAT(e.message(), ::testing::HasSubstr("meets no cell"));
    }
  }
}

TEST(Sweep, OverridesReachOnlyTheirCellsAndComeLast) {
  const Folder folder;
  const auto cells = expand(options_of(folder,
                                       "campaign:\n  base: run.yaml\n  axes: {objective: [npo, rmu]}\n"
                                       "  overrides: [{when: {objective: rmu}, set: {rate: 5}}]\n"));
  ASSERT_EQ(cells.size(), 2u);
  EXPECT_EQ(cells[0].settings.size(), 1u);
  ASSERT_EQ(cells[1].settings.size(), 2u);
  EXPECT_EQ(cells[1].settings[1].setting.key, "rate");
  EXPECT_EQ(cells[1].title(), "objective=rmu");  // an override is no axis
}

TEST(Sweep, TwoOverridesThatSayOtherwiseOfOneCellAreRefusedWithBothNamed) {
  const auto with = [](const std::string& second) {
    return "  axes: {objective: [npo, rmu], sampler: [uniform, mrd]}\n  overrides:\n"
           "    - {when: {objective: npo}, set: {rate: 1.0e-4}}\n    - " +
           second + "\n";
  };
  try {
    titles(with("{when: {sampler: mrd}, set: {rate: 9}}"));
    ADD_FAILURE() << "not refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "campaign.axis");
    EXPECT_THAT(e.message(), ::testing::HasSubstr("campaign.yaml:6:"));
    EXPECT_THAT(e.message(), ::testing::HasSubstr("campaign.yaml:5:"));
    EXPECT_THAT(e.message(), ::testing::HasSubstr("rate=9 for cell objective=npo, sampler=mrd"));
    EXPECT_THAT(e.message(), ::testing::HasSubstr("rate=1.0e-4"));
  }
  EXPECT_EQ(titles(with("{when: {sampler: mrd}, set: {rate: 0.0001}}")).size(), 4u);  // the same value
  EXPECT_EQ(titles(with("{when: {objective: rmu}, set: {rate: 9}}")).size(), 4u);     // another cell
  EXPECT_EQ(titles(with("{when: {sampler: mrd}, set: {wait: 9}}")).size(), 4u);       // another key
}

TEST(Sweep, AMillionCellsAreRefusedBeforeTheyAreMade) {
  std::string axes;
  for (const char* key : {"a", "b", "c", "d", "e", "f"})
    axes += fmt::format("{}{}: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]", axes.empty() ? "" : ", ", key);
  try {
    titles("  axes: {" + axes + "}\n");
    FAIL() << "not refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "campaign.size");
    EXPECT_EQ(e.message(), "1000000 cells; allow with campaign.max_cells");
    EXPECT_EQ(e.exit_code(), 78);
  }
}

TEST(Sweep, ExcludingEverythingIsRefused) {
  try {
    titles("  axes: {rate: [1]}\n  exclude: [{rate: 1}]\n");
    FAIL() << "not refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "campaign.empty");
  }
}

}  // namespace
}  // namespace lethe::campaign
