// What a mistyped option was meant to be.
#pragma once

#include <span>
#include <string>

namespace lethe::launchers {

// "--resume" for --resum; "--set train.learning_rate=…" for --lerning-rate; "" if nothing is near. `options`
// are names without dashes, `settings` dotted paths.
[[nodiscard]] std::string meant_option(const std::string& unknown, std::span<const std::string> options,
                                       std::span<const std::string> settings);

}  // namespace lethe::launchers
