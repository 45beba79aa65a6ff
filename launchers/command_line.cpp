#include "launchers/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "framework/base/error.h"
#include "framework/base/text.h"
#include "launchers/suggestion.h"

namespace lethe::launchers {
namespace {

constexpr const char* kAbout =
    "lethe removes chosen knowledge from language models.\n"
    "More than one rank: mpirun -n N lethe …, or srun lethe …";

std::vector<std::string> names_of(std::span<const NamedCommand> commands) {
  std::vector<std::string> names;
  for (const NamedCommand& command : commands) names.push_back(command.name);
  return names;
}

// One command as CLI11 sees it, and where what it reads goes.
class Reading {
 public:
  Reading(CLI::App& app, const NamedCommand& named) : named_(named) {
    sub_ = app.add_subcommand(named.name, named.command.help);
    sub_->set_help_flag("--help,-h", "this text");
    add_positionals();
    add_shared_options();
    for (const Flag& flag : named.command.flags) add_flag(flag);
  }

  bool chosen() const { return sub_->parsed(); }
  const NamedCommand& named() const { return named_; }

  std::vector<std::string> option_names() const {
    std::vector<std::string> names;
    for (const CLI::Option* option : sub_->get_options()) {
      if (!option->get_lnames().empty()) names.push_back(option->get_lnames().front());
    }
    return names;
  }

  Arguments arguments() {
    arguments_.command = named_.name;
    if (!out_.empty()) arguments_.out = out_;
    for (const auto& [name, value] : values_) {
      if (sub_->count("--" + name) > 0) arguments_.flags[name] = value.empty() ? "true" : value;  // a flag
    }
    return std::move(arguments_);
  }

  // FILE or DIR as often as the command takes it.
  void check_positionals() const {
    const std::size_t count = arguments_.positionals.size();
    const Takes takes = named_.command.takes;
    const std::size_t least = takes == Takes::nothing ? 0 : 1;
    if (count < least) fail("cli.argument", fmt::format("{} needs a {}", named_.name, word()), usage());
    if (count > least && takes != Takes::folders) {
      const std::string expected = least == 0 ? "no argument" : "one " + word();
      fail("cli.argument",
           fmt::format("{} takes {}, found {}", named_.name, expected, arguments_.positionals[least]),
           usage());
    }
  }

  // `--out "$DIR"` of a variable that is not set is not the same as no --out.
  void check_values() const {
    for (const CLI::Option* option : sub_->get_options())
      for (const std::string& value : option->results())
        if (value.empty())
          fail("cli.value", fmt::format("{}: its value is empty", option->get_name()), usage());
  }

  std::string usage() const { return fmt::format("see `lethe {} --help`", named_.name); }

 private:
  std::string word() const { return named_.command.takes == Takes::file ? "FILE" : "DIR"; }

  void add_positionals() {
    // Any number is read here, so that check_positionals says what is wrong with it.
    const char* help = "";
    if (named_.command.takes == Takes::file) help = "configuration (YAML)";
    if (named_.command.takes == Takes::folder) help = "directory of a model, a checkpoint or a run";
    if (named_.command.takes == Takes::folders) help = "run directories";
    CLI::Option* option = sub_->add_option(named_.command.takes == Takes::nothing ? "arguments" : word(),
                                           arguments_.positionals, help);
    option->expected(-1)->type_name("");
    if (named_.command.takes == Takes::nothing) option->group("");
  }

  void add_shared_options() {
    const Command& command = named_.command;
    if (command.set) {
      // One value for each --set: what follows it may be the FILE.
      sub_->add_option("--set", arguments_.set,
                       fmt::format("override a setting: --set {} (repeatable)", command.set_example))
          ->type_name("a.b=c")
          ->allow_extra_args(false);
    }
    if (command.out) sub_->add_option("--out", out_, "run directory to write")->type_name("RUN");
    if (command.check) sub_->add_flag("--check", arguments_.check, "validate the configuration, run nothing");
    if (command.resume) sub_->add_flag("--resume", arguments_.resume, "go on from the newest checkpoint");
    if (command.json) sub_->add_flag("--json", arguments_.json, "results and errors as JSON lines on stdout");
    sub_->add_option("--log-level", arguments_.log_level, "debug, info, warn, error or off")
        ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}))
        ->type_name("LEVEL");
  }

  void add_flag(const Flag& flag) {
    if (flag.takes_value) {
      sub_->add_option("--" + flag.name, values_[flag.name], flag.help)->type_name("VALUE");
    } else {
      values_[flag.name];
      sub_->add_flag("--" + flag.name, flag.help);
    }
  }

  const NamedCommand& named_;
  CLI::App* sub_ = nullptr;
  Arguments arguments_;
  std::string out_;
  std::map<std::string, std::string> values_;
};

