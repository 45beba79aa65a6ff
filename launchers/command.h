// What a subcommand is: a word, what it takes, and the function that runs it. One file a subcommand in
// launchers/commands/<word>.cpp defines <word>_entry::make(); lethe_registry collects them.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::launchers {

// A command line that was understood.
struct Arguments {
  std::string command;
  std::vector<std::string> positionals;  // FILE, DIR or DIR...
  std::vector<std::string> set;          // overrides `a.b=c`, in order
  std::optional<std::string> out;
  bool check = false;
  bool resume = false;
  bool json = false;
  std::string log_level = "info";            // debug, info, warn, error, off
  std::map<std::string, std::string> flags;  // the command's own: "--keep-going" is {"keep-going", "true"}
};

enum class Takes { nothing, file, folder, folders };

// An option that only one command has.
struct Flag {
  std::string name;  // without the dashes
  std::string help;
  bool takes_value = false;
};

struct Command {
  std::string help;  // one line
  Takes takes = Takes::nothing;
  bool set = false, out = false, check = false, resume = false;  // which of the shared options mean something
  bool json = true;                                              // false: prints text for people only
  bool on_ranks = false;                                         // false: of one process, refused on several
  std::string set_example = "train.max_steps=10";  // of --set, in --help: a setting that FILE may hold
  std::vector<Flag> flags;
  int (*run)(const Arguments&) = nullptr;  // gives the exit code; throws lethe::Error
  // Dotted paths of the settings that FILE may hold ("train.learning_rate"), to suggest one for a mistyped
  // option.
  std::vector<std::string> (*settings)() = nullptr;
};

using Make = Command();
struct Entry {
  std::string_view name;
  Make* make;
};
std::span<const Entry> registry();

}  // namespace lethe::launchers
