// The CUDA runtime, as far as framework/dist uses it.
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "tests/support/fake_cuda/fake_cuda.h"

namespace {

std::atomic<std::uint64_t> delay_seed{1};
std::atomic<unsigned> longest_delay{200};
thread_local int device = 0;
thread_local cudaError_t last_error = cudaSuccess;

struct Record {  // one recording of an event
  std::mutex mutex;
  std::condition_variable changed;
  bool reached = false;

  void reach() {
    {
      const std::lock_guard lock(mutex);
      reached = true;
    }
    changed.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return reached; });
  }
  bool is_reached() {
    const std::lock_guard lock(mutex);
    return reached;
  }
};

}  // namespace

struct CUstream_st {
  CUstream_st() : thread([this] { serve(); }) {}
  ~CUstream_st() {
    push({});
    thread.join();
  }
  void push(std::function<void()> work) {
    {
      const std::lock_guard lock(mutex);
      queue.push_back(std::move(work));
    }
    filled.notify_one();
  }
  void serve() {
    std::mt19937_64 random(delay_seed.fetch_add(0x9e3779b97f4a7c15));
    for (;;) {
      std::unique_lock lock(mutex);
      filled.wait(lock, [&] { return !queue.empty(); });
      const auto work = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      if (!work) return;
      if (const unsigned longest = longest_delay; longest > 0)
        std::this_thread::sleep_for(std::chrono::microseconds(random() % longest));
      work();
    }
  }
  std::mutex mutex;
  std::condition_variable filled;
  std::deque<std::function<void()>> queue;
  std::thread thread;
};

namespace {

std::mutex streams_mutex;
std::set<cudaStream_t> streams;  // that are there

}  // namespace

struct CUevent_st {
  std::shared_ptr<Record> last;  // null: never recorded, which counts as reached
};

namespace lethe::fake_cuda {

void enqueue(cudaStream_t stream, std::function<void()> work) {
  if (!stream) {  // the default stream orders everything: code that needs it would hide its missing waits
    std::fputs("fake CUDA: the default stream is used\n", stderr);
    std::abort();
  }
  stream->push(std::move(work));
}
void set_delays(std::uint64_t seed, unsigned microseconds) {
  delay_seed = seed;
  longest_delay = microseconds;
}

}  // namespace lethe::fake_cuda

using lethe::fake_cuda::enqueue;

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int) {
  *stream = new CUstream_st;
  const std::lock_guard lock(streams_mutex);
  streams.insert(*stream);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  {
    const std::lock_guard lock(streams_mutex);
    streams.erase(stream);
  }
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int) {
  *event = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  auto record = std::make_shared<Record>();
  event->last = record;
  enqueue(stream, [record] { record->reach(); });
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (!event->last || event->last->is_reached()) return cudaSuccess;
  return last_error = cudaErrorNotReady;  // stays until somebody takes it
}
cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (event->last) event->last->wait();
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int) {
  if (event->last) enqueue(stream, [record = event->last] { record->wait(); });
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  CUevent_st event;
  cudaEventRecord(&event, stream);
  return cudaEventSynchronize(&event);
}
cudaError_t cudaDeviceSynchronize() {
  const std::lock_guard lock(streams_mutex);
  for (const cudaStream_t stream : streams) cudaStreamSynchronize(stream);
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** data, size_t bytes) {
  *data = std::malloc(bytes);
  if (*data) std::memset(*data, 0xff, bytes);
  return *data ? cudaSuccess : cudaErrorMemoryAllocation;
}
cudaError_t cudaFree(void* data) {
  std::free(data);
  return cudaSuccess;
}
// LETHE_FAKE_PINNED_LIMIT: bytes that one allocation of pinned memory may have; none: any number.
cudaError_t cudaHostAlloc(void** data, size_t bytes, unsigned int) {
  const char* const limit = std::getenv("LETHE_FAKE_PINNED_LIMIT");
  if (limit && bytes > std::strtoull(limit, nullptr, 10)) return last_error = cudaErrorMemoryAllocation;
  return cudaMalloc(data, bytes);
}
cudaError_t cudaFreeHost(void* data) { return cudaFree(data); }
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind) {
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}
// LETHE_FAKE_GPUS: how many; none: as a machine without driver answers, which leaves `count` alone.
cudaError_t cudaGetDeviceCount(int* count) {
  const char* const gpus = std::getenv("LETHE_FAKE_GPUS");
  if (!gpus) return cudaErrorInsufficientDriver;
  *count = std::atoi(gpus);
  return cudaSuccess;
}
cudaError_t cudaDeviceGetPCIBusId(char* address, int length, int gpu) {
  std::snprintf(address, static_cast<std::size_t>(length), "0000:%02X:00.0", 0x9b + gpu);
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int gpu) {
  device = gpu;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* gpu) {
  *gpu = device;
  return cudaSuccess;
}
const char* cudaGetErrorString(cudaError_t code) {
  return code == cudaErrorInsufficientDriver ? "CUDA driver version is insufficient for CUDA runtime version"
                                             : "an error of the stand-in";
}

}  // extern "C"
