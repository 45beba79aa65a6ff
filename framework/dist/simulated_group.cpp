// Virtual ranks meet in memory: each lays down what it holds, all meet, each does its own part of the work
// reading the others' buffers, and all meet again before anybody goes on. The sums are those of the mpi
// group, bit for bit.
#include "framework/dist/simulated_group.h"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "framework/base/error.h"
#include "framework/dist/contract.h"
#include "framework/dist/ordered_reduce.h"
#include "framework/dist/topology.h"

namespace lethe::dist {
namespace {

// What one rank brings to a collective. All but the pointers must agree.
struct Offer {
  std::string_view name;
  std::size_t count = 0;
  DType dtype = DType::u8;
  int detail = 0;  // reduction or root
  const void* in = nullptr;
  int color = 0, key = 0;
  bool same_call(const Offer& other) const {
    return name == other.name && count == other.count && dtype == other.dtype && detail == other.detail;
  }
};

std::string describe(const Offer& offer) {
  return fmt::format("{} of {} elements of {} bytes ({})", offer.name, offer.count, size_of(offer.dtype),
                     offer.detail);
}

// State of the whole simulation: one lock for all groups, for a failure must reach the waiting ranks of every
// group.
struct Arena {
  explicit Arena(int size) : departed(static_cast<std::size_t>(size), false) {}
  std::mutex mutex;
  std::condition_variable changed;
  bool failed = false;
  std::exception_ptr first_failure;
  std::vector<bool> departed;  // ranks (of the whole) whose body has returned

  void depart(int rank, std::exception_ptr failure) {
    const std::lock_guard lock(mutex);
    departed[static_cast<std::size_t>(rank)] = true;
    if (failure && !failed) first_failure = failure;
    failed = failed || failure;
    changed.notify_all();
  }
};

// Where the ranks of one group meet.
class Meeting {
 public:
  Meeting(Arena& arena, std::vector<int> members)
      : arena_(arena),
        members_(std::move(members)),
        offers_(members_.size()),
        arrived_(members_.size(), false) {
    parts.resize(members_.size());
  }

  int size() const noexcept { return static_cast<int>(members_.size()); }
  const Offer& offer(int rank) const { return offers_[static_cast<std::size_t>(rank)]; }
  const std::vector<Offer>& offers() const { return offers_; }
  int member(int rank) const { return members_[static_cast<std::size_t>(rank)]; }
  Arena& arena() const { return arena_; }

  // Returns when all ranks have laid down their offers; throws `dist.mismatch` at all of them unless they are
  // of one call.
  void open(int rank, const Offer& offer) {
    offers_[static_cast<std::size_t>(rank)] = offer;
    meet(rank);
    for (int other = 1; other < size(); ++other) {
      if (!offers_[0].same_call(this->offer(other))) fail_mismatch(other);
    }
  }

  void meet(int rank) {
    std::unique_lock lock(arena_.mutex);
    arrived_[static_cast<std::size_t>(rank)] = true;
    if (std::ranges::all_of(arrived_, std::identity{})) {
      arrived_.assign(arrived_.size(), false);
      ++generation_;
      arena_.changed.notify_all();
      return;
    }
    const std::uint64_t mine = generation_;
    arena_.changed.wait(lock, [&] { return generation_ != mine || arena_.failed || missing() >= 0; });
    if (generation_ != mine) return;
    if (arena_.failed) fail("peer.lost", fmt::format("rank {}: another rank failed", member(rank)));
    fail("dist.mismatch", fmt::format("rank {} waits in {}, but rank {} has finished", member(rank),
                                      offer(rank).name, missing()));
  }

  std::vector<std::shared_ptr<Meeting>> parts;  // by rank of this group; filled in a split

 private:
  // A member that can never come; -1 if there is none.
  int missing() const {
    for (const int member : members_) {
      if (arena_.departed[static_cast<std::size_t>(member)]) return member;
    }
    return -1;
  }
  [[noreturn]] void fail_mismatch(int other) const {
    fail("dist.mismatch",
         fmt::format("rank {} calls {}, rank {} calls {}", member(0), describe(offer(0)), member(other),
                     describe(offer(other))),
         "all ranks of a group call the same collectives in the same order");
  }

  Arena& arena_;
  const std::vector<int> members_;  // ranks of the whole
  std::vector<Offer> offers_;
  std::vector<bool> arrived_;
  std::uint64_t generation_ = 0;
};

// Ranks of one color, ordered by key, then by rank.
std::vector<int> ranks_of_color(const Meeting& meeting, int color) {
  std::vector<int> ranks;
  for (int rank = 0; rank < meeting.size(); ++rank) {
    if (meeting.offer(rank).color == color) ranks.push_back(rank);
  }
  std::ranges::stable_sort(ranks, {}, [&](int rank) { return meeting.offer(rank).key; });
  return ranks;
}

class SimulatedGroup final : public ProcessGroup {
 public:
  SimulatedGroup(std::shared_ptr<Meeting> meeting, int rank) : meeting_(std::move(meeting)), rank_(rank) {}

  std::string_view backend() const noexcept override { return "simulated"; }
  int rank() const noexcept override { return rank_; }
  int size() const noexcept override { return meeting_->size(); }

