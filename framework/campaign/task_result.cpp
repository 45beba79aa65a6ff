#include "framework/campaign/task_result.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/records/reader.h"
#include "framework/records/run_directory.h"

namespace lethe::campaign {

bool TaskResult::may_be_retried() const {
  // Service, bug, system, input or output, peer, memory; and every signal.
  constexpr std::array kOfTheMachine = {69, 70, 71, 74, 76, 79};
  return exit_code >= 128 || std::ranges::find(kOfTheMachine, exit_code) != kOfTheMachine.end();
}

std::optional<TaskResult> read_result(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  try {
    const auto json = nlohmann::json::parse(base::read_file(file));
    return TaskResult{.exit_code = json.at("exit_code"),
                      .attempt = json.at("attempt"),
                      .seconds = json.at("seconds"),
                      .error = json.at("error")};
  } catch (const nlohmann::json::exception& e) {
    fail("campaign.result", fmt::format("{}: {}", file.string(), e.what()),
         "remove the file to run the task again");
  }
}

void write_result(const std::filesystem::path& file, const TaskResult& result) {
  const nlohmann::ordered_json json = {{"exit_code", result.exit_code},
                                       {"attempt", result.attempt},
                                       {"seconds", result.seconds},
                                       {"error", result.error}};
  base::write_file_atomically(file,
                              json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::string error_in_log(const std::filesystem::path& log) {
  constexpr std::size_t kLongest = 400;
  std::ifstream file(log);
  std::string line, last;
  while (std::getline(file, line)) {
    if (line.find("error[") != std::string::npos) return line.substr(0, kLongest);
    if (!line.empty()) last = line.substr(0, kLongest);
  }
  return last;
}

TaskResult outcome_of(const CampaignPaths& paths, const std::string& task) {
  if (const auto result = read_result(paths.result(task))) return *result;
  if (is_complete_run(paths.run(task))) return {};
  return {.exit_code = 137, .error = "its processes were killed"};
}

std::optional<TaskResult> earlier_success(const CampaignPaths& paths, const std::string& task) {
  if (!std::filesystem::exists(paths.run(task))) return std::nullopt;
  const TaskResult outcome = outcome_of(paths, task);
  return outcome.is_done() ? std::optional(outcome) : std::nullopt;
}

bool is_complete_run(const std::filesystem::path& folder) {
  const records::RunPaths paths{folder};
  if (!std::filesystem::exists(paths.records())) return false;
  bool complete = false;
  for (const records::Entry& entry : records::read_records(paths.records()).entries) {
    if (std::holds_alternative<records::RunRecord>(entry.record)) complete = false;
    if (std::holds_alternative<records::SummaryRecord>(entry.record)) complete = true;
  }
  return complete;
}

}  // namespace lethe::campaign
