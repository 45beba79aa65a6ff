// The laws of ProcessGroup, for every backend. A law is called by all ranks of the group.
#pragma once

#include <span>
#include <string_view>

#include "framework/dist/process_group.h"

namespace lethe::dist::tests {

struct Law {
  std::string_view name;
  void (*check)(ProcessGroup& group);
};
[[nodiscard]] std::span<const Law> laws();

}  // namespace lethe::dist::tests