  void all_gather(ConstSpan in, Span out) override {
    check_all_gather(in, out, rank_, size());
    open({.name = "all_gather", .count = in.count, .dtype = in.dtype, .in = in.data});
    const std::size_t bytes = bytes_of(in);
    for (int r = 0; r < size(); ++r) {
      copy_bytes(at_byte(out.data, static_cast<std::size_t>(r) * bytes), meeting_->offer(r).in, bytes);
    }
    meeting_->meet(rank_);
  }

  void reduce_scatter(ConstSpan in, Span out) override {
    check_reduce_scatter(in, out, rank_, size());
    open({.name = "reduce_scatter", .count = out.count, .dtype = out.dtype, .in = in.data});
    reduce(Slice{static_cast<std::size_t>(rank_) * out.count, out.count}, out.data, in.dtype, Reduce::sum);
    meeting_->meet(rank_);
  }

  void all_to_all(ConstSpan in, Span out) override {
    check_all_to_all(in, out, size());
    open({.name = "all_to_all", .count = in.count, .dtype = in.dtype, .in = in.data});
    const std::size_t bytes = bytes_of(in) / static_cast<std::size_t>(size());
    for (int r = 0; r < size(); ++r)
      copy_bytes(at_byte(out.data, static_cast<std::size_t>(r) * bytes),
                 at_byte(meeting_->offer(r).in, static_cast<std::size_t>(rank_) * bytes), bytes);
    meeting_->meet(rank_);
  }

  void all_reduce(Span values, Reduce op) override {
    open({.name = "all_reduce",
          .count = values.count,
          .dtype = values.dtype,
          .detail = static_cast<int>(op),
          .in = values.data});
    const Slice own = even_slice(values.count, rank_, size());
    reduce(own, at_byte(values.data, own.first * size_of(values.dtype)), values.dtype, op);
    meeting_->meet(rank_);  // every slice is final at its owner
    for (int r = 0; r < size(); ++r) copy_slice(even_slice(values.count, r, size()), r, values);
    meeting_->meet(rank_);
  }

  void broadcast(Span values, int root) override {
    check_root(root, size());
    open({.name = "broadcast",
          .count = values.count,
          .dtype = values.dtype,
          .detail = root,
          .in = values.data});
    copy_slice({0, values.count}, root, values);
    meeting_->meet(rank_);
  }

  void barrier() override {
    open({.name = "barrier"});
    meeting_->meet(rank_);  // nobody brings the next offer before all have compared these
  }

  std::unique_ptr<ProcessGroup> split(int color, int key) override {
    LETHE_CHECK(color >= 0, "the color of a split is negative: {}", color);
    open({.name = "split", .color = color, .key = key});
    const std::vector<int> ranks = ranks_of_color(*meeting_, color);
    if (ranks.front() == rank_) found(ranks);
    meeting_->meet(rank_);
    auto part = meeting_->parts[static_cast<std::size_t>(ranks.front())];
    const auto place = std::ranges::find(ranks, rank_) - ranks.begin();
    meeting_->meet(rank_);  // nobody founds the next split's parts before all have read these
    return std::make_unique<SimulatedGroup>(std::move(part), static_cast<int>(place));
  }

 private:
  void open(const Offer& offer) { meeting_->open(rank_, offer); }

  void reduce(Slice slice, void* out, DType dtype, Reduce op) {
    std::vector<const void*> sources;
    for (const Offer& offer : meeting_->offers())
      sources.push_back(at_byte(offer.in, slice.first * size_of(dtype)));
    reduce_in_order(sources, out, slice.count, dtype, op);
  }

  void copy_slice(Slice slice, int from, Span values) {
    const std::size_t first = slice.first * size_of(values.dtype);
    copy_bytes(at_byte(values.data, first), at_byte(meeting_->offer(from).in, first),
               slice.count * size_of(values.dtype));
  }

  void found(const std::vector<int>& ranks) {
    std::vector<int> members;
    for (const int rank : ranks) members.push_back(meeting_->member(rank));
    meeting_->parts[static_cast<std::size_t>(rank_)] = std::make_shared<Meeting>(meeting_->arena(), members);
  }

  std::shared_ptr<Meeting> meeting_;
  int rank_;
};

void run_rank(Arena& arena, const std::shared_ptr<Meeting>& whole, int rank,
              const std::function<void(ProcessGroup&)>& body) {
  std::exception_ptr failure;
  try {
    SimulatedGroup group(whole, rank);
    body(group);
  } catch (...) {
    failure = std::current_exception();
  }
  arena.depart(rank, failure);
}

}  // namespace

void run_simulated(int size, const std::function<void(ProcessGroup&)>& body) {
  LETHE_CHECK(size > 0, "{} virtual ranks", size);
  Arena arena(size);
  std::vector<int> all(static_cast<std::size_t>(size));
  for (int rank = 0; rank < size; ++rank) all[static_cast<std::size_t>(rank)] = rank;
  const auto whole = std::make_shared<Meeting>(arena, all);
  {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < size; ++rank)
      threads.emplace_back([&, rank] { run_rank(arena, whole, rank, body); });
  }
  if (arena.first_failure) std::rethrow_exception(arena.first_failure);
}

}  // namespace lethe::dist
