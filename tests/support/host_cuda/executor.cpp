#include "tests/support/host_cuda/executor.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/host_cuda/fiber.h"
#include "tests/support/host_cuda/random.h"
#include "tests/support/host_cuda/sanitizers.h"
#include "tests/support/host_cuda/shared_memory.h"

namespace lethe::host_cuda {
namespace {

constexpr int kWarp = 32;
enum class State : std::uint8_t { ready, at_barrier, in_warp, done };

struct Lane {
  Fiber fiber;
  State state = State::done;
  bool begun = false;
  Dim index;
  Place place{};
  unsigned mask = 0;
  Shuffle operation = Shuffle::none;
  int operand = 0;
  std::uint64_t sent = 0, received = 0;
};

struct Abort {};  // unwinds a device thread after another has failed

std::string text(Place place) { return std::string(place.file) + ":" + std::to_string(place.line); }
std::string text(unsigned mask) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "0x%08x", mask);
  return buffer;
}

// Lanes of one mask on their way into a warp operation.
struct Gathering {
  unsigned arrived = 0, count = 0;
  std::array<char, 2> tags{};
};

// One of two sets of fibers, used by blocks in turn: the race checker would take what one fiber does in two
// blocks for ordered.
struct Team {
  std::vector<std::unique_ptr<Lane>> lanes;
  std::array<char, 2> barrier_tags{};
  std::vector<std::map<unsigned, Gathering>> warps;  // by mask
};
// Stacks are kept from one launch to the next.
std::array<Team, 2> teams;

bool same(Place a, Place b) { return a.line == b.line && (a.file == b.file || text(a) == text(b)); }

class Executor {
 public:
  Executor(unsigned grid, unsigned block, const std::function<void()>& body, std::uint64_t seed)
      : body_(body), random_(seed) {
    grid_.x = grid;
    block_.x = block;
    main_.adopt_thread();
    for (Team& team : teams) furnish(team);
  }
  void run();

  Lane& lane() { return *team_->lanes[static_cast<std::size_t>(current_)]; }
  void sync_block(Place place);
  std::uint64_t warp_operation(Shuffle operation, unsigned mask, std::uint64_t bits, int operand,
                               Place place);
  SharedMemory& memory() { return memory_; }

  Dim grid_, block_, index_;

 private:
  int warp_of(int lane) const { return lane / kWarp; }
  void furnish(Team& team);
  void run_block();
  void step();
  int pick();
  void shuffle_priorities();
  void resume(int lane);
  void suspend();
  void make_ready(int lane);
  Gathering& gathering_of(int warp, unsigned mask);
  void finish_warp_operation(int warp, unsigned mask);
  [[noreturn]] void fail(const std::string& message);
  void unwind();
  std::string who_waits() const;
  static void enter(void* executor);

  const std::function<void()>& body_;
  Random random_;
  Fiber main_;
  Team* team_ = nullptr;
  int current_ = 0, alive_ = 0, at_barrier_ = 0;
  unsigned barrier_generation_ = 0;
  Place barrier_place_{};
  std::vector<unsigned> ready_;  // lanes of each warp
  unsigned ready_warps_ = 0;
  bool by_priority_ = false;
  std::vector<int> priority_;  // warps in the order in which they may run
  SharedMemory memory_;
  bool aborting_ = false;
  std::string failure_;
  char start_tag_ = 0, end_tag_ = 0;
};

thread_local Executor* executor = nullptr;
std::uint64_t next_seed = 1;

void Executor::furnish(Team& team) {
  const unsigned warps = (block_.x + kWarp - 1) / kWarp;
  while (team.lanes.size() < block_.x) team.lanes.push_back(std::make_unique<Lane>());
  for (auto& lane : team.lanes) lane->state = State::done;
  team.warps.resize(std::max<std::size_t>(warps, team.warps.size()));
  for (auto& masks : team.warps)
    for (auto& [mask, gathering] : masks) gathering.arrived = 0;
}

void Executor::run() {
  if (block_.x == 0 || block_.x > 1024 || grid_.x == 0)
    throw Error("a launch of " + std::to_string(grid_.x) + " blocks of " + std::to_string(block_.x));
  release(&start_tag_);  // what the host wrote is seen by every device thread
  std::vector<unsigned> order(grid_.x);
  for (unsigned i = 0; i < grid_.x; ++i) order[i] = i;
  for (unsigned i = grid_.x; i > 1; --i) std::swap(order[i - 1], order[random_.below(i)]);
  for (unsigned i = 0; i < grid_.x; ++i) {
    index_ = {order[i], 0, 0};
    team_ = &teams[i % 2];
    run_block();
  }
  acquire(&end_tag_);
}

