// The command line: what is understood, and what each mistake is told.
#include "launchers/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "framework/base/error.h"

namespace lethe::launchers {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

int run_nothing(const Arguments&) { return 0; }
std::vector<std::string> settings() {
  return {"model.path", "train.learning_rate", "train.steps", "train.global_batch"};
}

const std::vector<NamedCommand>& commands() {
  static const std::vector<NamedCommand> all = {
      {"doctor", {.help = "checks the machine", .takes = Takes::nothing, .run = run_nothing}},
      {"inspect", {.help = "what a directory holds", .takes = Takes::folder, .run = run_nothing}},
      {"report", {.help = "one HTML", .takes = Takes::folders, .out = true, .run = run_nothing}},
      {"train",
       {.help = "unlearns",
        .takes = Takes::file,
        .set = true,
        .out = true,
        .check = true,
        .resume = true,
        .flags = {{"keep-going", "past failing cells"}, {"steps-ahead", "a number", true}},
        .run = run_nothing,
        .settings = settings}}};
  return all;
}

Parsed parsed(std::vector<std::string> words) { return parse_command_line(commands(), std::move(words)); }

std::string refused(std::vector<std::string> words) {
  try {
    (void)parsed(std::move(words));
  } catch (const Error& e) {
    EXPECT_EQ(e.exit_code(), 64);
    return e.key() + ": " + e.message();
  }
  return "nothing was refused";
}

TEST(CommandLine, ReadsWhatACommandTakes) {
  const Parsed p =
      parsed({"train", "--set", "a.b=1", "conf.yaml", "--set=l=[1, 2]", "--out", "runs/x", "--check",
              "--resume", "--json", "--log-level", "debug", "--keep-going", "--steps-ahead", "3"});
  EXPECT_EQ(p.command, &commands()[3].command);
  const Arguments& a = p.arguments;
  EXPECT_EQ(a.command, "train");
  EXPECT_THAT(a.positionals, ElementsAre("conf.yaml"));
  EXPECT_THAT(a.set, ElementsAre("a.b=1", "l=[1, 2]"));
  EXPECT_EQ(a.out, "runs/x");
  EXPECT_TRUE(a.check && a.resume && a.json);
  EXPECT_EQ(a.log_level, "debug");
  EXPECT_EQ(a.flags, (std::map<std::string, std::string>{{"keep-going", "true"}, {"steps-ahead", "3"}}));
}

TEST(CommandLine, LeavesOutWhatIsNotGiven) {
  const Arguments a = parsed({"train", "conf.yaml"}).arguments;
  EXPECT_TRUE(a.set.empty() && a.flags.empty());
  EXPECT_FALSE(a.out || a.check || a.resume || a.json);
  EXPECT_EQ(a.log_level, "info");
  EXPECT_TRUE(parsed({"doctor"}).arguments.positionals.empty());
  EXPECT_THAT(parsed({"report", "runs/a", "runs/b"}).arguments.positionals, ElementsAre("runs/a", "runs/b"));
}

TEST(CommandLine, NeedsACommand) {
  EXPECT_EQ(refused({}), "cli.subcommand: expected one of doctor, inspect, report, train");
  EXPECT_EQ(refused({"trian", "x.yaml"}),
            "cli.subcommand: `trian` is not a command; expected one of doctor, inspect, report, train");
}

TEST(CommandLine, UnknownOptionIsToldTheSettingThatWasMeant) {
  const std::string told =
      "cli.flag: unknown option --lerning-rate; did you mean --set train.learning_rate=…";
  EXPECT_EQ(refused({"train", "conf.yaml", "--lerning-rate", "1e-5"}), told);
  EXPECT_EQ(refused({"train", "--lerning-rate=1e-5", "conf.yaml"}), told);
  EXPECT_EQ(refused({"train", "conf.yaml", "--train.steps", "3"}),
            "cli.flag: unknown option --train.steps; did you mean --set train.steps=…");
}

TEST(CommandLine, UnknownOptionIsToldTheOptionThatWasMeant) {
  EXPECT_EQ(refused({"train", "conf.yaml", "--resum"}),
            "cli.flag: unknown option --resum; did you mean --resume");
  EXPECT_EQ(refused({"train", "conf.yaml", "--keep_going"}),
            "cli.flag: unknown option --keep_going; did you mean --keep-going");
  EXPECT_EQ(refused({"train", "conf.yaml", "--zzzzzzzz"}), "cli.flag: unknown option --zzzzzzzz");
  EXPECT_EQ(refused({"--versoin"}), "cli.flag: unknown option --versoin; did you mean --version");
}

TEST(CommandLine, OptionsThatMeanNothingToACommandAreUnknown) {
  EXPECT_THAT(refused({"doctor", "--out", "x"}), HasSubstr("cli.flag: unknown option --out"));
  EXPECT_THAT(refused({"report", "runs/x", "--set", "a=1"}), HasSubstr("cli.flag: unknown option --set"));
  EXPECT_THAT(refused({"inspect", "x", "--resume"}), HasSubstr("cli.flag: unknown option --resume"));
}

TEST(CommandLine, CountsFilesAndFolders) {
  EXPECT_EQ(refused({"train"}), "cli.argument: train needs a FILE");
  EXPECT_EQ(refused({"inspect"}), "cli.argument: inspect needs a DIR");
  EXPECT_EQ(refused({"train", "a.yaml", "b.yaml"}), "cli.argument: train takes one FILE, found b.yaml");
  EXPECT_EQ(refused({"doctor", "x"}), "cli.argument: doctor takes no argument, found x");
}

TEST(CommandLine, AFileMayHaveTheNameOfACommand) {
  EXPECT_THAT(parsed({"inspect", "train"}).arguments.positionals, ElementsAre("train"));
}

TEST(CommandLine, ValuesAreChecked) {
  EXPECT_THAT(refused({"train", "a.yaml", "--log-level", "loud"}), HasSubstr("cli.value: "));
  EXPECT_THAT(refused({"train", "a.yaml", "--out"}), HasSubstr("cli.value: --out"));
  EXPECT_THAT(refused({"train", "a.yaml", "--out", "x", "--out", "y"}), HasSubstr("cli.value: "));
  EXPECT_THAT(refused({"train", "a.yaml", "--check=maybe"}), HasSubstr("cli.value: "));
}

// What a variable that is not set leaves behind.
TEST(CommandLine, AnEmptyValueIsNoValue) {
  EXPECT_EQ(refused({"train", "a.yaml", "--out", ""}), "cli.value: --out: its value is empty");
  EXPECT_EQ(refused({"train", "a.yaml", "--steps-ahead", ""}),
            "cli.value: --steps-ahead: its value is empty");
  EXPECT_THAT(refused({"train", "a.yaml", "--steps-ahead="}), HasSubstr("cli.value: --steps-ahead"));
  EXPECT_THAT(refused({"train", "a.yaml", "--set", ""}), HasSubstr("cli.value: --set"));
  EXPECT_EQ(refused({"train", ""}), "cli.value: FILE: its value is empty");
}

TEST(CommandLine, HelpAndVersionAreTexts) {
  const std::string all = parsed({"--help"}).text;
  for (const NamedCommand& command : commands()) EXPECT_THAT(all, HasSubstr(command.name)) << command.name;
  const std::string train = parsed({"train", "--help"}).text;
  EXPECT_THAT(train, HasSubstr("--set a.b=c"));
  EXPECT_THAT(train, HasSubstr("FILE"));
  EXPECT_THAT(train, HasSubstr("--keep-going"));
  EXPECT_EQ(parsed({"doctor", "-h"}).text.find("--resume"), std::string::npos);
  EXPECT_THAT(parsed({"--version"}).text, testing::MatchesRegex("lethe [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  EXPECT_EQ(parsed({"--help"}).command, nullptr);
}

TEST(Commands, OfTheProgramAreComplete) {
  for (const NamedCommand& command : all_commands()) {
    EXPECT_NE(command.command.run, nullptr) << command.name;
    EXPECT_FALSE(command.command.help.empty()) << command.name;
    EXPECT_EQ(command.command.help.find('\n'), std::string::npos) << command.name;
  }
}

}  // namespace
}  // namespace lethe::launchers
