#include "framework/dist/cuda_stream.h"
#include "framework/dist/queue_scope.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/fake_cuda/fake_cuda.h"

namespace lethe::dist::tests {
namespace {

void queue(std::function<void()> work) { fake_cuda::enqueue(QueueScope::current(), std::move(work)); }

TEST(CudaStream, QueuesInOrderAndLetsTheHostGoOn) {
  fake_cuda::set_delays(3, 2000);
  const auto stream = make_cuda_stream();
  std::vector<int> seen;
  for (int i = 0; i < 20; ++i) stream->enqueue([&seen, i] { queue([&seen, i] { seen.push_back(i); }); });
  const Event event = stream->record();
  EXPECT_FALSE(event.reached());
  event.wait();
  ASSERT_EQ(seen.size(), 20u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(CudaStream, WaitsForTheEventOfAnotherStreamOnTheDevice) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    fake_cuda::set_delays(seed, 500);
    const auto producer = make_cuda_stream(), consumer = make_cuda_stream();
    int value = 0, seen = -1;
    producer->enqueue([&] { queue([&] { value = 7; }); });
    consumer->wait(producer->record());
    consumer->enqueue([&] { queue([&] { seen = value; }); });
    consumer->synchronize();
    EXPECT_EQ(seen, 7);
  }
}

TEST(CudaStream, WaitsForWorkOfAHostStream) {
  const auto host = make_worker_stream();
  const auto stream = make_cuda_stream();
  int value = 0, seen = -1;
  host->enqueue([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    value = 7;
  });
  stream->wait(host->record());
  stream->enqueue([&] { queue([&] { seen = value; }); });
  stream->synchronize();
  EXPECT_EQ(seen, 7);
}

TEST(CudaStream, ThrowsTheFirstExceptionAtTheEventAndSkipsTheRest) {
  const auto stream = make_cuda_stream(), after = make_cuda_stream();
  bool ran = false;
  stream->enqueue([] { throw std::runtime_error("first"); });
  stream->enqueue([&] { ran = true; });
  EXPECT_THROW(stream->synchronize(), std::runtime_error);
  EXPECT_FALSE(ran);
  after->wait(stream->record());
  EXPECT_THROW(after->synchronize(), std::runtime_error);
}

TEST(CudaStream, IsCurrentOnlyInsideItsWork) {
  const auto stream = make_cuda_stream();
  EXPECT_EQ(QueueScope::current(), nullptr);
  stream->enqueue([] { EXPECT_NE(QueueScope::current(), nullptr); });
  EXPECT_EQ(QueueScope::current(), nullptr);
}

}  // namespace
}  // namespace lethe::dist::tests
