// Bus bandwidth of the nccl group's collectives, one rank a GPU, under mpirun: bytes that each GPU must send
// over the time of one collective, so that numbers of different worlds compare. Rank 0 prints a table.
// Without a GPU for each rank of a host it says so and exits with 77.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "framework/base/error.h"
#include "framework/dist/cuda_handles.h"
#include "framework/dist/device.h"
#include "framework/dist/nccl_group.h"
#include "framework/dist/queue_scope.h"
#include "framework/dist/world.h"

namespace {

using namespace lethe::dist;  // NOLINT: a program of its own

constexpr int kNoGpu = 77, kTries = 20, kBatch = 10;

struct Buffers {
  explicit Buffers(std::size_t bytes) {
    if (cudaMalloc(&in, bytes) != cudaSuccess || cudaMalloc(&out, bytes) != cudaSuccess)
      lethe::fail("oom", "no memory for the buffers of a collective");
  }
  ~Buffers() {
    cudaFree(out);
    cudaFree(in);
  }
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;
  void *in = nullptr, *out = nullptr;
};

class Clock {  // the GPU's own
 public:
  explicit Clock(cudaStream_t stream) : stream_(stream) {
    check_cuda(cudaEventCreate(&start_), "cudaEventCreate");
    check_cuda(cudaEventCreate(&end_), "cudaEventCreate");
    check_cuda(cudaEventRecord(start_, stream_), "cudaEventRecord");
  }
  ~Clock() {
    cudaEventDestroy(start_);
    cudaEventDestroy(end_);
  }
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  double seconds() {
    check_cuda(cudaEventRecord(end_, stream_), "cudaEventRecord");
    check_cuda(cudaEventSynchronize(end_), "cudaEventSynchronize");
    float milliseconds = 0;
    check_cuda(cudaEventElapsedTime(&milliseconds, start_, end_), "cudaEventElapsedTime");
    return milliseconds / 1e3;
  }

 private:
  cudaStream_t stream_;
  cudaEvent_t start_ = nullptr, end_ = nullptr;
};

// Seconds of one collective: the middle one of kTries batches, each queued as a whole, so that neither the
// host's way to the GPU nor its waiting counts.
template <class Collective>
double middle_seconds(ProcessGroup& group, Collective collective) {
  const CudaStreamHandle stream;
  const QueueScope queue(stream.get());
  std::vector<double> seconds;
  for (int i = 0; i < kTries; ++i) {
    group.barrier();  // queued: all ranks begin together
    Clock clock(stream.get());
    for (int one = 0; one < kBatch; ++one) collective();
    seconds.push_back(clock.seconds() / kBatch);
  }
  std::ranges::sort(seconds);
  return seconds[kTries / 2];
}

void measure(ProcessGroup& group, std::size_t bytes, const RankInfo& rank) {
  const auto ranks = static_cast<std::size_t>(group.size());
  const std::size_t part = bytes / ranks / 2, whole = part * ranks;  // bf16
  const Buffers buffers(bytes);
  const double gather = middle_seconds(group, [&] {
    group.all_gather({buffers.in, part, DType::bf16}, {buffers.out, whole, DType::bf16});
  });
  const double scatter = middle_seconds(group, [&] {
    group.reduce_scatter({buffers.in, whole, DType::bf16}, {buffers.out, part, DType::bf16});
  });
  const double reduce = middle_seconds(group, [&] { group.all_reduce({buffers.out, whole, DType::bf16}); });
  const double sent =
      static_cast<double>(bytes) * static_cast<double>(ranks - 1) / static_cast<double>(ranks) / 1e9;
  if (rank.rank == 0)
    std::printf("| %zu MiB | %.1f | %.1f | %.1f |\n", bytes >> 20, sent / gather, sent / scatter,
                2 * sent / reduce);
}

int run() {
  World world;
  const RankInfo& rank = world.info();
  const DeviceProbe probe = probe_devices();
  if (probe.count < rank.local_size || !world.watchdog()) {
    if (rank.rank == 0) std::printf("needs %d GPU(s) and mpirun, found %d\n", rank.local_size, probe.count);
    return kNoGpu;
  }
  cudaSetDevice(rank.local_rank);
  const auto group = make_nccl_world_group(
      {.control = world.group(), .watchdog = world.shared_watchdog(), .on_failure = end_lost_job});
  if (rank.rank == 0)
    std::printf(
        "NCCL %s, %d ranks; bus bandwidth in GB/s\n\n| buffer | all_gather | reduce_scatter | all_reduce "
        "|\n|---|---|---|---|\n",
        nccl_version().c_str(), rank.size);
  for (const std::size_t mebibytes : {1, 4, 16, 64, 256, 1024}) measure(*group, mebibytes << 20, rank);
  return 0;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const lethe::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    abort_all_ranks(error.exit_code());
  }
}
