// The world of a test program that lethe_test(… RANKS …) starts: one for each process, alive while the tests
// run.
#pragma once

#include "framework/dist/world.h"

namespace lethe::testing {

[[nodiscard]] dist::World& world();

}  // namespace lethe::testing
