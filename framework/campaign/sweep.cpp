#include "framework/campaign/sweep.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/campaign/values.h"

namespace lethe::campaign {
namespace {

using config::RawValue;

struct DraftCell {
  std::vector<CellSetting> settings;
  std::vector<std::string> repeat_keys;
};

const RawValue* value_in(const DraftCell& cell, const std::string& key) {
  for (const CellSetting& one : cell.settings)
    if (one.setting.key == key) return &one.setting.value;
  return nullptr;
}

bool matches(const DraftCell& cell, const Pattern& pattern) {
  return std::ranges::all_of(pattern.keys, [&](const auto& key) {
    const RawValue* value = value_in(cell, key.first);
    return value != nullptr &&
           std::ranges::any_of(key.second, [&](const RawValue& wanted) { return is_meant(*value, wanted); });
  });
}

std::vector<DraftCell> crossed(const std::vector<DraftCell>& cells, const Axis& axis) {
  std::vector<DraftCell> result;
  for (const DraftCell& cell : cells) {
    for (const auto& point : axis.points) {
      DraftCell next = cell;
      for (const Setting& setting : point) next.settings.push_back({setting, axis.stages});
      if (axis.is_repeat) next.repeat_keys = axis.keys;
      result.push_back(std::move(next));
    }
  }
  return result;
}

std::vector<DraftCell> listed(const Options& o) {
  std::vector<DraftCell> cells;
  for (const auto& settings : o.listed_cells) {
    DraftCell& cell = cells.emplace_back();
    for (const Setting& setting : settings) cell.settings.push_back({setting, o.listed_stages});
  }
  return cells;
}

bool has_grid(const Options& o) {
  return o.listed_cells.empty() ||
         std::ranges::any_of(o.axes, [](const Axis& axis) { return !axis.is_repeat; });
}

// In floating point: a grid too large for an integer is still too large.
double count_of(const Options& o) {
  double grid = has_grid(o) ? 1 : 0, repeats = 1;
  for (const Axis& axis : o.axes)
    (axis.is_repeat ? repeats : grid) *= static_cast<double>(axis.points.size());
  return (grid + static_cast<double>(o.listed_cells.size())) * repeats;
}

void refuse_size(const Options& o) {
  const double count = count_of(o);
  if (count > static_cast<double>(o.max_cells))
    fail("campaign.size", fmt::format("{:.0f} cells; allow with campaign.max_cells", count),
         fmt::format("campaign.max_cells is {}; shorten an axis, or exclude combinations", o.max_cells));
}

// Each of its values is some cell's, but no cell has them together.
void refuse_unmet(const std::vector<DraftCell>& cells, const Options& o) {
  const auto check = [&](const Pattern& pattern, std::string_view where) {
    if (std::ranges::none_of(cells, [&](const DraftCell& cell) { return matches(cell, pattern); }))
      fail("campaign.axis", fmt::format("{}: {} meets no cell", pattern.place, where),
           "`lethe campaign FILE --check` without it lists the cells");
  };
  for (const Pattern& pattern : o.exclude) check(pattern, "campaign.exclude");
  for (const CellOverride& over : o.overrides) check(over.when, "campaign.overrides.when");
}

// The table would show the value that varies, and the run would have the other.
void refuse_overridden(const DraftCell& cell, const CellOverride& over, const std::string& title) {
  for (const Setting& setting : over.settings)
    for (const CellSetting& one : cell.settings)
      if (have_common(over.stages, one.stages) && undoes(setting.key, one.setting.key, one.setting.value))
        fail("campaign.axis",
             fmt::format("{}: campaign.overrides would set {} over {} of cell {}", setting.value.place,
                         setting.key, one.setting.key, title),
             "exclude the combination, or give the axis the value");
}

bool is_same_setting(const Setting& a, const Setting& b) {
  return a.key == b.key && is_same(a.value, b.value);
}

// Overrides that meet one cell: the later would win. The same value twice is no contradiction.
void refuse_overridden_twice(const std::vector<CellSetting>& earlier, const CellOverride& over,
                             const std::string& title) {
  for (const Setting& setting : over.settings)
    for (const CellSetting& one : earlier) {
      if (!have_common(over.stages, one.stages) || !undoes(setting.key, one.setting.key, one.setting.value) ||
          is_same_setting(setting, one.setting))
        continue;
      fail("campaign.axis",
           fmt::format("{}: campaign.overrides sets {}={} for cell {}, which another one sets to {}={} ({})",
                       setting.value.place, setting.key, label_of(setting.value), title, one.setting.key,
                       label_of(one.setting.value), one.setting.value.place),
           "narrow one of the two with more keys of `when`");
    }
}

Cell finished(const DraftCell& draft, std::size_t number, const Options& o) {
  Cell cell{.number = number, .settings = draft.settings};
  for (const CellSetting& one : draft.settings) {
    const bool is_repeat = std::ranges::find(draft.repeat_keys, one.setting.key) != draft.repeat_keys.end();
    cell.choices.push_back({one.setting.key, label_of(one.setting.value), is_repeat});
  }
  std::vector<CellSetting> overrides;
  for (const CellOverride& over : o.overrides) {
    if (!matches(draft, over.when)) continue;
    refuse_overridden(draft, over, cell.title());
    refuse_overridden_twice(overrides, over, cell.title());
    for (const Setting& setting : over.settings) overrides.push_back({setting, over.stages});
  }
  cell.settings.insert(cell.settings.end(), overrides.begin(), overrides.end());
  return cell;
}

}  // namespace

std::string Cell::title() const {
  std::string text;
  for (const Choice& choice : choices)
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", choice.key, choice.label);
  return text.empty() ? "the only cell" : text;
}

std::vector<Cell> expand(const Options& o) {
  refuse_size(o);
  std::vector<DraftCell> drafts;
  if (has_grid(o)) drafts.emplace_back();
  for (const Axis& axis : o.axes)
    if (!axis.is_repeat) drafts = crossed(drafts, axis);
  for (DraftCell& cell : listed(o)) drafts.push_back(std::move(cell));
  for (const Axis& axis : o.axes)
    if (axis.is_repeat) drafts = crossed(drafts, axis);
  refuse_unmet(drafts, o);
  std::vector<Cell> cells;
  for (const DraftCell& draft : drafts)
    if (std::ranges::none_of(o.exclude, [&](const Pattern& p) { return matches(draft, p); }))
      cells.push_back(finished(draft, cells.size() + 1, o));
  if (cells.empty()) fail("campaign.empty", "every cell is excluded", "drop an entry of campaign.exclude");
  return cells;
}

std::vector<Choice> columns_of(const Options& o) {
  std::vector<Choice> columns, repeats;
  const auto add = [&](const std::string& key, bool is_repeat) {
    auto& list = is_repeat ? repeats : columns;
    if (std::ranges::find(list, key, &Choice::key) == list.end()) list.push_back({key, key, is_repeat});
  };
  for (const Axis& axis : o.axes)
    for (const std::string& key : axis.keys) add(key, axis.is_repeat);
  for (const auto& cell : o.listed_cells)
    for (const Setting& setting : cell) add(setting.key, false);
  columns.insert(columns.end(), repeats.begin(), repeats.end());
  return columns;
}

}  // namespace lethe::campaign
