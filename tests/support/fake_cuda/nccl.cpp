// NCCL over POSIX shared memory, on the threads of the stand-in's streams. Reductions add in rank order.
// Ranks that call different collectives wait for ever, as with NCCL, and so do ranks of whose buffers some
// are registered. Faults, by environment variable:
//   LETHE_FAKE_NCCL_VERSION=22703            what ncclGetVersion says
//   LETHE_FAKE_NCCL_ERROR=N                  this process's N-th collective fails asynchronously (from 1)
// LETHE_FAKE_NCCL_TAG is part of the names of the shared memory: lethe_nccl_TAG…
#include <fcntl.h>
#include <nccl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "framework/dist/ordered_reduce.h"
#include "tests/support/fake_cuda/fake_cuda.h"

namespace {

using lethe::dist::DType;
using lethe::dist::Reduce;
using lethe::fake_cuda::is_registered;

constexpr std::size_t kChunk = 64 * 1024;
constexpr int kMostRanks = 16;

struct Offer {  // what all ranks must agree on
  int operation = 0, type = 0, detail = 0;
  std::size_t count = 0;
  bool operator==(const Offer&) const = default;
};

struct Board {  // in shared memory
  std::atomic<int> attached;
  struct Rank {
    std::atomic<std::uint64_t> posted, taken;
    Offer offer;
    alignas(64) std::byte chunk[kChunk];
  } ranks[kMostRanks];
};

Board* open_board(const std::string& name) {
  const int file = shm_open(name.c_str(), O_CREAT | O_RDWR, 0600);
  if (file < 0 || ftruncate(file, sizeof(Board)) != 0) return nullptr;
  void* const memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<Board*>(memory);
}

std::size_t size_of(ncclDataType_t type) {
  switch (type) {
    case ncclFloat32:
      return 4;
    case ncclFloat64:
    case ncclInt64:
      return 8;
    case ncclBfloat16:
      return 2;
    default:
      return 1;
  }
}

DType dtype_of(ncclDataType_t type) {
  switch (type) {
    case ncclFloat32:
      return DType::f32;
    case ncclFloat64:
      return DType::f64;
    case ncclInt64:
      return DType::i64;
    case ncclBfloat16:
      return DType::bf16;
    default:
      return DType::u8;
  }
}

struct Aborted {};
std::atomic<int> collectives{0};

}  // namespace

struct ncclComm {
  std::string name;
  int rank = 0, size = 1, splits = 0;
  Board* board = nullptr;
  std::uint64_t turn = 0;  // touched by one stream's thread at a time
  std::atomic<bool> aborted{false};
  std::atomic<ncclResult_t> state{ncclInProgress};
  std::thread starter;
  // As in NCCL: a call leaves a job behind, which the next look at the state ends and frees, without a lock.
  bool job = false;
  std::atomic<bool> entered{false};

