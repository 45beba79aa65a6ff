#include "framework/dist/stream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "framework/base/memory_counter.h"
#include "framework/dist/watchdog.h"

namespace lethe::dist::tests {
namespace {

using Make = std::unique_ptr<Stream> (*)();
class AnyStream : public ::testing::TestWithParam<Make> {};
INSTANTIATE_TEST_SUITE_P(Kinds, AnyStream, ::testing::Values(&make_inline_stream, &make_worker_stream),
                         [](const auto& info) { return info.index == 0 ? "inline" : "worker"; });

TEST_P(AnyStream, RunsWorkInOrder) {
  const auto stream = GetParam()();
  std::vector<int> seen;
  for (int i = 0; i < 500; ++i) stream->enqueue([&seen, i] { seen.push_back(i); });
  stream->synchronize();
  ASSERT_EQ(seen.size(), 500u);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST_P(AnyStream, EventIsReachedWhenEarlierWorkIsDone) {
  const auto stream = GetParam()();
  std::atomic<bool> done = false;
  stream->enqueue([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    done = true;
  });
  const Event event = stream->record();
  event.wait();
  EXPECT_TRUE(done);
  EXPECT_TRUE(event.reached());
}

TEST_P(AnyStream, ThrowsTheFirstExceptionAtTheEventAndSkipsTheRest) {
  const auto stream = GetParam()();
  bool ran = false;
  const Event before = stream->record();
  stream->enqueue([] { throw std::runtime_error("first"); });
  stream->enqueue([&] { ran = true; });
  const Event after = stream->record();
  EXPECT_NO_THROW(before.wait());
  try {
    after.wait();
    FAIL() << "the exception is lost";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "first");
  }
  EXPECT_TRUE(after.reached());
  EXPECT_FALSE(ran);
  EXPECT_THROW(stream->synchronize(), std::runtime_error);
}

TEST_P(AnyStream, FailureOfAnotherStreamComesAcrossItsEvent) {
  const auto other = make_worker_stream();
  other->enqueue([] { throw std::runtime_error("elsewhere"); });
  const auto stream = GetParam()();
  stream->wait(other->record());
  EXPECT_THROW(stream->synchronize(), std::runtime_error);
}

// Whoever waits was allocating for something else.
TEST_P(AnyStream, SaysWhatMemoryWasShortOfWhereTheWorkRan) {
  using base::Memory;
  const auto counters = std::make_shared<base::MemoryCounters>();
  counters->add(Memory::weights, 70);
  const auto stream = GetParam()();
  stream->enqueue([&] {
    const base::MemoryScope memory(counters, Memory::gradients);
    throw std::bad_alloc();
  });
  const auto wait = [&] {
    const base::MemoryScope memory(counters, Memory::activations);
    stream->synchronize();
  };
  EXPECT_THROW(wait(), std::bad_alloc);
  EXPECT_EQ(base::MemoryScope::last_failure().category, Memory::gradients);
  EXPECT_EQ(base::MemoryScope::last_failure().held[static_cast<std::size_t>(Memory::weights)], 70);
}

TEST(Event, DefaultIsReached) {
  EXPECT_TRUE(Event().reached());
  EXPECT_NO_THROW(Event().wait());
}

TEST(WorkerStream, DoesNotHoldUpTheCaller) {
  std::promise<void> gate;
  const auto stream = make_worker_stream();
  stream->enqueue([&] { gate.get_future().wait(); });
  const Event event = stream->record();
  EXPECT_FALSE(event.reached());
  gate.set_value();
  event.wait();
}

TEST(WorkerStream, WaitsForTheEventOfAnotherStream) {
  const auto producer = make_worker_stream(), consumer = make_worker_stream();
  for (int round = 0; round < 200; ++round) {
    int value = 0, seen = -1;
    producer->enqueue([&] {
      std::this_thread::yield();
      value = round;
    });
    consumer->wait(producer->record());
    consumer->enqueue([&] { seen = value; });
    consumer->synchronize();
    EXPECT_EQ(seen, round);
  }
}

TEST(WorkerStream, FinishesItsWorkBeforeItIsDestroyed) {
  std::atomic<int> done = 0;
  {
    const auto stream = make_worker_stream();
    for (int i = 0; i < 50; ++i) stream->enqueue([&] { ++done; });
  }
  EXPECT_EQ(done, 50);
}

TEST_P(AnyStream, CarriesTheLabelOfWhoeverEnqueues) {
  const auto stream = GetParam()();
  std::string seen;
  {
    const CollectiveLabel label("layer 12");
    stream->enqueue([&] { seen = CollectiveLabel::current(); });
  }
  stream->synchronize();
  EXPECT_EQ(seen, "layer 12");
}

}  // namespace
}  // namespace lethe::dist::tests
