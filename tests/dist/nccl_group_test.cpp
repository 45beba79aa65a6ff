// The laws over NCCL's stand-in, between the processes that mpirun started, with random delays on every
// stream.
#include "framework/dist/nccl_group.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "framework/dist/cuda_stream.h"
#include "tests/dist/conformance.h"
#include "tests/support/fake_cuda/fake_cuda.h"
#include "tests/support/ranks.h"

namespace lethe::dist::tests {
namespace {

std::unique_ptr<ProcessGroup> start() {
  const auto dog = std::make_shared<Watchdog>("this rank", 100, [](const std::string&) {});
  return make_nccl_world_group({.control = lethe::testing::world().group(),
                                .watchdog = dog,
                                .on_failure = [](const std::string& text) { ADD_FAILURE() << text; }});
}

class NcclGroupLaws : public ::testing::TestWithParam<Law> {};

TEST_P(NcclGroupLaws, Hold) {
  fake_cuda::set_delays(1, GetParam().name == "LargeCountsArriveWhole" ? 0 : 50);
  const auto group = start();
  EXPECT_EQ(group->backend(), "nccl");
  GetParam().check(*group);
}

INSTANTIATE_TEST_SUITE_P(All, NcclGroupLaws, ::testing::ValuesIn(laws().begin(), laws().end()),
                         [](const auto& info) { return std::string(info.param.name); });

// Two streams, two groups, two buffers: gathers run ahead of the compute that reads them.
struct Pipeline {
  static constexpr int kSteps = 8;
  static constexpr std::size_t kPart = 3000;

  explicit Pipeline(ProcessGroup& world) : group(world.split(0, 0)) {}

  // The sum of all that compute read; `part` is written anew for each step, as weights are.
  double run() {
    const auto ranks = static_cast<std::size_t>(group->size());
    std::vector<float> part(kPart);
    std::vector<float> whole[2] = {std::vector<float>(kPart * ranks), std::vector<float>(kPart * ranks)};
    Event read[2];
    double total = 0;
    const auto gather = make_cuda_stream(), compute = make_cuda_stream();
    for (int step = 0; step < kSteps; ++step) {
      auto& buffer = whole[step % 2];
      gather->wait(read[step % 2]);  // the buffer is free again
      gather->enqueue([&, step] {
        fake_cuda::enqueue(current_cuda_stream(),
                           [&, step] { part.assign(kPart, static_cast<float>(step + 1)); });
        group->all_gather(span_of(std::span(part)), span_of(std::span(buffer)));
      });
      compute->wait(gather->record());  // the buffer is full
      compute->enqueue([&] {
        fake_cuda::enqueue(current_cuda_stream(), [&] {
          for (const float value : buffer) total += value;
        });
      });
      read[step % 2] = compute->record();
    }
    compute->synchronize();
    gather->synchronize();
    return total;
  }
  double expected() const { return kSteps * (kSteps + 1) / 2.0 * static_cast<double>(kPart) * group->size(); }

  std::unique_ptr<ProcessGroup> group;
};

TEST(NcclPipeline, GathersAheadOfComputeGiveTheRightSum) {
  const auto world = start();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    fake_cuda::set_delays(seed, 300);
    Pipeline pipeline(*world);
    EXPECT_EQ(pipeline.run(), pipeline.expected()) << "seed " << seed;
  }
}

// Waits in order: gather on the buffer (from step 2 on), compute on the gather, alternately.
void expect_wrong_without(int first, int stride) {
  const auto world = start();
  int wrong = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    fake_cuda::set_delays(seed, 400);
    Pipeline pipeline(*world);
    fake_cuda::forget_waits(first, stride);
    wrong += pipeline.run() != pipeline.expected();
    fake_cuda::forget_waits(-1, 1);
  }
  std::int64_t most = wrong;
  lethe::testing::world().group().all_reduce({&most, 1, DType::i64}, Reduce::max);
  EXPECT_GE(most, 9);
}

TEST(NcclPipeline, ComputeThatDoesNotWaitForItsGatherIsWrong) { expect_wrong_without(0, 2); }
TEST(NcclPipeline, AGatherThatDoesNotWaitForItsBufferIsWrong) { expect_wrong_without(1, 2); }

}  // namespace
}  // namespace lethe::dist::tests
