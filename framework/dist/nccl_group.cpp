#include "framework/dist/nccl_group.h"

#include <algorithm>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "framework/base/error.h"
#include "framework/dist/contract.h"
#include "framework/dist/cuda_handles.h"
#include "framework/dist/nccl_comm.h"
#include "framework/dist/nccl_memory.h"
#include "framework/dist/queue_scope.h"
#include "framework/dist/world.h"

namespace lethe::dist {
namespace {

ncclDataType_t nccl_type(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return ncclFloat32;
    case DType::f64:
      return ncclFloat64;
    case DType::bf16:
      return ncclBfloat16;
    case DType::i64:
      return ncclInt64;
    case DType::u8:
      return ncclUint8;
  }
  return ncclUint8;
}

ncclRedOp_t nccl_op(Reduce op) { return op == Reduce::sum ? ncclSum : op == Reduce::min ? ncclMin : ncclMax; }

ncclConfig_t non_blocking() {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  return config;
}

// Whether a collective's event is reached. Throws peer.lost or device.cuda where it never will be.
bool is_over(const CudaEvent& event, Comm& comm, const Watchdog& watchdog, const Call& call) {
  const cudaError_t code = cudaEventQuery(event.get());
  if (code == cudaSuccess) return true;
  (void)cudaGetLastError();  // "not ready" would stay, and LibTorch's next launch would take it for its own
  const ncclResult_t state = comm.state();
  if (state != ncclSuccess && state != ncclInProgress) fail_lost(watchdog, call, state);
  if (code != cudaErrorNotReady) check_cuda(code, "a collective");
  return false;
}

// Watches collectives that were queued and that nobody waits for. One for all groups of a world.
class Flights {
 public:
  // The thread's current GPU is the one that it looks at.
  Flights(std::shared_ptr<Watchdog> watchdog, std::function<void(const Error&)> on_failure)
      : watchdog_(std::move(watchdog)),
        on_failure_(std::move(on_failure)),
        gpu_(current_gpu()),
        thread_([this](std::stop_token stop) { watch(stop); }) {}

  void add(Comm& comm, cudaStream_t stream, std::unique_ptr<Call> call) {
    CudaEvent event;
    check_cuda(cudaEventRecord(event.get(), stream), "cudaEventRecord");
    const std::lock_guard lock(mutex_);
    flying_.push_back({&comm, std::move(event), std::move(call)});
  }
  // Before a communicator goes: its collectives are over.
  void land(const Comm& comm) {
    const std::lock_guard lock(mutex_);
    std::erase_if(flying_, [&](const Flight& flight) { return flight.comm == &comm; });
  }
  // A collective could not even be queued.
  void fail(const Error& error) const { on_failure_(error); }
  const std::shared_ptr<Watchdog>& watchdog() const noexcept { return watchdog_; }

 private:
  struct Flight {
    Comm* comm;
    CudaEvent event;
    std::unique_ptr<Call> call;
  };
  void watch(const std::stop_token& stop) {
    // Without this it would look from GPU 0, and each rank of a host would open a context there.
    if (const cudaError_t code = cudaSetDevice(gpu_); code != cudaSuccess)
      return on_failure_(Error(
          "device.cuda", fmt::format("cudaSetDevice({}) failed (CUDA: {})", gpu_, cudaGetErrorString(code))));
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(kLongestNap);
      if (const std::optional<Error> failure = look()) return on_failure_(*failure);
    }
  }
  std::optional<Error> look() {
    const std::lock_guard lock(mutex_);
    for (auto flight = flying_.begin(); flight != flying_.end();) {
      try {
        if (is_over(flight->event, *flight->comm, *watchdog_, *flight->call))
          flight = flying_.erase(flight);
        else
          ++flight;
      } catch (const Error& error) {
        return error;
      }
    }
    return std::nullopt;
  }

  std::shared_ptr<Watchdog> watchdog_;
  std::function<void(const Error&)> on_failure_;
  int gpu_;
  std::mutex mutex_;
  std::list<Flight> flying_;
  std::jthread thread_;  // last: it uses everything above
};

