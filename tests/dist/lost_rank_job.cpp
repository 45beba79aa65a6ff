// lost_rank_job BACKEND HOW SECONDS: three ranks that gather over `mpi` or over NCCL's stand-in, with this
// deadline, until rank 1 goes wrong in the way that HOW names. It says when, for lost_rank_test, which starts
// it.
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

void sleep_long() { std::this_thread::sleep_for(std::chrono::seconds(120)); }

// Seconds of the machine's steady clock.
void say_when() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  std::fprintf(stderr, "fault at %.3f\n", std::chrono::duration<double>(now).count());
}

struct Job {
  std::string_view backend, how;
  double deadline;
  World world;

  bool wrong(std::string_view fault) const { return how == fault && world.info().rank == 1; }

  std::unique_ptr<ProcessGroup> start_nccl() {
    if (wrong("version")) setenv("LETHE_FAKE_NCCL_VERSION", "22703", 1);
    if (wrong("error")) setenv("LETHE_FAKE_NCCL_ERROR", "4", 1);
    return make_nccl_world_group(
        {.control = world.group(), .watchdog = world.shared_watchdog(), .on_failure = end_lost_job});
  }

  void misbehave(ProcessGroup& group, std::vector<float>& part, std::vector<float>& whole) {
    say_when();
    if (how == "hang") sleep_long();
    if (how == "stop") raise(SIGSTOP);
    if (how == "throw") lethe::fail("num.nonfinite", "rank 1 met a NaN in layer 12, step 5");
    if (how == "mismatch") group.reduce_scatter(span_of(std::span(whole)), span_of(std::span(part)));
    if (how == "size")
      group.all_gather(span_of(std::span(part).first(part.size() / 2)),
                       span_of(std::span(whole).first(whole.size() / 2)));
  }

  void step(ProcessGroup& group, int number) {
    world.watchdog()->set_step(number);
    const CollectiveLabel label("layer 12");
    std::vector<float> part(1000, 1.0f), whole(1000 * static_cast<std::size_t>(group.size()));
    if (number == 5 && wrong(how) && how != "clean") misbehave(group, part, whole);
    group.all_gather(span_of(std::span(part)), span_of(std::span(whole)));
  }

  // Collectives that are queued and not waited for: only the watcher can notice.
  void queue_only(ProcessGroup& group) {
    const auto stream = make_cuda_stream();
    for (int number = 0; number < 8; ++number) stream->enqueue([&] { group.barrier(); });
    sleep_long();
  }

  void run() {
    world.watchdog()->set_deadline_seconds(deadline);
    const bool from_the_start = how == "version" || how == "error" || how == "absent";
    if (from_the_start && wrong(how)) say_when();
    if (wrong("absent")) sleep_long();
    const auto nccl = backend == "nccl" ? start_nccl() : nullptr;
    ProcessGroup& group = nccl ? *nccl : world.group();
    if (how == "error") return queue_only(group);
    for (int number = 0; number < 8; ++number) step(group, number);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  try {
    Job{argv[1], argv[2], std::atof(argv[3]), {}}.run();
    return 0;
  } catch (const lethe::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    abort_all_ranks(error.exit_code());
  }
}
