// The wording of what a Section refuses: the catalogue's keys, the value, the path and the place.
#pragma once

#include <string>
#include <string_view>

#include "framework/config/reading.h"
#include "framework/config/section.h"

namespace lethe::config {

// config.type: `conf.yaml:6:10: train.global_batch: "eight" is not an integer`
[[noreturn]] void refuse_type(const std::string& path, const Node& node, std::string_view what,
                              std::string_view hint = "");

// config.range: `train.learning_rate must be a finite number > 0, got -1e-05 (conf.yaml:7:18)`
[[noreturn]] void refuse_range(const std::string& path, const Node& node, const std::string& allowed,
                               const std::string& got);

// config.required: `model.path is not set (conf.yaml:3:1)`
[[noreturn]] void refuse_missing(const Document& document, const std::string& section, std::string_view key);

// config.unknown: `conf.yaml:5:3: train.lerning_rate is not a setting; did you mean learning_rate`
[[noreturn]] void refuse_unknown(const Document& document, const std::string& section, const Entry& entry);

// config.unknown: `conf.yaml:14:9: objective.name: npoo is not one of dpo, npo; did you mean npo`
[[noreturn]] void refuse_word(const std::string& path, const Node& node, const std::string& word,
                              std::span<const std::string> allowed);

// " > 0", " >= 1", " between 0 and 1", "" if everything is allowed.
[[nodiscard]] std::string range_text(const Range& range);

[[nodiscard]] std::string type_of_choice(std::span<const std::string> allowed);  // "one of a, b"

}  // namespace lethe::config