void Executor::run_block() {
  alive_ = static_cast<int>(block_.x);
  at_barrier_ = 0;
  ready_.assign((block_.x + kWarp - 1) / kWarp, 0);
  ready_warps_ = 0;
  for (int i = 0; i < alive_; ++i) {
    Lane& lane = *team_->lanes[static_cast<std::size_t>(i)];
    lane.index = {static_cast<unsigned>(i), 0, 0};
    lane.begun = false;
    lane.fiber.start(&Executor::enter, this);
    make_ready(i);
  }
  shuffle_priorities();
  while (alive_ > 0 && failure_.empty()) step();
  if (!failure_.empty()) unwind();
  if (std::string overflow = memory_.release(); failure_.empty()) failure_ = std::move(overflow);
  if (failure_.empty()) return;
  acquire(&end_tag_);
  throw Error(failure_);
}

void Executor::step() {
  if (ready_warps_ == 0) {
    failure_ = "block " + std::to_string(index_.x) + " is stuck: " + who_waits();
    return;
  }
  resume(pick());
}

// Uniform picks alone hardly ever let one warp run far ahead of another, which is what write-after-read bugs
// need.
void Executor::shuffle_priorities() {
  by_priority_ = random_.below(4) != 0;
  const auto warps = static_cast<unsigned>(ready_.size());
  priority_.resize(warps);
  for (unsigned i = 0; i < warps; ++i) priority_[i] = static_cast<int>(i);
  for (unsigned i = warps; i > 1; --i) std::swap(priority_[i - 1], priority_[random_.below(i)]);
}

int Executor::pick() {
  int warp = -1;
  if (by_priority_) {
    for (std::size_t i = 0; warp < 0; ++i)
      if (ready_warps_ >> priority_[i] & 1) warp = priority_[i];
  } else {
    warp = random_.set_bit(ready_warps_);
  }
  unsigned& lanes = ready_[static_cast<std::size_t>(warp)];
  const int lane = random_.set_bit(lanes);
  lanes &= ~(1u << lane);
  if (lanes == 0) ready_warps_ &= ~(1u << warp);
  return warp * kWarp + lane;
}

void Executor::make_ready(int lane) {
  team_->lanes[static_cast<std::size_t>(lane)]->state = State::ready;
  ready_[static_cast<std::size_t>(warp_of(lane))] |= 1u << (lane % kWarp);
  ready_warps_ |= 1u << warp_of(lane);
}

void Executor::resume(int lane) {
  current_ = lane;
  this->lane().fiber.switch_from(main_, false);
}

void Executor::suspend() {
  main_.switch_from(lane().fiber, false);
  if (aborting_) throw Abort{};
}

void Executor::enter(void* self) {
  auto& e = *static_cast<Executor*>(self);
  e.lane().begun = true;
  e.lane().fiber.arrived(e.main_);
  acquire(&e.start_tag_);
  try {
    e.body_();
  } catch (const Abort&) {  // ends as asked
  } catch (const std::exception& error) {
    if (e.failure_.empty()) e.failure_ = error.what();
  }
  release(&e.end_tag_);
  e.lane().state = State::done;
  --e.alive_;
  e.main_.switch_from(e.lane().fiber, true);
}

// Every thread that has begun leaves by an exception, or its stack would keep what it holds.
void Executor::unwind() {
  aborting_ = true;
  for (int i = 0; i < static_cast<int>(block_.x); ++i) {
    const Lane& lane = *team_->lanes[static_cast<std::size_t>(i)];
    if (lane.begun && lane.state != State::done) resume(i);
  }
  aborting_ = false;
}

void Executor::fail(const std::string& message) {
  if (failure_.empty())
    failure_ = "block " + std::to_string(index_.x) + ", thread " + std::to_string(current_) + ": " + message;
  throw Abort{};
}

std::string Executor::who_waits() const {
  std::map<std::string, int> counts;
  for (unsigned i = 0; i < block_.x; ++i) {
    const Lane* const lane = team_->lanes[i].get();
    if (lane->state == State::done) ++counts["finished"];
    if (lane->state == State::at_barrier) ++counts["at the barrier of " + text(lane->place)];
    if (lane->state == State::in_warp)
      ++counts["in the warp operation of " + text(lane->place) + " with mask " + text(lane->mask)];
  }
  std::string all;
  for (const auto& [what, count] : counts)
    all += (all.empty() ? "" : "; ") + std::to_string(count) + " threads " + what;
  return all;
}

