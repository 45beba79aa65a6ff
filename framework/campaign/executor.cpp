#include "framework/campaign/executor.h"

#include <algorithm>

#include "framework/base/error.h"

namespace lethe::campaign {
namespace {

bool is_plain(const std::string& word) {
  return !word.empty() && std::ranges::all_of(word, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-./=:,+@%").find(c) != std::string_view::npos;
  });
}

std::string quoted(const std::string& word) {
  if (is_plain(word)) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

std::vector<std::string> Executor::launcher(std::int64_t ranks) const {
  if (ranks == 1) return {};
  return {"mpirun", "--oversubscribe",    "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1",
          "-n",     std::to_string(ranks)};
}

std::vector<std::string> words_of(const Executor& executor, const Execution& execution, const Task& task) {
  std::vector<std::string> words = executor.launcher(task.ranks);
  words.insert(words.end(), {execution.program, task.command, execution.paths.config(task.key).string(),
                             "--out", execution.paths.run(task.key).string()});
  return words;
}

std::string shell_line(std::span<const std::string> words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + quoted(word);
  return line;
}

std::vector<std::string> executor_names() {
  std::vector<std::string> names;
  for (const Entry& entry : registry()) names.emplace_back(entry.name);
  return names;
}

std::unique_ptr<Executor> make_executor(const std::string& name, const config::Section& section) {
  const auto entry = std::ranges::find(registry(), name, &Entry::name);
  LETHE_CHECK(entry != registry().end(), "no executor {}", name);
  return entry->make(section);
}

}  // namespace lethe::campaign
