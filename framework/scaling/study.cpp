#include "framework/scaling/study.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/statistics.h"
#include "framework/report/run_summary.h"

namespace lethe::scaling {
namespace {

struct Stage {
  int ranks = 1;
  std::int64_t times = 1;  // the batch
  bool operator==(const Stage&) const = default;
};

Stage stage_of(Kind kind, int ranks) { return {.ranks = ranks, .times = kind == Kind::strong ? 1 : ranks}; }

// Each once: on one rank, both kinds are one run.
std::vector<Stage> stages_of(const StudyOptions& options) {
  std::vector<Stage> stages;
  for (const Kind kind : options.kinds)
    for (const int ranks : options.ranks)
      if (const Stage stage = stage_of(kind, ranks); std::ranges::find(stages, stage) == stages.end())
        stages.push_back(stage);
  return stages;
}

// As YAML reads it, whatever is in it.
std::string quoted(const std::filesystem::path& path) { return nlohmann::json(path.string()).dump(); }

// By key. Not the options of samplers: a study has samplers of its own.
std::map<std::string, std::string> users_settings(const StudyOptions& options) {
  std::map<std::string, std::string> settings;
  for (const std::string& one : options.settings)
    settings[one.substr(0, one.find('='))] = one.substr(std::min(one.size(), one.find('=') + 1));
  std::erase_if(settings, [](const auto& setting) {
    return setting.first.starts_with("sampler.") || setting.first.starts_with("retain_sampler.");
  });
  return settings;
}

// What the user set, and over it what makes a run a measurement: nothing but updates, and each as large as it
// says. Without replacement, a batch for many ranks would end where its set does.
std::map<std::string, std::string> settings_of(const StudyOptions& options, const Stage& stage) {
  std::map<std::string, std::string> settings = users_settings(options);
  settings["train.max_steps"] = std::to_string(options.updates);
  settings["train.forget_batch"] = std::to_string(options.forget_batch * stage.times);
  settings["train.retain_batch"] = std::to_string(options.retain_batch * stage.times);
  settings["stop.every"] = std::to_string(options.updates + 1);
  for (const char* key : {"sampler", "retain_sampler"}) settings[key] = "{name: uniform, replacement: true}";
  settings["cache"] = quoted(std::filesystem::absolute(options.out) / "cache");
  for (const char* key : {"eval.before", "eval.after", "export"}) settings[key] = "false";
  for (const char* key : {"eval.every", "checkpoint.every"}) settings[key] = "0";
  settings["checkpoint.keep_best"] = quoted("");
  return settings;
}

World world_of(int ranks, const report::RunSummary& run) {
  std::vector<double> seconds;
  double all_seconds = 0, tokens = 0;
  for (const records::StepRecord& step : run.steps) {
    if (step.step <= 1) continue;
    seconds.push_back(step.seconds);
    all_seconds += step.seconds;
    tokens += static_cast<double>(step.real_tokens);
  }
  if (seconds.empty())
    fail("run.short", fmt::format("{} has no update behind its first", run.folder.string()),
         "time at least two: --updates 6");
  World world{
      .ranks = ranks, .seconds = base::median_of_finite(seconds), .tokens_per_second = tokens / all_seconds};
  for (const records::MemoryRecord& m : run.memory)
    world.peak_bytes = std::max({world.peak_bytes, m.peak_resident_bytes, m.peak_device_bytes});
  return world;
}

}  // namespace

std::string campaign_yaml(const StudyOptions& options) {
  std::string yaml =
      "# Written by `lethe scale`.\ncampaign:\n  name: scale\n  executor: {name: local, cores: 1}  # one at "
      "a time\n  stages:\n";
  for (const Stage& stage : stages_of(options)) {
    yaml += fmt::format("    - name: ranks-{}-batch-{}\n      config: {}\n      ranks: {}\n      settings:\n",
                        stage.ranks, stage.times * (options.forget_batch + options.retain_batch),
                        quoted(std::filesystem::absolute(options.file)), stage.ranks);
    for (const auto& [key, value] : settings_of(options, stage))
      yaml += fmt::format("        {}: {}\n", key, value);
  }
  return yaml + "  cells: [{name: scale}]\n";
}

double Scaling::efficiency(const World& world) const {
  const World& first = worlds.front();
  return world.tokens_per_second / world.ranks / (first.tokens_per_second / first.ranks);
}

std::vector<Scaling> read_scaling(const StudyOptions& options) {
  const auto cells = nlohmann::json::parse(base::read_file(options.out / "cells.json"));
  const auto& runs = cells.at("cells").at(0).at("runs");
  const std::vector<Stage> stages = stages_of(options);
  std::vector<Scaling> studies;
  for (const Kind kind : options.kinds) {
    Scaling& study = studies.emplace_back();
    study.kind = kind;
    study.samples = options.forget_batch + options.retain_batch;
    std::vector<Timing> timings;
    for (const int ranks : options.ranks) {
      const auto place = std::ranges::find(stages, stage_of(kind, ranks)) - stages.begin();
      study.worlds.push_back(world_of(
          ranks,
          report::load_run(options.out / runs.at(static_cast<std::size_t>(place)).get<std::string>())));
      timings.push_back({.ranks = ranks, .seconds = study.worlds.back().seconds});
    }
    study.model = fit(kind, timings);
  }
  return studies;
}

}  // namespace lethe::scaling
