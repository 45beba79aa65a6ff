// A campaign's file: which runs it is made of. Everything stands below the key `campaign`:
//
//   campaign:
//     stages:                                   # of each cell, in order
//       - {name: plant, command: train, config: plant.yaml}
//       - {name: unlearn, command: train, config: unlearn.yaml, settings: {model.path: "{plant}/model"}}
//     axes: {objective: [npo, grad_diff], sampler: [uniform, {name: mrd, floor: 0.1}]}
//     repeats: {seeds: [11, 12, 13]}
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "framework/config/raw_value.h"
#include "framework/config/section.h"

namespace lethe::campaign {

// One `--set`: a dotted path and its value.
struct Setting {
  std::string key;
  config::RawValue value;
};

// "{plant}" at the beginning of a setting stands for the run directory that the earlier stage `plant` of the
// same cell wrote.
struct Stage {
  std::string name;     // a word; "unlearn"
  std::string command;  // train, score or eval
  std::string config;   // as given, relative to the current folder
  std::int64_t ranks = 1;
  std::vector<Setting> settings;
};

struct Axis {
  std::vector<std::string> keys;             // one; several where lists go together (zip)
  std::vector<std::vector<Setting>> points;  // each sets every key
  std::vector<std::string> stages;           // the stages that it touches
  bool is_repeat = false;                    // cells that differ only here are repeats of one another
};

// What a cell must show: for each key, one of the values (by value, or by the `name` in it).
struct Pattern {
  std::vector<std::pair<std::string, std::vector<config::RawValue>>> keys;
  std::string place;
};

struct CellOverride {
  Pattern when;
  std::vector<Setting> settings;
  std::vector<std::string> stages;
};

struct Options {
  std::string name;
  std::vector<Stage> stages;
  std::vector<Axis> axes;                          // the grid: every combination of their points
  std::vector<std::vector<Setting>> listed_cells;  // instead of a grid, or beside it
  std::vector<std::string> listed_stages;          // the stages that their settings touch
  std::vector<Pattern> exclude;
  std::vector<CellOverride> overrides;
  std::int64_t max_cells = 10000, retries = 1;
  std::string executor_name = "local";
  config::Section executor;  // its own options
};

// Reads the section `campaign` of a loaded file. Paths of `config` are relative to `file`, as in `extends`.
// Errors: those of config, campaign.stage, campaign.axis.
[[nodiscard]] Options read_options(config::Section root, const std::string& file,
                                   std::span<const std::string> executors);

// Letters, digits, - and _: what a stage may be called.
[[nodiscard]] bool is_word(const std::string& name);

// Whether a stage is in both.
[[nodiscard]] bool have_common(const std::vector<std::string>& stages,
                               const std::vector<std::string>& others);

// How a value is shown and compared: "npo", "mrd (floor=0.1)", "[1, 2]", "\"\"" (an empty text).
[[nodiscard]] std::string label_of(const config::RawValue& value);

}  // namespace lethe::campaign
