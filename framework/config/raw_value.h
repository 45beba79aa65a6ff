// A value as it was written, without a type: for settings that are handed on and typed elsewhere, like those
// of a campaign's axes.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/config/section.h"

namespace lethe::config {

struct RawValue {
  enum class Kind { null, scalar, list, mapping };
  Kind kind = Kind::null;
  std::string scalar;
  bool quoted = false;
  std::string place;  // "conf.yaml:3:8"
  std::vector<RawValue> items;
  std::vector<std::pair<std::string, RawValue>> entries;
};

// The value of a key; null where it is absent. Marks the key as known.
[[nodiscard]] RawValue raw_value(Section& section, std::string_view key, std::string_view help);

// One line of YAML that reads back as the same value: what may stand after `--set key=`.
[[nodiscard]] std::string flow_yaml(const RawValue& value);

// Every value written below the section, as one line of YAML, by its dotted path from there:
// "train.optimizer.groups[1].weight_decay". A list of plain values is one value, any other list goes by
// position.
[[nodiscard]] std::map<std::string, std::string> flat_values(const Section& section);

}  // namespace lethe::config
