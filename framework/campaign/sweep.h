// Axes to cells: the grid, the listed cells, what is left out, what some cells get besides.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "framework/campaign/options.h"

namespace lethe::campaign {

struct Choice {
  std::string key, label;  // "sampler", "mrd (floor=0.1)"
  bool is_repeat = false;
};

// A setting together with the stages that it touches.
struct CellSetting {
  Setting setting;
  std::vector<std::string> stages;
};

struct Cell {
  std::size_t number = 0;  // from 1, in the order of the file
  std::vector<Choice> choices;
  std::vector<CellSetting> settings;  // of axes, then of overrides

  // "objective=npo, sampler=mrd, seed=11"
  [[nodiscard]] std::string title() const;
};

// Cells in the order of the file: the last axis (repeats) goes fastest; listed cells follow the grid.
// Errors: campaign.size (more than max_cells, counted before any is made), campaign.empty, campaign.axis
// (an exclude or an override that meets no cell, an override of what the cell varies or of what another
// override sets otherwise).
[[nodiscard]] std::vector<Cell> expand(const Options& options);

// Every key that varies, in the order of the file; repeats last.
[[nodiscard]] std::vector<Choice> columns_of(const Options& options);

}  // namespace lethe::campaign
