// docs/metrics.md, made from the registry.
#pragma once

#include <string>

namespace lethe::evaluation {

[[nodiscard]] std::string metrics_reference();

}  // namespace lethe::evaluation
