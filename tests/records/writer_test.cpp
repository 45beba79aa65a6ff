#include "framework/records/writer.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "framework/records/reader.h"
#include "tests/records/scratch_folder.h"

namespace lethe::records {
namespace {

std::vector<std::int64_t> steps_in(const std::filesystem::path& path) {
  std::vector<std::int64_t> steps;
  for (const StepRecord& step : records_of<StepRecord>(read_records(path).entries))
    steps.push_back(step.step);
  return steps;
}

void write_steps(const std::filesystem::path& path, std::int64_t first, std::int64_t last) {
  Writer writer(path);
  for (std::int64_t step = first; step <= last; ++step) writer.append(StepRecord{.step = step});
}

TEST(Writer, AppendsToWhatIsThere) {
  const ScratchFolder folder;
  write_steps(folder / "r.jsonl", 1, 2);
  write_steps(folder / "r.jsonl", 3, 3);
  EXPECT_EQ(steps_in(folder / "r.jsonl"), (std::vector<std::int64_t>{1, 2, 3}));
}

TEST(Writer, DropsTheScoringsThatACheckpointHasNotSeen) {
  const ScratchFolder folder;
  const auto path = folder / "scores.jsonl";
  {
    Writer writer(path);
    for (const std::int64_t step : {0, 4}) {
      writer.append(ScoringRecord{.step = step});
      writer.append(ScoreRecord{.step = step, .id = "a"});
    }
  }
  EXPECT_EQ(drop_after_scorings(path, 2), 0u);
  EXPECT_EQ(drop_after_scorings(path, 1), 2u);
  const auto left = records_of<ScoreRecord>(read_records(path).entries);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].step, 0);
}

TEST(Writer, DropsTheEndOfARunThatGoesOn) {
  ScratchFolder folder;
  {
    Writer writer(folder / "records.jsonl");
    writer.append(StepRecord{.step = 4});
    writer.append(SummaryRecord{.steps = 4});
    writer.append(EventRecord{.name = "scoring overhead", .step = 4});
  }
  const std::vector<std::string> tags = {"after"};
  EXPECT_EQ(drop_from_evaluations(folder / "records.jsonl", tags), 2U);
  EXPECT_EQ(read_records(folder / "records.jsonl").entries.size(), 1U);
  {
    Writer writer(folder / "records.jsonl");
    writer.append(SummaryRecord{.steps = 4});
    writer.append(StepRecord{.step = 5});
    writer.append(SummaryRecord{.steps = 5});
  }
  EXPECT_EQ(drop_from_evaluations(folder / "records.jsonl", tags), 1U) << "step 5 stays";
}

TEST(Writer, CutsATornLineBeforeItGoesOn) {
  const ScratchFolder folder;
  const auto path = folder / "r.jsonl";
  write_steps(path, 1, 2);
  const std::string whole = text_of(path);
  // Every place at which a kill can tear the last line, and zeros as a power loss leaves them.
  for (std::size_t cut = whole.find('\n') + 1; cut < whole.size(); ++cut) {
    write_text(path, whole.substr(0, cut));
    write_steps(path, 9, 9);
    EXPECT_EQ(steps_in(path), (std::vector<std::int64_t>{1, 9})) << "cut at byte " << cut;
  }
  write_text(path, whole + std::string(100, '\0') + "\n");
  write_steps(path, 9, 9);
  EXPECT_EQ(steps_in(path), (std::vector<std::int64_t>{1, 2, 9}));
}

TEST(Writer, LosesNoFinishedLineWhenItsProcessIsKilled) {
  const ScratchFolder folder;
  const auto path = folder / "r.jsonl";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Writer writer(path, {.seconds = 1000});
    for (std::int64_t step = 1; step <= 100; ++step) writer.append(StepRecord{.step = step});
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(steps_in(path).size(), 100u);
}

TEST(Writer, SaysWhyItCannotWrite) {
  const ScratchFolder folder;
  EXPECT_EQ(error_key([&] { Writer writer(folder / "missing/r.jsonl"); }), "io.write");
  Writer full("/dev/full");
  EXPECT_EQ(error_key([&] { full.append(StepRecord{}); }), "io.space");
}

TEST(Reader, PassesOverATornEndAndSaysSo) {
  const ScratchFolder folder;
  write_steps(folder / "r.jsonl", 1, 3);
  const std::string whole = text_of(folder / "r.jsonl");
  write_text(folder / "r.jsonl", whole.substr(0, whole.size() - 5));
  const ReadResult result = read_records(folder / "r.jsonl");
  EXPECT_TRUE(result.has_torn_end);
  EXPECT_EQ(result.entries.size(), 2u);
}

TEST(Reader, RefusesDamageBeforeTheEnd) {
  const ScratchFolder folder;
  write_steps(folder / "r.jsonl", 1, 1);
  write_text(folder / "r.jsonl", "{\"schema\":1,\n" + text_of(folder / "r.jsonl"));
  std::string message;
  EXPECT_EQ(error_key([&] { (void)read_records(folder / "r.jsonl"); }, &message), "records.json");
  EXPECT_NE(message.find("r.jsonl:1:"), std::string::npos);
}

TEST(Reader, CountsUnknownKinds) {
  const ScratchFolder folder;
  write_text(folder / "r.jsonl", "{\"schema\":1,\"kind\":\"weather\",\"time\":\"t\"}\n");
  EXPECT_EQ(read_records(folder / "r.jsonl").num_unknown, 1u);
}

TEST(DropAfterStep, ForgetsStepsThatWillHappenAgain) {
  const ScratchFolder folder;
  const auto path = folder / "r.jsonl";
  {
    Writer writer(path);
    writer.append(RunRecord{});
    for (std::int64_t step = 1; step <= 4; ++step) writer.append(StepRecord{.step = step});
    writer.append(EventRecord{.name = "late"});
  }
  EXPECT_EQ(drop_after_step(path, 2), 3u) << "steps 3 and 4, and the event after them";
  EXPECT_EQ(steps_in(path), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(read_records(path).entries.size(), 3u);
  EXPECT_EQ(drop_after_step(path, 2), 0u);
  EXPECT_EQ(drop_after_step(folder / "absent.jsonl", 2), 0u);
}

TEST(DropAfterStep, GivesTheFileOfARunThatNeverWentFurther) {
  const ScratchFolder folder;
  const Entry a{"t", StepRecord{.step = 1}}, b{"t", StepRecord{.step = 2}};
  { Writer(folder / "short.jsonl").append(a); }
  {
    Writer writer(folder / "long.jsonl");
    writer.append(a);
    writer.append(b);
  }
  drop_after_step(folder / "long.jsonl", 1);
  EXPECT_EQ(text_of(folder / "long.jsonl"), text_of(folder / "short.jsonl"));
}

}  // namespace
}  // namespace lethe::records
