// lost_rank_job BACKEND HOW: ranks that gather over `mpi` or over NCCL's stand-in, until rank 1 goes wrong in
// the way that HOW names. Started by lost_rank_test.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "framework/base/error.h"
#include "framework/dist/cuda_stream.h"
#include "framework/dist/nccl_group.h"
#include "framework/dist/world.h"

namespace {

using namespace lethe::dist;  // NOLINT: a program of its own

void sleep_long() { std::this_thread::sleep_for(std::chrono::seconds(60)); }

std::unique_ptr<ProcessGroup> start_nccl(World& world, std::string_view how) {
  const bool wrong = world.info().rank == 1;
  if (wrong && how == "version") setenv("LETHE_FAKE_NCCL_VERSION", "22703", 1);
  if (wrong && how == "error") setenv("LETHE_FAKE_NCCL_ERROR", "4", 1);
  if (wrong && how == "absent") sleep_long();
  return make_nccl_world_group(
      {.control = world.group(), .watchdog = world.shared_watchdog(), .on_failure = end_lost_job});
}

void step(World& world, ProcessGroup& group, int number, std::string_view how) {
  world.watchdog()->set_step(number);
  const CollectiveLabel label("layer 12");
  const auto ranks = static_cast<std::size_t>(group.size());
  std::vector<float> part(1000, 1.0f), whole(1000 * ranks);
  if (number == 5 && world.info().rank == 1) {
    if (how == "hang") sleep_long();
    if (how == "stop") raise(SIGSTOP);
    if (how == "mismatch") group.reduce_scatter(span_of(std::span(whole)), span_of(std::span(part)));
  }
  group.all_gather(span_of(std::span(part)), span_of(std::span(whole)));
}

void work(std::string_view backend, std::string_view how) {
  World world;
  world.watchdog()->set_deadline_seconds(2);
  const auto nccl = backend == "nccl" ? start_nccl(world, how) : nullptr;
  ProcessGroup& group = nccl ? *nccl : world.group();
  if (how != "error") {
    for (int number = 0; number < 8; ++number) step(world, group, number, how);
    return;
  }
  const auto stream = make_cuda_stream();  // queued and not waited for: only the watcher can notice
  for (int number = 0; number < 8; ++number) stream->enqueue([&] { group.barrier(); });
  sleep_long();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    work(argc > 1 ? argv[1] : "mpi", argc > 2 ? argv[2] : "clean");
    return 0;
  } catch (const lethe::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    abort_all_ranks(error.exit_code());
  }
}
