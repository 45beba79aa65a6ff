// What commands refuse before they do anything, and what they print, run as the program runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/campaign/options.h"
#include "framework/config/document.h"
#include "framework/records/reader.h"
#include "launchers/command_line.h"
#include "tests/records/scratch_folder.h"
#include "tests/report/fixture.h"

namespace lethe::launchers {
namespace {

using records::Json;
using records::ScratchFolder;
using records::text_of;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

int run(const std::vector<std::string>& words) {
  static const std::vector<NamedCommand> commands = all_commands();
  const Parsed parsed = parse_command_line(commands, words);
  return parsed.command->run(parsed.arguments);
}

std::string printed(const std::vector<std::string>& words) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(run(words), 0);
  return testing::internal::GetCapturedStdout();
}

// "key: message", and the exit code.
std::pair<std::string, int> refusal(const std::vector<std::string>& words) {
  try {
    (void)run(words);
  } catch (const Error& e) {
    EXPECT_FALSE(e.hint().empty()) << e.what();
    return {e.key() + ": " + e.message(), e.exit_code()};
  }
  return {"nothing was refused", 0};
}

// A run, and the questions that it was to forget.
struct FinishedRun {
  FinishedRun() {
    report::testing::write_fixture(path);
    records::write_text(path / "config.yaml", "objective: npo\n");
    for (const auto& g : records::records_of<records::GenerationRecord>(
             records::read_records(path / "records.jsonl").entries))
      if (g.set == "forget") questions.push_back(g.question);
  }
  bool is_quoted_in(const std::string& text) const {
    return std::ranges::any_of(questions, [&](const auto& q) { return text.find(q) != std::string::npos; });
  }
  ScratchFolder folder;
  std::filesystem::path path = folder / "run";
  std::vector<std::string> questions;
};

std::string example_in_help(const NamedCommand& command) {
  const std::string help = parse_command_line(std::span(&command, 1), {command.name, "--help"}).text;
  const std::string before = "override a setting: --set ";
  const std::size_t at = help.find(before);
  return at == std::string::npos
             ? help
             : help.substr(at + before.size(), help.find(" (rep", at) - at - before.size());
}

TEST(Help, TheExampleOfSetIsASetting) {
  const std::vector<std::string> executors = {"local"};
  for (const NamedCommand& command : all_commands()) {
    if (!command.command.set) continue;
    const std::string example = example_in_help(command);
    SCOPED_TRACE(command.name + ": " + example);
    if (command.command.settings)
      EXPECT_THAT(command.command.settings(), Contains(example.substr(0, example.find('='))));
    else
      EXPECT_NO_THROW((void)campaign::read_options(
          config::parse("campaign: {base: run.yaml}\n", "c.yaml", {example}), "c.yaml", executors));
  }
}

TEST(Report, RedactLeavesTheTextsOutOfTheErasureRecordToo) {
  const FinishedRun run;
  const std::string out = (run.folder / "out").string();
  (void)printed({"report", "--erasure", "--with-texts", run.path, "--out", out});
  EXPECT_TRUE(run.is_quoted_in(text_of(run.folder / "out/erasure.html")));
  (void)printed({"report", "--erasure", "--with-texts", "--redact", run.path, "--out", out});
  const std::string redacted = text_of(run.folder / "out/erasure.html");
  EXPECT_FALSE(run.is_quoted_in(redacted));
  EXPECT_THAT(redacted, HasSubstr("Texts were asked for; --redact leaves them out."));
}

TEST(Report, RefusesOptionsThatWouldDoNothing) {
  const auto expect = [](const std::vector<std::string>& words, const std::string& text) {
    const auto [message, code] = refusal(words);
    EXPECT_THAT(message, AllOf(HasSubstr("cli.argument: "), HasSubstr(text)));
    EXPECT_EQ(code, 64);
  };
  expect({"report", "a", "--with-texts"}, "--with-texts belongs to --erasure");
  expect({"report", "a", "b", "--compare", "--redact"}, "--redact would do nothing");
  expect({"report", "a", "b", "--compare", "--out", "c"}, "--out would do nothing");
  expect({"report", "a", "b", "--compare", "--json"}, "no JSON");
  expect({"report", "a", "--compare", "--erasure"}, "two things");
}

TEST(Report, MakesNoFolderBeforeItHasReadItsRuns) {
  const FinishedRun run;
  const std::string out = (run.folder / "new").string();
  EXPECT_EQ(refusal({"report", (run.folder / "typo").string(), "--out", out}).second, 66);
  EXPECT_EQ(refusal({"report", "--erasure", (run.folder / "typo").string(), "--out", out}).second, 66);
  EXPECT_EQ(refusal({"report", "--erasure", run.path, run.path, "--out", out}).second, 64);
  EXPECT_EQ(refusal({"report", (run.folder / "typo").string()}).second, 66);
  EXPECT_FALSE(std::filesystem::exists(run.folder / "new"));
  EXPECT_FALSE(std::filesystem::exists(run.folder / "typo"));
  (void)printed({"report", run.path, "--out", out + "/deep"});
  EXPECT_TRUE(std::filesystem::exists(run.folder / "new/deep/report.html"));
}

TEST(Report, SaysThatOutIsAFile) {
  const FinishedRun run;
  records::write_text(run.folder / "file", "x");
  const std::string out = (run.folder / "file").string();
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"report", run.path, "--out", out},
        std::vector<std::string>{"report", "--erasure", run.path, "--out", out}}) {
    const auto [message, code] = refusal(words);
    EXPECT_EQ(message, "out.path: cannot write " + out + ": Not a directory");
    EXPECT_EQ(code, 73);
  }
}

