#include "framework/dist/roll_call.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <thread>
#include <type_traits>

#include "framework/dist/mpi_handles.h"

namespace lethe::dist {
namespace {

constexpr int kRollCallTag = 11;
constexpr std::size_t kWhoBytes = 128;

// A status as bytes. Names of collectives are literals of the same program on every rank, but not at one
// address.
struct Message {
  bool asks;
  bool finished;
  std::uint64_t group, sequence, bytes;
  std::int64_t step;
  std::array<char, 24> name;
  std::array<char, 64> label;
};
static_assert(std::is_trivially_copyable_v<Message>);

template <std::size_t N>
void put(std::array<char, N>& to, std::string_view text) {
  to.fill(0);
  std::memcpy(to.data(), text.data(), std::min(text.size(), N - 1));
}

Message message_of(const RankStatus& status, bool asks) {
  const Collective& c = status.collective;
  Message message{asks, c.finished, c.group, c.sequence, c.bytes, c.step, {}, {}};
  put(message.name, c.name);
  put(message.label, c.label);
  return message;
}

constexpr std::string_view kNames[] = {"all_gather", "reduce_scatter", "all_reduce",
                                       "all_to_all", "broadcast",      "barrier",
                                       "split",      "start",          "nccl start"};

void take(RankStatus& status, const Message& message) {
  const auto name = std::ranges::find(kNames, std::string_view(message.name.data()));
  status.answers = true;
  status.collective = {.sequence = message.sequence,
                       .name = name == std::end(kNames) ? "a collective" : *name,
                       .bytes = message.bytes,
                       .label = message.label.data(),
                       .step = message.step,
                       .finished = message.finished,
                       .group = message.group};
}

}  // namespace

struct RollCall::Impl {
  MPI_Comm comm = MPI_COMM_NULL;
  int rank = 0;
  std::vector<RankStatus> all;  // by rank
  // Sends are never waited for: the receiver may be gone. What they send lives as long as this.
  std::vector<std::unique_ptr<Message>> sent;

  void send(int to, const Message& message) {
    sent.push_back(std::make_unique<Message>(message));
    MPI_Request request = MPI_REQUEST_NULL;
    if (MPI_Isend(sent.back().get(), sizeof(Message), MPI_BYTE, to, kRollCallTag, comm, &request) ==
        MPI_SUCCESS)
      MPI_Request_free(&request);
  }
  void receive(const RankStatus& mine) {
    for (;;) {
      int there = 0;
      MPI_Status from;
      if (MPI_Iprobe(MPI_ANY_SOURCE, kRollCallTag, comm, &there, &from) != MPI_SUCCESS || !there) return;
      Message message;
      MPI_Recv(&message, sizeof message, MPI_BYTE, from.MPI_SOURCE, kRollCallTag, comm, MPI_STATUS_IGNORE);
      take(all[static_cast<std::size_t>(from.MPI_SOURCE)], message);
      if (message.asks) send(from.MPI_SOURCE, message_of(mine, false));
    }
  }
};

RollCall::RollCall(const std::string& who) : impl_(std::make_unique<Impl>()) {
  MPI_Comm_dup(MPI_COMM_WORLD, &impl_->comm);
  MPI_Comm_set_errhandler(impl_->comm, MPI_ERRORS_RETURN);
  MPI_Comm_rank(impl_->comm, &impl_->rank);
  int size = 1;
  MPI_Comm_size(impl_->comm, &size);
  std::array<char, kWhoBytes> own;
  put(own, who);
  std::vector<char> names(kWhoBytes * static_cast<std::size_t>(size));
  MPI_Allgather(own.data(), kWhoBytes, MPI_BYTE, names.data(), kWhoBytes, MPI_BYTE, impl_->comm);
  impl_->all.resize(static_cast<std::size_t>(size));
  for (std::size_t rank = 0; rank < impl_->all.size(); ++rank)
    impl_->all[rank].who = &names[rank * kWhoBytes];
}

RollCall::~RollCall() = default;  // the communicator ends with MPI: freeing it is collective

void RollCall::answer(const RankStatus& mine) { impl_->receive(mine); }

std::vector<RankStatus> RollCall::ask(const RankStatus& mine, double seconds) {
  for (RankStatus& status : impl_->all) status.answers = false;
  const int size = static_cast<int>(impl_->all.size());
  for (int to = 0; to < size; ++to)
    if (to != impl_->rank) impl_->send(to, message_of(mine, true));
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  const auto missing = [&] {
    return std::ranges::count(impl_->all, false, &RankStatus::answers) > 1;
  };  // but oneself
  while (missing() && std::chrono::steady_clock::now() < end) {
    impl_->receive(mine);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  std::vector<RankStatus> others = impl_->all;
  others.erase(others.begin() + impl_->rank);
  return others;
}

}  // namespace lethe::dist
