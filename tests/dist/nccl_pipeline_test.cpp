// The order of waits on a GPU (docs/overlap.md): gathers ahead of compute, reductions behind it, on
// three streams over two groups of NCCL's stand-in, with random delays. Nothing left out, the sums are right;
// each wait left out, wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "framework/dist/cuda_stream.h"
#include "framework/dist/nccl_group.h"
#include "framework/dist/queue_scope.h"
#include "tests/support/fake_cuda/fake_cuda.h"
#include "tests/support/ranks.h"

namespace lethe::dist::tests {
namespace {

constexpr int kSteps = 8, kRuns = 10;
constexpr std::size_t kPart = 3000;

std::unique_ptr<ProcessGroup> start_world() {
  return make_nccl_world_group({.control = lethe::testing::world().group(),
                                .watchdog = std::make_shared<Watchdog>("this rank", 100, [](const Error&) {}),
                                .on_failure = [](const Error& error) { ADD_FAILURE() << error.what(); }});
}

void queue(std::function<void()> work) { fake_cuda::enqueue(QueueScope::current(), std::move(work)); }

enum class Wait : std::uint8_t {
  none,
  compute_on_gather,
  gather_on_buffer,
  reduce_on_compute,
  compute_on_gradient_buffer
};
using enum Wait;

// Idle operations before each of a stream's own: a stream that runs ahead of one that it should wait for
// needs two steps of lead before it meets the same buffer.
constexpr int kSlow = 8;

// Weights are gathered into two buffers in turn, computed on, and a gradient of the same length goes out
// through two others.
class Pipeline {
 public:
  explicit Pipeline(ProcessGroup& world)
      : gathers_(world.split(0, 0)),
        reductions_(world.split(0, 0)),
        ranks_(static_cast<std::size_t>(world.size())) {
    for (auto* pair : {&whole_, &gradient_})
      for (auto& buffer : *pair) buffer.resize(kPart * ranks_);
  }
  // This rank's summed part of the gradients. `left_out`: the wait that no step makes. `host_waits`: at the
  // end.
  double run(Wait left_out, bool host_waits) {
    left_out_ = left_out;
    for (int step = 0; step < kSteps; ++step) gather(step), compute(step), reduce(step);
    if (host_waits) reducing_->synchronize();
    double total = 0;
    for (const float value : sum_) total += value;
    for (auto* stream : {gathering_.get(), computing_.get(), reducing_.get()}) stream->synchronize();
    return total;
  }
  double expected() const {  // each gradient is twice the weight, from every rank
    return static_cast<double>(kPart * ranks_) * 2 * kSteps * (kSteps + 1) / 2.0;
  }

 private:
  // What is left out shows where the stream that should have been waited for is the slower one.
  void slow_down_without(Wait which) {
    for (int i = 0; which == left_out_ && i < kSlow; ++i) queue([] {});
  }
  void wait(Stream& stream, Wait which, const Event& event) {
    if (which != left_out_) stream.wait(event);
  }
  void gather(int step) {
    wait(*gathering_, gather_on_buffer, computed_[step % 2]);
    gathering_->enqueue([this, step] {
      queue([this, step] { part_.assign(kPart, static_cast<float>(step + 1)); });
      gathers_->all_gather(span_of(std::span(part_)), span_of(std::span(whole_[step % 2])));
    });
    gathered_ = gathering_->record();
  }
  void compute(int step) {
    wait(*computing_, compute_on_gather, gathered_);
    wait(*computing_, compute_on_gradient_buffer, reduced_[step % 2]);
    computing_->enqueue([this, step] {
      slow_down_without(gather_on_buffer);
      queue([&weights = whole_[step % 2], &gradient = gradient_[step % 2]] {
        for (std::size_t i = 0; i < weights.size(); ++i) gradient[i] = 2 * weights[i];
      });
    });
    computed_[step % 2] = computing_->record();
  }
  void reduce(int step) {
    wait(*reducing_, reduce_on_compute, computed_[step % 2]);
    reducing_->enqueue([this, step] {
      slow_down_without(compute_on_gradient_buffer);
      reductions_->reduce_scatter(span_of(std::span(gradient_[step % 2])), span_of(std::span(incoming_)));
      queue([this] {
        for (std::size_t i = 0; i < kPart; ++i) sum_[i] += incoming_[i];
      });
    });
    reduced_[step % 2] = reducing_->record();
  }

  std::unique_ptr<ProcessGroup> gathers_, reductions_;
  std::size_t ranks_;
  Wait left_out_ = none;
  std::vector<float> part_ = std::vector<float>(kPart), incoming_ = part_, sum_ = part_;
  std::vector<float> whole_[2], gradient_[2];
  Event gathered_, computed_[2], reduced_[2];
  std::unique_ptr<Stream> gathering_ = make_cuda_stream(), computing_ = make_cuda_stream(),
                          reducing_ = make_cuda_stream();  // last: their work uses everything above
};

// Of kRuns, how many gave a wrong sum on some rank.
std::int64_t wrong_runs(Wait left_out, bool host_waits = true) {
  const auto world = start_world();
  std::vector<std::int64_t> wrong(kRuns);
  for (int run = 0; run < kRuns; ++run) {
    fake_cuda::set_delays(static_cast<std::uint64_t>(run) + 1, 400);
    Pipeline pipeline(*world);
    wrong[static_cast<std::size_t>(run)] = pipeline.run(left_out, host_waits) != pipeline.expected();
  }
  lethe::testing::world().group().all_reduce(span_of(std::span(wrong)), Reduce::max);
  return std::ranges::count(wrong, 1);
}

TEST(NcclPipeline, WithEveryWaitTheSumsAreRight) {
  EXPECT_EQ(wrong_runs(none), 0);
  EXPECT_EQ(wrong_runs(none), 0);
}
TEST(NcclPipeline, ComputeThatDoesNotWaitForItsGatherIsWrong) { EXPECT_GE(wrong_runs(compute_on_gather), 9); }
TEST(NcclPipeline, AGatherThatDoesNotWaitForItsBufferIsWrong) { EXPECT_GE(wrong_runs(gather_on_buffer), 9); }
TEST(NcclPipeline, AReductionThatDoesNotWaitForItsGradientsIsWrong) {
  EXPECT_GE(wrong_runs(reduce_on_compute), 9);
}
TEST(NcclPipeline, ComputeThatDoesNotWaitForItsGradientBufferIsWrong) {
  EXPECT_GE(wrong_runs(compute_on_gradient_buffer), 9);
}
TEST(NcclPipeline, AHostThatDoesNotWaitForTheLastReductionIsWrong) { EXPECT_GE(wrong_runs(none, false), 9); }

}  // namespace
}  // namespace lethe::dist::tests
