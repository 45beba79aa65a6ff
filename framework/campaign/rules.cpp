#include "framework/campaign/rules.h"

#include <algorithm>
#include <set>

#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/campaign/values.h"

namespace lethe::campaign {
namespace {

using config::RawValue;
using config::Section;

// One setting that varies: its values, and the stages that it touches.
struct Varied {
  std::string key;
  std::vector<const RawValue*> values;
  const std::vector<std::string>* stages;
};

std::vector<Varied> varied_by(const Axis& axis) {
  std::vector<Varied> varied;
  for (const std::string& key : axis.keys) {
    Varied& one = varied.emplace_back(Varied{.key = key, .values = {}, .stages = &axis.stages});
    for (const auto& point : axis.points)
      for (const Setting& setting : point)
        if (setting.key == key) one.values.push_back(&setting.value);
  }
  return varied;
}

std::vector<Varied> varied_by(const std::vector<Setting>& cell, const Options& o) {
  std::vector<Varied> varied;
  for (const Setting& setting : cell) varied.push_back({setting.key, {&setting.value}, &o.listed_stages});
  return varied;
}

template <class Out>
void append(std::vector<Varied>& list, Out&& more) {
  list.insert(list.end(), more.begin(), more.end());
}

std::vector<Varied> varied_by_axes(const Options& o, bool repeats) {
  std::vector<Varied> varied;
  for (const Axis& axis : o.axes)
    if (axis.is_repeat == repeats) append(varied, varied_by(axis));
  return varied;
}

std::vector<Varied> all_varied(const Options& o) {
  std::vector<Varied> varied = varied_by_axes(o, false);
  for (const auto& cell : o.listed_cells) append(varied, varied_by(cell, o));
  append(varied, varied_by_axes(o, true));
  return varied;
}

bool undoes_one(const Varied& later, const Varied& first) {
  return std::ranges::any_of(first.values,
                             [&](const RawValue* value) { return undoes(later.key, first.key, *value); });
}

// Settings in the order in which a cell gets them: a later one lies over an earlier one.
void refuse_overlap(Section& section, const std::vector<Varied>& in_order) {
  for (std::size_t i = 0; i < in_order.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Varied &first = in_order[j], &later = in_order[i];
      if (first.key == later.key)
        section.refuse("", "campaign.axis", fmt::format("{} varies twice", later.key),
                       "one axis sets a key; a listed cell leaves the repeats' key alone");
      if (have_common(*first.stages, *later.stages) && undoes_one(later, first))
        section.refuse("", "campaign.axis", fmt::format("{} would undo a value of {}", later.key, first.key),
                       "name the shorter key first, and say each option in one of the two");
    }
  }
}

void refuse_overlaps(Section& section, const Options& o) {
  const std::vector<Varied> repeats = varied_by_axes(o, true);
  std::vector<Varied> grid = varied_by_axes(o, false);
  append(grid, repeats);
  refuse_overlap(section, grid);
  for (const auto& cell : o.listed_cells) {
    std::vector<Varied> listed = varied_by(cell, o);
    append(listed, repeats);
    refuse_overlap(section, listed);
  }
}

std::vector<std::string> names_of(const std::vector<Varied>& varied) {
  std::set<std::string> names;
  for (const Varied& one : varied) names.insert(one.key);
  return {names.begin(), names.end()};
}

void refuse_unmet(Section& section, std::string_view key, const Pattern& pattern,
                  const std::vector<Varied>& varied) {
  const std::vector<std::string> names = names_of(varied);
  if (pattern.keys.empty()) section.refuse(key, "campaign.axis", "names no setting");
  for (const auto& [name, wanted] : pattern.keys) {
    std::vector<std::string> labels;
    std::vector<const RawValue*> values;
    for (const Varied& one : varied)
      if (one.key == name)
        for (const RawValue* value : one.values) {
          values.push_back(value);
          if (const std::string label = label_of(*value); std::ranges::find(labels, label) == labels.end())
            labels.push_back(label);
        }
    if (values.empty())
      section.refuse(key, "campaign.axis",
                     fmt::format("{} does not vary; what varies: {}", name, base::join(names, ", ")),
                     base::did_you_mean(name, names));
    for (const RawValue& one : wanted)
      if (std::ranges::none_of(values, [&](const RawValue* value) { return is_meant(*value, one); }))
        section.refuse(key, "campaign.axis",
                       fmt::format("{}: {} is no value of {}; its values: {}", one.place, label_of(one), name,
                                   base::join(labels, ", ")),
                       base::did_you_mean(label_of(one), labels));
  }
}

// The last stage that trains and those after it that evaluate.
struct Measured {
  std::string trained;
  std::vector<std::string> measuring;
};

Measured measured_in(const Options& o) {
  Measured measured;
  for (const Stage& stage : o.stages) {
    if (stage.command == "train") measured = {.trained = stage.name, .measuring = {}};
    if (stage.command == "eval") measured.measuring.push_back(stage.name);
  }
  return measured;
}

bool chooses_samples(std::string_view key) { return key == "data.forget" || key.starts_with("data.forget."); }

}  // namespace

std::vector<std::string> warnings_of(const Options& o) {
  const Measured measured = measured_in(o);
  const auto touches = [](const Varied& one, const std::string& stage) {
    return std::ranges::find(*one.stages, stage) != one.stages->end();
  };
  std::set<std::string> warnings;  // listed cells say one thing often
  for (const Varied& one : all_varied(o)) {
    if (!chooses_samples(one.key) || !touches(one, measured.trained)) continue;
    for (const std::string& stage : measured.measuring)
      if (!touches(one, stage))
        warnings.insert(
            fmt::format("{} says which samples {} forgets, and {} measures others: an axis touches both with "
                        "{{values: [\u2026], stages: [{}, {}]}}",
                        one.key, measured.trained, stage, base::join(*one.stages, ", "), stage));
  }
  return {warnings.begin(), warnings.end()};
}

void refuse_contradictions(Section& section, const Options& o) {
  refuse_overlaps(section, o);
  const std::vector<Varied> varied = all_varied(o);
  for (const Pattern& pattern : o.exclude) refuse_unmet(section, "exclude", pattern, varied);
  for (const CellOverride& over : o.overrides) refuse_unmet(section, "overrides", over.when, varied);
}

}  // namespace lethe::campaign
