// The command line: words to Arguments, or to the text that --help and --version ask for.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "launchers/command.h"

namespace lethe::launchers {

struct Parsed {
  const Command* command = nullptr;  // of the given table; nullptr if there is only a text to print
  Arguments arguments;
  std::string text;
};

struct NamedCommand {
  std::string name;
  Command command;
};

// Every command of the registry, in alphabetical order.
[[nodiscard]] std::vector<NamedCommand> all_commands();

// `words` without the program's name. Errors: cli.subcommand (none or unknown), cli.flag (unknown option,
// with the setting or option that was meant), cli.value (an option's value is missing, double or wrong),
// cli.argument (FILE or DIR missing or too many).
[[nodiscard]] Parsed parse_command_line(std::span<const NamedCommand> commands,
                                        std::vector<std::string> words);

}  // namespace lethe::launchers