  template <class Ready>
  void wait_until(Ready ready) const {
    for (int tries = 0; !ready(); ++tries) {
      if (aborted) throw Aborted{};
      if (tries < 50)
        std::this_thread::yield();
      else
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
  Board::Rank& own() const { return board->ranks[rank]; }

  // Lays down `bytes` of `data`, waits for everybody's, and lets `use` read them before anybody lays down the
  // next.
  template <class Use>
  void exchange(const Offer& offer, const void* data, std::size_t bytes, Use use) {
    ++turn;
    own().offer = offer;
    if (bytes > 0) std::memcpy(own().chunk, data, bytes);
    own().posted = turn;
    wait_until([&] { return all([&](const Board::Rank& r) { return r.posted >= turn; }); });
    if (!all([&](const Board::Rank& r) { return r.offer == offer; })) wait_until([] { return false; });
    use();
    own().taken = turn;
    wait_until([&] { return all([&](const Board::Rank& r) { return r.taken >= turn; }); });
  }
  template <class Holds>
  bool all(Holds holds) const {
    for (int r = 0; r < size; ++r)
      if (!holds(board->ranks[r])) return false;
    return true;
  }
  // out[i] = reduction of what all have at i.
  void reduce(void* out, std::size_t count, ncclDataType_t type, Reduce op) const {
    std::vector<const void*> sources;
    for (int r = 0; r < size; ++r) sources.push_back(board->ranks[r].chunk);
    lethe::dist::reduce_in_order(sources, out, count, dtype_of(type), op);
  }
  void start();
};

void ncclComm::start() {
  starter = std::thread([this] {
    try {
      ++board->attached;
      wait_until([&] { return board->attached >= size; });
      shm_unlink(name.c_str());  // everybody has it mapped
      state = ncclSuccess;
    } catch (const Aborted&) {
      shm_unlink(name.c_str());
      state = ncclInternalError;
    }
  });
}

namespace {

ncclResult_t start_comm(ncclComm_t* comm, std::string name, int size, int rank) {
  *comm = nullptr;
  if (size > kMostRanks || rank >= size) return ncclInvalidArgument;
  auto* const made = new ncclComm;
  made->name = std::move(name);
  made->rank = rank;
  made->size = size;
  made->board = open_board(made->name);
  if (!made->board) return ncclSystemError;
  *comm = made;
  made->start();
  return ncclInProgress;
}

bool fails_now() {
  const char* const which = std::getenv("LETHE_FAKE_NCCL_ERROR");
  return ++collectives == (which ? std::atoi(which) : -1);
}

// What two threads at once in NCCL's calls on one communicator make of its memory, made sure of and said.
class Alone {
 public:
  explicit Alone(ncclComm_t comm) : comm_(comm) {
    if (!comm_->entered.exchange(true)) return;
    std::fprintf(stderr, "NCCL's stand-in: two threads call one communicator at once\n");
    std::abort();
  }
  ~Alone() { comm_->entered = false; }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

 private:
  ncclComm_t comm_;
};

template <class Work>
ncclResult_t queue(ncclComm_t comm, cudaStream_t stream, Work work) {
  const Alone alone(comm);
  if (comm->job) return ncclInvalidUsage;  // the call before was not waited for
  comm->job = true;
  const bool fails = fails_now();
  lethe::fake_cuda::enqueue(stream, [comm, work, fails] {
    try {
      if (fails) comm->state = ncclRemoteError;
      if (fails) comm->wait_until([] { return false; });
      work();
    } catch (const Aborted&) {
    }
  });
  return ncclInProgress;
}

std::byte* at(void* data, std::size_t offset) { return static_cast<std::byte*>(data) + offset; }
const std::byte* at(const void* data, std::size_t offset) {
  return static_cast<const std::byte*>(data) + offset;
}
// Collectives with nothing to do still meet.
std::size_t chunks(std::size_t bytes) { return std::max<std::size_t>((bytes + kChunk - 1) / kChunk, 1); }

template <class Body>  // body(first byte, bytes)
void in_chunks(std::size_t bytes, Body body) {
  for (std::size_t c = 0; c < chunks(bytes); ++c) body(c * kChunk, std::min(kChunk, bytes - c * kChunk));
}

// What was called between ncclGroupStart and ncclGroupEnd on this thread: one send to and one receive from
// each rank, all of one size, is all that lethe asks for.
struct Group {
  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;
  std::size_t bytes = 0;
  std::vector<const void*> sends;
  std::vector<void*> receives;
};
thread_local Group group;

void add_to_group(ncclComm_t comm, cudaStream_t stream, std::size_t bytes) {
  group.comm = comm;
  group.stream = stream;
  group.bytes = bytes;
  group.sends.resize(static_cast<std::size_t>(comm->size));
  group.receives.resize(static_cast<std::size_t>(comm->size));
}

Reduce reduction(ncclRedOp_t op) {
  return op == ncclSum ? Reduce::sum : op == ncclMin ? Reduce::min : Reduce::max;
}

}  // namespace

extern "C" {

ncclResult_t ncclGetVersion(int* version) {
  const char* const pretended = std::getenv("LETHE_FAKE_NCCL_VERSION");
  *version = pretended ? std::atoi(pretended) : NCCL_VERSION_CODE;
  return ncclSuccess;
}
const char* ncclGetErrorString(ncclResult_t code) {
  return code == ncclRemoteError ? "remote process exited or there was a network error" : "internal error";
}

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  static std::atomic<int> count{0};
  std::memset(id, 0, sizeof *id);
  const char* const tag = std::getenv("LETHE_FAKE_NCCL_TAG");
  const std::string name = std::string("/lethe_nccl_") + (tag ? tag : "") + std::to_string(getpid()) + "_" +
                           std::to_string(count++);
  std::memcpy(id->internal, name.data(), name.size());
  return ncclSuccess;
}
ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int size, ncclUniqueId id, int rank, ncclConfig_t*) {
  return start_comm(comm, id.internal, size, rank);
}
ncclResult_t ncclCommSplit(ncclComm_t comm, int color, int key, ncclComm_t* part, ncclConfig_t*) {
  struct Place {
    int color, key, rank;
  };
  const Place own{color, key, comm->rank};
  std::vector<Place> same;
  try {
    comm->exchange({.operation = 9}, &own, sizeof own, [&] {
      for (int r = 0; r < comm->size; ++r) {
        Place place;
        std::memcpy(&place, comm->board->ranks[r].chunk, sizeof place);
        if (place.color == color) same.push_back(place);
      }
    });
  } catch (const Aborted&) {
    return ncclInternalError;
  }
  std::ranges::stable_sort(same, {}, &Place::key);
  const auto place = std::ranges::find(same, comm->rank, &Place::rank) - same.begin();
  const std::string name = comm->name + "_" + std::to_string(comm->splits++) + "_" + std::to_string(color);
  return start_comm(part, name, static_cast<int>(same.size()), static_cast<int>(place));
}
ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* code) {
  const Alone alone(comm);
  if (comm->job) std::this_thread::sleep_for(std::chrono::microseconds(20));  // joins the job's thread
  comm->job = false;
  *code = comm->state;
  return ncclSuccess;
}
ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  lethe::fake_cuda::forget_communicator(comm);
  comm->starter.join();
  munmap(comm->board, sizeof(Board));
  delete comm;
  return ncclSuccess;
}
ncclResult_t ncclCommAbort(ncclComm_t comm) {
  comm->aborted = true;  // its memory stays: threads may be on their way out of it
  comm->starter.join();
  return ncclSuccess;
}
ncclResult_t ncclCommUserRank(ncclComm_t comm, int* rank) {
  *rank = comm->rank;
  return ncclSuccess;
}
ncclResult_t ncclCommCount(ncclComm_t comm, int* count) {
  *count = comm->size;
  return ncclSuccess;
}

