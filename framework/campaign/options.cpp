#include "framework/campaign/options.h"

#include <algorithm>
#include <filesystem>

#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/campaign/rules.h"
#include "framework/campaign/values.h"
#include "framework/config/extends.h"

namespace lethe::campaign {
namespace {

using config::RawValue;
using config::Section;
using Kind = RawValue::Kind;
namespace fs = std::filesystem;

std::vector<Setting> settings_of(const RawValue& mapping) {
  std::vector<Setting> settings;
  for (const auto& [key, value] : mapping.entries) settings.push_back({key, value});
  return settings;
}

// A mapping whose keys are settings; empty where absent.
std::vector<Setting> read_settings(Section& section, std::string_view key, std::string_view help) {
  const RawValue value = config::raw_value(section, key, help);
  if (value.kind != Kind::null && value.kind != Kind::mapping)
    section.refuse(key, "config.type", "is not a mapping", "write {train.learning_rate: 1.0e-5}");
  return settings_of(value);
}

Stage read_stage(Section section, const std::string& base, const fs::path& folder) {
  Stage stage{.command = "train", .config = base};
  section.required("name", stage.name, "how settings and folders name it")
      .choice("command", stage.command, {"train", "score", "eval"}, "what it runs")
      .optional("config", stage.config, "its configuration, relative to this file; `base` where absent")
      .optional("ranks", stage.ranks, "ranks of its mpirun", config::between(1, 100'000));
  stage.settings =
      read_settings(section, "settings", "over its configuration; {NAME} is an earlier stage's run");
  section.reject_unknown();
  if (!is_word(stage.name))
    section.refuse("name", "campaign.stage",
                   fmt::format("\"{}\" is not a word of letters, digits, - and _", stage.name));
  if (stage.config.empty())
    section.refuse("config", "config.required", "is not set, and campaign has no base");
  if (!fs::path(stage.config).is_absolute())
    stage.config = config::path_beside(folder, stage.config).string();
  return stage;
}

std::vector<Stage> read_stages(Section& section, const fs::path& folder) {
  std::string base;
  section.optional("base", base, "configuration of stages that name none, relative to this file");
  if (config::raw_value(section, "stages", "what each cell runs, in order").kind == Kind::list &&
      section.sections("stages", "what each cell runs, in order").empty())
    section.refuse("stages", "campaign.stage", "is empty", "name a stage, or leave the key out");
  std::vector<Stage> stages;
  for (Section& one : section.sections("stages", "what each cell runs, in order")) {
    stages.push_back(read_stage(one, base, folder));
    const auto same = [&](const Stage& s) { return s.name == stages.back().name; };
    if (std::ranges::count_if(stages, same) > 1)
      one.refuse("name", "campaign.stage", fmt::format("two stages are called {}", stages.back().name));
  }
  if (stages.empty() && base.empty())
    section.refuse("stages", "config.required", "is not set",
                   "name stages, or a base configuration to train");
  if (stages.empty())
    stages.push_back(
        {.name = "run", .command = "train", .config = config::path_beside(folder, base).string()});
  return stages;
}

// Where nothing else is said, an axis touches the last stage that trains.
std::vector<std::string> default_stages(const std::vector<Stage>& stages) {
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage)
    if (stage->command == "train") return {stage->name};
  return {stages.back().name};
}

std::vector<std::string> read_touched(Section& section, const std::vector<Stage>& stages) {
  std::vector<std::string> touched = default_stages(stages), names;
  section.optional("stages", touched, "the stages that it touches");
  for (const Stage& stage : stages) names.push_back(stage.name);
  for (const std::string& name : touched)
    if (std::ranges::find(names, name) == names.end())
      section.refuse("stages", "campaign.stage",
                     fmt::format("\"{}\" is not a stage; stages: {}", name, base::join(names, ", ")),
                     base::did_you_mean(name, names));
  return touched;
}

bool is_same_point(const std::vector<Setting>& a, const std::vector<Setting>& b) {
  return std::ranges::equal(
      a, b, [](const Setting& x, const Setting& y) { return x.key == y.key && is_same(x.value, y.value); });
}

void refuse_twice(Section& section, std::string_view key, const Axis& axis) {
  for (std::size_t i = 0; i < axis.points.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (is_same_point(axis.points[i], axis.points[j]))
        section.refuse(key, "campaign.axis",
                       fmt::format("{} stands there twice", label_of(axis.points[i].front().value)));
}

const RawValue& list_of(Section& section, const std::string& key, const RawValue& value) {
  if (value.kind == Kind::list && !value.items.empty()) return value;
  section.refuse(key, "campaign.axis", "needs a list of values",
                 fmt::format("write {}: [first, second]", key));
}

// `objective: [npo, rmu]`, or `objective: {values: [npo, rmu], stages: [unlearn]}`.
Axis read_axis(Section& axes, const std::string& key, const std::vector<Stage>& stages) {
  Axis axis{.keys = {key}, .stages = default_stages(stages)};
  RawValue values = config::raw_value(axes, key, "values of a setting, as a list");
  if (values.kind == Kind::mapping) {
    Section inner = axes.section(key, "values of a setting, and the stages that it touches");
    values = config::raw_value(inner, "values", "as a list");
    axis.stages = read_touched(inner, stages);
    inner.reject_unknown();
  }
  for (const RawValue& value : list_of(axes, key, values).items) axis.points.push_back({{key, value}});
  refuse_twice(axes, key, axis);
  return axis;
}

// `- {train.learning_rate: [1e-5, 2e-5], train.max_steps: [10, 5]}`: lists of one length, taken together.
Axis read_zip(Section section, const std::vector<Stage>& stages) {
  Axis axis;
  for (const std::string& key : section.keys()) {
    if (key == "stages") continue;
    const RawValue list = list_of(section, key, config::raw_value(section, key, "values, taken together"));
    if (axis.points.empty()) axis.points.resize(list.items.size());
    if (list.items.size() != axis.points.size())
      section.refuse(
          key, "campaign.axis",
          fmt::format("has {} values, {} has {}", list.items.size(), axis.keys.front(), axis.points.size()),
          "lists of a zip are taken together, so they have one length");
    axis.keys.push_back(key);
    for (std::size_t i = 0; i < list.items.size(); ++i) axis.points[i].push_back({key, list.items[i]});
  }
  axis.stages = read_touched(section, stages);
  if (axis.keys.empty()) section.refuse("", "campaign.axis", "names no setting");
  refuse_twice(section, axis.keys.front(), axis);
  return axis;
}

std::vector<Axis> read_axes(Section& section, const std::vector<Stage>& stages) {
  std::vector<Axis> axes;
  Section grid = section.section("axes", "settings that vary: every combination of their values is a cell");
  for (const std::string& key : grid.keys()) axes.push_back(read_axis(grid, key, stages));
  for (const Section& zip : section.sections("zip", "settings that vary together, as one axis"))
    axes.push_back(read_zip(zip, stages));
  return axes;
}

void read_repeats(Section repeats, const std::vector<Stage>& stages, std::vector<Axis>& axes) {
  if (repeats.empty()) return;
  std::string key = "seed";
  repeats.optional("key", key, "the setting that differs between repeats");
  const RawValue seeds = config::raw_value(repeats, "seeds", "its values");
  Axis axis{.keys = {key}, .stages = read_touched(repeats, stages), .is_repeat = true};
  repeats.reject_unknown();
  for (const RawValue& seed : list_of(repeats, "seeds", seeds).items) axis.points.push_back({{key, seed}});
  refuse_twice(repeats, "seeds", axis);
  axes.push_back(std::move(axis));
}

Pattern pattern_of(const RawValue& mapping) {
  Pattern pattern{.place = mapping.place};
  for (const auto& [key, value] : mapping.entries)
    pattern.keys.emplace_back(key, value.kind == Kind::list ? value.items : std::vector{value});
  return pattern;
}

std::vector<RawValue> read_mappings(Section& section, const std::string& key, std::string_view help) {
  const RawValue list = config::raw_value(section, key, help);
  const bool mappings =
      std::ranges::all_of(list.items, [](const RawValue& v) { return v.kind == Kind::mapping; });
  if ((list.kind != Kind::null && list.kind != Kind::list) || !mappings)
    section.refuse(key, "config.type", "is not a list of mappings", "write - {objective: npo, sampler: mrd}");
  return list.items;
}

void read_exceptions(Section& section, Options& o) {
  for (const RawValue& one : read_mappings(section, "exclude", "combinations that are left out"))
    o.exclude.push_back(pattern_of(one));
  for (Section& one : section.sections("overrides", "settings of some cells only")) {
    CellOverride over{.when = pattern_of(config::raw_value(one, "when", "the cells"))};
    over.settings = read_settings(one, "set", "what they get");
    if (over.settings.empty()) one.refuse("set", "config.required", "is not set", "write set: {seed: 1}");
    over.stages = read_touched(one, o.stages);
    one.reject_unknown();
    o.overrides.push_back(std::move(over));
  }
}

}  // namespace

bool is_word(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
}

bool have_common(const std::vector<std::string>& stages, const std::vector<std::string>& others) {
  return std::ranges::find_first_of(stages, others) != stages.end();
}

std::string label_of(const RawValue& value) {
  // An empty text is a choice, and reads otherwise than one that was not made.
  if (value.kind == Kind::scalar) return value.scalar.empty() ? "\"\"" : value.scalar;
  if (value.kind != Kind::mapping) return config::flow_yaml(value);
  std::string name, rest;
  for (const auto& [key, inner] : value.entries) {
    if (key == "name")
      name = label_of(inner);
    else
      rest += fmt::format("{}{}={}", rest.empty() ? "" : ", ", key, label_of(inner));
  }
  if (name.empty()) return config::flow_yaml(value);
  return rest.empty() ? name : fmt::format("{} ({})", name, rest);
}

Options read_options(Section root, const std::string& file, std::span<const std::string> executors) {
  Section section = root.section("campaign", "a campaign of runs");
  root.reject_unknown();
  Options o{.name = fs::path(file).stem().string()};
  section.optional("name", o.name, "what reports call it")
      .optional("max_cells", o.max_cells, "refuse more cells than this", config::at_least(1))
      .optional("retries", o.retries, "how often a run that failed for its machine's sake starts again",
                config::between(0, 100));
  o.stages = read_stages(section, fs::path(file).parent_path());
  o.axes = read_axes(section, o.stages);
  for (const RawValue& cell :
       read_mappings(section, "cells", "cells one by one, instead of a grid or beside it"))
    o.listed_cells.push_back(settings_of(cell));
  o.listed_stages = default_stages(o.stages);
  read_repeats(section.section("repeats", "the same cells with other seeds"), o.stages, o.axes);
  read_exceptions(section, o);
  refuse_contradictions(section, o);
  o.executor = section.named("executor", o.executor_name, executors, "how cells are started");
  section.reject_unknown();
  return o;
}

}  // namespace lethe::campaign