[[noreturn]] void refuse_option(const std::string& unknown, const Reading* reading) {
  std::vector<std::string> options = {"help", "version"}, settings;
  if (reading) {
    options = reading->option_names();
    const Command& command = reading->named().command;
    if (command.settings && command.set) settings = command.settings();
  }
  const std::string shown = unknown.substr(0, unknown.find('='));
  const std::string meant = meant_option(unknown, options, settings);
  fail("cli.flag", fmt::format("unknown option {}{}", shown, meant.empty() ? "" : "; did you mean " + meant),
       reading ? reading->usage() : "see `lethe --help`");
}

[[noreturn]] void refuse_command(const std::string& word, const std::vector<std::string>& names) {
  const std::string expected = "expected one of " + base::join(names, ", ");
  if (word.empty()) fail("cli.subcommand", expected, "see `lethe --help`");
  fail("cli.subcommand", fmt::format("`{}` is not a command; {}", word, expected),
       base::did_you_mean(word, names));
}

bool is_option(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

class Parser {
 public:
  explicit Parser(std::span<const NamedCommand> commands)
      : app_(kAbout, "lethe"), names_(names_of(commands)) {
    app_.set_help_flag("--help,-h", "this text");
    app_.set_version_flag("--version", "lethe " LETHE_VERSION, "the version");
    app_.require_subcommand(0, 1);
    app_.allow_extras();  // for every command too; refuse_extras() knows what was meant
    for (const NamedCommand& command : commands)
      readings_.push_back(std::make_unique<Reading>(app_, command));
  }

  Parsed parse(std::vector<std::string> words) {
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    try {
      app_.parse(words);
    } catch (const CLI::CallForHelp&) {
      return {.text = app_.help()};
    } catch (const CLI::CallForVersion&) {
      return {.text = app_.version() + "\n"};
    } catch (const CLI::ParseError& e) {
      refuse(e);
    }
    Reading* reading = chosen();
    refuse_extras(reading);
    if (!reading) refuse_command("", names_);
    reading->check_positionals();
    reading->check_values();
    return {.command = &reading->named().command, .arguments = reading->arguments()};
  }

 private:
  Reading* chosen() const {
    for (const auto& reading : readings_) {
      if (reading->chosen()) return reading.get();
    }
    return nullptr;
  }

  // What CLI11 could not place: unknown options, and words that stand where no command was named.
  void refuse_extras(const Reading* reading) const {
    const std::vector<std::string> extras = app_.remaining(/*recurse=*/true);
    if (extras.empty()) return;
    const auto option = std::find_if(extras.begin(), extras.end(), is_option);
    if (option != extras.end()) refuse_option(*option, reading);
    if (!reading) refuse_command(extras.front(), names_);
    fail("cli.argument", fmt::format("unexpected argument {}", extras.front()), reading->usage());
  }

  [[noreturn]] void refuse(const CLI::ParseError& e) const {
    const Reading* reading = chosen();
    fail("cli.value", e.what(), reading ? reading->usage() : "see `lethe --help`");
  }

  CLI::App app_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<Reading>> readings_;
};

}  // namespace

std::vector<NamedCommand> all_commands() {
  std::vector<NamedCommand> commands;
  for (const Entry& entry : registry()) commands.push_back({std::string(entry.name), entry.make()});
  return commands;
}

Parsed parse_command_line(std::span<const NamedCommand> commands, std::vector<std::string> words) {
  return Parser(commands).parse(std::move(words));
}

}  // namespace lethe::launchers