ncclResult_t ncclAllGather(const void* in, void* out, size_t count, ncclDataType_t type, ncclComm_t comm,
                           cudaStream_t stream) {
  return queue(comm, stream, [=] {
    const std::size_t bytes = count * size_of(type);
    in_chunks(bytes, [&](std::size_t first, std::size_t length) {
      comm->exchange({1, type, is_registered(comm, out), count}, at(in, first), length, [&] {
        for (int r = 0; r < comm->size; ++r)
          std::memcpy(at(out, static_cast<std::size_t>(r) * bytes + first), comm->board->ranks[r].chunk,
                      length);
      });
    });
  });
}
ncclResult_t ncclReduceScatter(const void* in, void* out, size_t count, ncclDataType_t type, ncclRedOp_t op,
                               ncclComm_t comm, cudaStream_t stream) {
  return queue(comm, stream, [=] {
    const std::size_t bytes = count * size_of(type);
    for (int to = 0; to < comm->size; ++to) {
      in_chunks(bytes, [&](std::size_t first, std::size_t length) {
        const std::byte* const mine = at(in, static_cast<std::size_t>(to) * bytes + first);
        comm->exchange({2, type, is_registered(comm, in), count}, mine, length, [&] {
          if (to == comm->rank) comm->reduce(at(out, first), length / size_of(type), type, reduction(op));
        });
      });
    }
  });
}
ncclResult_t ncclAllReduce(const void* in, void* out, size_t count, ncclDataType_t type, ncclRedOp_t op,
                           ncclComm_t comm, cudaStream_t stream) {
  return queue(comm, stream, [=] {
    in_chunks(count * size_of(type), [&](std::size_t first, std::size_t length) {
      comm->exchange({3, type, op, count}, at(in, first), length,
                     [&] { comm->reduce(at(out, first), length / size_of(type), type, reduction(op)); });
    });
  });
}
ncclResult_t ncclBroadcast(const void* in, void* out, size_t count, ncclDataType_t type, int root,
                           ncclComm_t comm, cudaStream_t stream) {
  return queue(comm, stream, [=] {
    in_chunks(count * size_of(type), [&](std::size_t first, std::size_t length) {
      comm->exchange({4, type, root, count}, at(in, first), comm->rank == root ? length : 0, [&] {
        if (length > 0) std::memcpy(at(out, first), comm->board->ranks[root].chunk, length);
      });
    });
  });
}

ncclResult_t ncclGroupStart() {
  group = {};
  return ncclSuccess;
}
ncclResult_t ncclSend(const void* data, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t stream) {
  add_to_group(comm, stream, count * size_of(type));
  group.sends[static_cast<std::size_t>(peer)] = data;
  return ncclSuccess;
}
ncclResult_t ncclRecv(void* data, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t stream) {
  add_to_group(comm, stream, count * size_of(type));
  group.receives[static_cast<std::size_t>(peer)] = data;
  return ncclSuccess;
}
ncclResult_t ncclGroupEnd() {
  if (!group.comm) return ncclSuccess;
  return queue(group.comm, group.stream, [all = group] {
    for (int to = 0; to < all.comm->size; ++to) {
      in_chunks(all.bytes, [&](std::size_t first, std::size_t length) {
        all.comm->exchange({5, 0, 0, all.bytes}, at(all.sends[static_cast<std::size_t>(to)], first), length,
                           [&] {
                             for (int from = 0; to == all.comm->rank && from < all.comm->size; ++from)
                               if (length > 0)
                                 std::memcpy(at(all.receives[static_cast<std::size_t>(from)], first),
                                             all.comm->board->ranks[from].chunk, length);
                           });
      });
    }
  });
}

}  // extern "C"