TEST(Json, NamesTheFilesThatAReportWrote) {
  const FinishedRun run;
  const Json page = Json::parse(printed({"report", "--json", run.path}));
  EXPECT_EQ(page["report"], (run.path / "report.html").string());
  EXPECT_EQ(page["csv"], (run.path / "report.csv").string());
  EXPECT_FALSE(page["lines"].empty());
  const Json erasure = Json::parse(printed({"report", "--json", "--erasure", run.path}));
  EXPECT_EQ(erasure["erasure"], (run.path / "erasure.html").string());
}

TEST(Json, ListsWhatAPurgeDoesWithEachFile) {
  const FinishedRun run;
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"purge", "--check", "--json", run.path},
        std::vector<std::string>{"purge", "--json", run.path}}) {
    const Json plan = Json::parse(printed(words));
    EXPECT_EQ(plan["folder"], run.path.string());
    std::map<std::string, std::string> actions;
    for (const Json& file : plan["files"]) actions[file["path"]] = file["action"];
    EXPECT_EQ(actions["records.jsonl"], "rewrite");
    EXPECT_EQ(actions["config.yaml"], "keep");
  }
}

TEST(Json, IsRefusedWhereThereIsNone) {
  EXPECT_THAT(refusal({"config", "--json"}).first, HasSubstr("cli.flag: unknown option --json"));
  for (const char* flag : {"--check", "--table", "--csv"})
    EXPECT_EQ(refusal({"campaign", "none.yaml", flag, "--json"}).first,
              std::string("cli.argument: there is no JSON of campaign ") + flag);
}

TEST(Plan, NumbersOfRanksAreBounded) {
  for (const std::string ranks : {"0", "-1", "4294967297", "2147483647", "1000001", "8x", "1e3"}) {
    EXPECT_THAT(refusal({"plan", "none.yaml", "--ranks=" + ranks}).first,
                HasSubstr("cli.value: --ranks " + ranks + " is not a number of ranks between 1 and 1000000"));
    EXPECT_THAT(refusal({"plan", "none.yaml", "--ranks-per-node=" + ranks}).first, HasSubstr("cli.value: "));
  }
  EXPECT_THAT(refusal({"plan", "none.yaml", "--ranks", "16", "--ranks-per-node", "6"}).first,
              HasSubstr("--ranks-per-node 6 does not divide --ranks 16"));
}

}  // namespace
}  // namespace lethe::launchers