class NcclGroup final : public ProcessGroup {
 public:
  NcclGroup(std::shared_ptr<Comm> comm, std::shared_ptr<Flights> flights, bool has_memory)
      : comm_(std::move(comm)),
        flights_(std::move(flights)),
        number_(flights_->watchdog()->number_group()),
        has_memory_(has_memory) {
    comm_->alone([&](ncclComm_t owned) { return ncclCommUserRank(owned, &rank_); });
    comm_->alone([&](ncclComm_t owned) { return ncclCommCount(owned, &size_); });
    check_cuda(cudaMalloc(reinterpret_cast<void**>(&token_), sizeof(std::int64_t)), "cudaMalloc");
  }
  ~NcclGroup() override {
    cudaStreamSynchronize(own_.get());
    flights_->land(*comm_);
    cudaFree(token_);
  }

  std::string_view backend() const noexcept override { return "nccl"; }
  int rank() const noexcept override { return rank_; }
  int size() const noexcept override { return size_; }

  void all_gather(ConstSpan in, Span out) override {
    check_all_gather(in, out, rank_, size_);
    run("all_gather", bytes_of(out), [&](ncclComm_t comm, cudaStream_t stream) {
      return ncclAllGather(in.data, out.data, in.count, nccl_type(in.dtype), comm, stream);
    });
  }
  void reduce_scatter(ConstSpan in, Span out) override {
    check_reduce_scatter(in, out, rank_, size_);
    run("reduce_scatter", bytes_of(in), [&](ncclComm_t comm, cudaStream_t stream) {
      return ncclReduceScatter(in.data, out.data, out.count, nccl_type(in.dtype), ncclSum, comm, stream);
    });
  }
  void all_reduce(Span values, Reduce op) override {
    run("all_reduce", bytes_of(values), [&](ncclComm_t comm, cudaStream_t stream) {
      return ncclAllReduce(values.data, values.data, values.count, nccl_type(values.dtype), nccl_op(op), comm,
                           stream);
    });
  }
  void all_to_all(ConstSpan in, Span out) override {
    check_all_to_all(in, out, size_);
    const std::size_t piece = in.count / static_cast<std::size_t>(size_), bytes = piece * size_of(in.dtype);
    run("all_to_all", bytes_of(in), [&](ncclComm_t comm, cudaStream_t stream) {
      ncclGroupStart();
      for (int peer = 0; peer < size_; ++peer) {
        const std::size_t offset = static_cast<std::size_t>(peer) * bytes;
        ncclSend(at_byte(in.data, offset), piece, nccl_type(in.dtype), peer, comm, stream);
        ncclRecv(at_byte(out.data, offset), piece, nccl_type(in.dtype), peer, comm, stream);
      }
      return ncclGroupEnd();  // what one of the calls refused comes out here
    });
  }
  void broadcast(Span values, int root) override {
    check_root(root, size_);
    run("broadcast", bytes_of(values), [&](ncclComm_t comm, cudaStream_t stream) {
      return ncclBroadcast(values.data, values.data, values.count, nccl_type(values.dtype), root, comm,
                           stream);
    });
  }
  // NCCL has none: a sum of one number cannot end before all have come.
  void barrier() override {
    run("barrier", 0, [&](ncclComm_t comm, cudaStream_t stream) {
      return ncclAllReduce(token_, token_, 1, ncclInt64, ncclSum, comm, stream);
    });
  }
  std::unique_ptr<ProcessGroup> split(int color, int key) override {
    LETHE_CHECK(color >= 0, "the color of a split is negative: {}", color);
    const Call call(watchdog(), "split", 0, number_);
    ncclConfig_t config = non_blocking();
    ncclComm_t made = nullptr;
    comm_->settle(
        comm_->alone([&](ncclComm_t comm) { return ncclCommSplit(comm, color, key, &made, &config); }),
        watchdog(), call);
    auto part = std::make_shared<Comm>(made);
    part->settle(ncclInProgress, watchdog(), call);
    return std::make_unique<NcclGroup>(std::move(part), flights_, has_memory_);
  }

