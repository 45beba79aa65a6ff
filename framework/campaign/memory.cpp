#include "framework/campaign/memory.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/config/document.h"

namespace lethe::campaign {
namespace {

// The top-level blocks of an effective configuration that decide no size: cells that differ only there are
// predicted once. What is scored between updates and how the run is evaluated does decide one.
std::string without_sizeless_blocks(const std::string& yaml) {
  constexpr std::array kSizeless = {"name:", "seed:", "report:"};
  std::istringstream lines(yaml);
  std::string kept;
  bool is_dropped = false;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] != ' ')
      is_dropped = std::ranges::any_of(kSizeless, [&](const char* block) { return line.starts_with(block); });
    if (!is_dropped) kept += line + "\n";
  }
  return kept;
}

// The entries of `model` in a configuration; none where it is no mapping.
std::map<std::string, config::RawValue> model_of(const std::string& yaml) {
  config::Section root = config::parse(yaml);
  std::map<std::string, config::RawValue> entries;
  for (const auto& [key, value] : config::raw_value(root, "model", "").entries) entries[key] = value;
  return entries;
}

class Predictor {
 public:
  Predictor(const Plan& plan, const CampaignPaths& paths, const PredictMemory& predict)
      : plan_(plan), paths_(paths), predict_(predict) {}

  MemoryPrediction of(const Task& task) {
    const auto overrides = shape_of(task);
    std::string key = fmt::format("{}\n{}", task.ranks, without_sizeless_blocks(task.config_yaml));
    for (const std::string& override : overrides) key += override + "\n";
    const auto known = known_.find(key);
    return known != known_.end() ? known->second : known_[key] = predicted(task, overrides);
  }

 private:
  // The earlier stage that writes the model which a task reads, if it has not done so yet.
  const Task* writer_of_model(const Task& task) const {
    const auto model = model_of(task.config_yaml);
    const auto path = model.find("path");
    if (path == model.end() || std::filesystem::exists(path->second.scalar)) return nullptr;
    for (const std::string& need : task.needs)
      if (path->second.scalar.starts_with(paths_.run(need).string() + "/")) return &plan_.task(need);
    return nullptr;
  }

  std::vector<std::string> shape_of(const Task& task) const {
    const Task* writer = writer_of_model(task);
    if (writer == nullptr) return {};
    while (const Task* earlier = writer_of_model(*writer)) writer = earlier;
    std::vector<std::string> overrides;
    const auto model = model_of(writer->config_yaml);
    for (const char* key : {"init", "path", "family", "shape"})
      if (const auto found = model.find(key); found != model.end())
        overrides.push_back(fmt::format("model.{}={}", key, config::flow_yaml(found->second)));
    return overrides;
  }

  MemoryPrediction predicted(const Task& task, const std::vector<std::string>& overrides) const {
    try {
      return {.bytes = predict_(config::parse(task.config_yaml, task.key, overrides), task.ranks)};
    } catch (const Error& e) {
      return {.why_not = fmt::format("error[{}]: {}", e.key(), e.message())};
    }
  }

  const Plan& plan_;
  const CampaignPaths& paths_;
  const PredictMemory& predict_;
  std::map<std::string, MemoryPrediction> known_;
};

}  // namespace

std::map<std::string, MemoryPrediction> predict_memory(const Plan& plan, const CampaignPaths& paths,
                                                       const PredictMemory& predict) {
  Predictor predictor(plan, paths, predict);
  std::map<std::string, MemoryPrediction> predictions;
  for (const Task& task : plan.tasks)
    if (task.command == "train") predictions[task.key] = predictor.of(task);
  return predictions;
}

std::string memory_of(const PlannedCell& cell, const std::map<std::string, MemoryPrediction>& predictions) {
  std::optional<std::uint64_t> most;
  std::string why_not = "no stage trains";
  for (const std::string& key : cell.tasks) {
    const auto found = predictions.find(key);
    if (found == predictions.end()) continue;
    if (!found->second.bytes) return "memory not predicted: " + found->second.why_not;
    most = std::max(most.value_or(0), *found->second.bytes);
  }
  return most ? base::readable_bytes(*most) + " a rank" : "memory not predicted: " + why_not;
}

}  // namespace lethe::campaign
