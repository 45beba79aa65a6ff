// A job whose rank 1 goes wrong in the way that the first argument names, while the others wait for it.
// Started by job_end_test.
#include <chrono>
#include <cstdio>
#include <exception>
#include <string_view>
#include <thread>

#include "framework/base/error.h"
#include "framework/dist/world.h"

namespace {

using lethe::dist::World;

void go_wrong(World& world, std::string_view how) {
  if (how == "throw") lethe::fail("num.nonfinite", "rank 1 met a NaN");
  if (how == "hang") {
    world.watchdog()->set_deadline_seconds(1000);  // rank 1 itself never waits; the others' deadline ends it
    std::this_thread::sleep_for(std::chrono::seconds(100));
  }
  if (how == "leave") std::_Exit(3);
}

void work(std::string_view how) {
  World world;
  if (world.watchdog()) world.watchdog()->set_deadline_seconds(how == "hang" ? 1 : 60);
  if (how != "clean" && world.info().rank == 1) go_wrong(world, how);
  if (world.watchdog()) world.watchdog()->set_step(9);
  const lethe::dist::CollectiveLabel label("layer 12");
  std::vector<float> values(300'000, 1.0f);
  world.group().all_reduce(lethe::dist::span_of(std::span(values)));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    work(argc > 1 ? argv[1] : "clean");
    return 0;
  } catch (const lethe::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    lethe::dist::abort_all_ranks(error.exit_code());
  }
}