void Executor::sync_block(Place place) {
  Lane& self = lane();
  if (at_barrier_ > 0 && !same(place, barrier_place_))
    fail("reached the barrier of " + text(place) + " while others wait at " + text(barrier_place_));
  barrier_place_ = self.place = place;
  const unsigned generation = barrier_generation_;
  release(&team_->barrier_tags[generation % 2]);
  self.state = State::at_barrier;
  if (++at_barrier_ == static_cast<int>(block_.x)) {
    at_barrier_ = 0;
    ++barrier_generation_;
    for (int i = 0; i < static_cast<int>(block_.x); ++i) make_ready(i);
    shuffle_priorities();
  }
  suspend();
  // Two tags in turn: whoever is already at the next barrier must not seem ordered before those who leave
  // this one.
  acquire(&team_->barrier_tags[generation % 2]);
}

void Executor::finish_warp_operation(int warp, unsigned mask) {
  const auto at = [&](int lane) -> Lane& {
    return *team_->lanes[static_cast<std::size_t>(warp * kWarp + lane)];
  };
  for (unsigned left = mask; left != 0; left &= left - 1) {
    Lane& lane = at(std::countr_zero(left));
    const int own = std::countr_zero(left);
    int source = own;
    if (lane.operation == Shuffle::from_lane) source = lane.operand % kWarp;
    if (lane.operation == Shuffle::lane_xor) source = own ^ lane.operand;
    if (lane.operation == Shuffle::down) source = own + lane.operand < kWarp ? own + lane.operand : own;
    lane.received = mask >> source & 1 ? at(source).sent : ~std::uint64_t{0};
  }
  for (unsigned left = mask; left != 0; left &= left - 1) make_ready(warp * kWarp + std::countr_zero(left));
}

Gathering& Executor::gathering_of(int warp, unsigned mask) {
  const Unwatched scope;
  return team_->warps[static_cast<std::size_t>(warp)][mask];
}

std::uint64_t Executor::warp_operation(Shuffle operation, unsigned mask, std::uint64_t bits, int operand,
                                       Place place) {
  Lane& self = lane();
  const int warp = warp_of(current_), own = current_ % kWarp;
  if (!(mask >> own & 1))
    fail("lane " + std::to_string(own) + " is not in its own mask " + text(mask) + " at " + text(place));
  self.place = place;
  self.mask = mask;
  self.operation = operation;
  self.operand = operand;
  self.sent = bits;
  self.state = State::in_warp;
  Gathering& gathering = gathering_of(warp, mask);
  if (gathering.arrived != 0) {
    const Lane& other =
        *team_->lanes[static_cast<std::size_t>(warp * kWarp + std::countr_zero(gathering.arrived))];
    if (other.operation != operation || !same(other.place, place))
      fail("mask " + text(mask) + " at " + text(place) + " meets the operation of " + text(other.place));
  }
  gathering.arrived |= 1u << own;
  const bool orders = operation == Shuffle::none;  // only __syncwarp orders memory
  char* const tag = &gathering.tags[gathering.count % 2];
  if (orders) release(tag);
  if (gathering.arrived == mask) {
    gathering.arrived = 0;
    ++gathering.count;
    finish_warp_operation(warp, mask);
  }
  suspend();
  if (orders) acquire(tag);
  return self.received;
}

}  // namespace

void set_seed(std::uint64_t seed) { next_seed = seed; }

void run(unsigned grid, unsigned block, const std::function<void()>& body) {
  Executor own(grid, block, body, next_seed);
  next_seed = next_seed * 6364136223846793005u + 1442695040888963407u;  // each launch another order
  Executor* const outer = std::exchange(executor, &own);
  try {
    own.run();
  } catch (...) {
    executor = outer;
    throw;
  }
  executor = outer;
}

const Dim& thread_index() noexcept { return executor->lane().index; }
const Dim& block_index() noexcept { return executor->index_; }
const Dim& block_dim() noexcept { return executor->block_; }
const Dim& grid_dim() noexcept { return executor->grid_; }

void sync_block(Place place) { executor->sync_block(place); }
void sync_warp(unsigned mask, Place place) { executor->warp_operation(Shuffle::none, mask, 0, 0, place); }
std::uint64_t shuffle(Shuffle operation, unsigned mask, std::uint64_t bits, int operand, Place place) {
  return executor->warp_operation(operation, mask, bits, operand, place);
}
void* shared(std::size_t bytes, const char* function, int line) {
  return executor->memory().get(bytes, function, line);
}

}  // namespace lethe::host_cuda