  bool gives_memory() const noexcept override { return has_memory_ && size_ > 1; }
  std::shared_ptr<void> allocate(std::size_t bytes) override {
    return gives_memory() ? registered_memory(comm_, bytes) : nullptr;
  }

 private:
  Watchdog& watchdog() const { return *flights_->watchdog(); }

  template <class Issue>
  void run(std::string_view name, std::uint64_t bytes, Issue issue) {
    auto call = std::make_unique<Call>(watchdog(), name, bytes, number_);
    cudaStream_t const current = QueueScope::current();
    cudaStream_t const stream = current ? current : own_.get();
    try {
      comm_->settle(comm_->alone([&](ncclComm_t comm) { return issue(comm, stream); }), watchdog(), *call);
    } catch (const Error& error) {
      // A stream's work would keep it to itself, and whoever waits for the stream would wait for ever.
      if (current) flights_->fail(error);
      throw;
    }
    if (current) return flights_->add(*comm_, stream, std::move(call));
    CudaEvent done;
    check_cuda(cudaEventRecord(done.get(), stream), "cudaEventRecord");
    for (Nap nap; !is_over(done, *comm_, watchdog(), *call);) nap.take();
  }

  std::shared_ptr<Comm> comm_;  // also of the memory that it gave
  std::shared_ptr<Flights> flights_;
  std::uint64_t number_;  // of this group, for the watchdog
  bool has_memory_;
  CudaStreamHandle own_;
  std::int64_t* token_ = nullptr;  // GPU memory of the barrier
  int rank_ = 0, size_ = 1;
};

std::string version_text(std::int64_t version) {
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

// A mixture of versions hangs or is silently wrong; the same check on every rank ends all with one message.
void check_versions(ProcessGroup& control) {
  int own = 0;
  ncclGetVersion(&own);
  const std::int64_t mine = own;
  std::vector<std::int64_t> all(static_cast<std::size_t>(control.size()));
  control.all_gather({&mine, 1, DType::i64}, span_of(std::span(all)));
  const auto votes = [&](std::int64_t version) { return std::ranges::count(all, version); };
  const std::int64_t usual = *std::ranges::max_element(all, {}, votes);
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (all[rank] == usual) continue;
    fail("dist.version",
         fmt::format("rank {} NCCL {}, others {}", rank, version_text(all[rank]), version_text(usual)),
         "let every host load the same libnccl.so.2 (LD_LIBRARY_PATH, the container's image)");
  }
}

}  // namespace

bool nccl_is_built() noexcept { return true; }
std::string nccl_version() {
  int version = 0;
  ncclGetVersion(&version);
  return version_text(version);
}

std::unique_ptr<ProcessGroup> make_nccl_world_group(const NcclStart& start) {
  const CollectiveLabel label("NCCL's start");
  check_versions(start.control);
  ncclUniqueId id{};
  const Call call(*start.watchdog, "nccl start", 0);
  if (start.control.rank() == 0) {
    if (const ncclResult_t code = ncclGetUniqueId(&id); code != ncclSuccess)
      fail_lost(*start.watchdog, call, code);
  }
  start.control.broadcast({&id, sizeof id, DType::u8}, 0);
  ncclConfig_t config = non_blocking();
  ncclComm_t comm = nullptr;
  const ncclResult_t code =
      ncclCommInitRankConfig(&comm, start.control.size(), id, start.control.rank(), &config);
  if (!comm) fail_lost(*start.watchdog, call, code);
  before_abort(&abort_nccl);
  auto world = std::make_shared<Comm>(comm);
  world->settle(code, *start.watchdog, call);
  const bool has_memory = every_rank_gets_memory(world, start.control);
  return std::make_unique<NcclGroup>(std::move(world),
                                     std::make_shared<Flights>(start.watchdog, start.on_failure), has_memory);
}

void abort_nccl() noexcept { Comm::abort_all(); }

}  // namespace lethe::dist
