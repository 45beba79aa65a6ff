// The program: reads the command line, runs the command under the guard, gives its exit code.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <vector>

#include "framework/base/error.h"
#include "framework/run/guard.h"
#include "launchers/command_line.h"

namespace {

using namespace lethe;

int number_from_environment(std::initializer_list<const char*> names, int otherwise) {
  for (const char* name : names) {
    if (const char* value = std::getenv(name)) return std::atoi(value);
  }
  return otherwise;
}

// The launcher's word for it, before MPI is up: what is wrong with the command line is wrong on every rank,
// and one of them says so.
int launched_rank() {
  return number_from_environment({"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}, 0);
}

// mpirun's word for it. Slurm's number of tasks is also that of a batch script, which is one process.
int launched_ranks() { return number_from_environment({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}, 1); }

// Each of several processes would do all of it, and take the other's folders for a stranger's.
void refuse_ranks(const launchers::Parsed& parsed) {
  const std::string& name = parsed.arguments.command;
  if (parsed.command->on_ranks || launched_ranks() <= 1) return;
  fail("cli.ranks", fmt::format("{} runs in one process, found {} of them", name, launched_ranks()),
       fmt::format("start `lethe {} …` without mpirun", name));
}

int run_words(const std::vector<std::string>& words) {
  const auto commands = launchers::all_commands();
  const launchers::Parsed parsed = launchers::parse_command_line(commands, words);
  if (parsed.command) {
    refuse_ranks(parsed);
    return parsed.command->run(parsed.arguments);
  }
  if (launched_rank() == 0) std::fputs(parsed.text.c_str(), stdout);
  return 0;
}

// A wrong command line is wrong on every rank: the others end with its code and leave the message to rank 0.
int run_quietly_where_told(const std::vector<std::string>& words) {
  try {
    return run_words(words);
  } catch (const Error& e) {
    if (launched_rank() != 0 && e.key().starts_with("cli.")) return e.exit_code();
    throw;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  run::GuardOptions options;
  for (const std::string& word : words) options.json |= word == "--json";
  options.rank = launched_rank();
  return run::guarded(options, [&] { return run_quietly_where_told(words); });
}
