// Deadlines of collectives. Each collective registers when it starts and ends; a thread looks every now and
// then, and when one has made no progress for too long it hands a verdict to the caller (World prints it and
// ends every rank).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "framework/base/error.h"

namespace lethe::dist {

// What the collectives of this thread belong to, for messages: `CollectiveLabel label("layer 12");`. A worker
// stream takes over the label of whoever enqueues.
class CollectiveLabel {
 public:
  explicit CollectiveLabel(std::string label);
  ~CollectiveLabel();
  CollectiveLabel(const CollectiveLabel&) = delete;
  CollectiveLabel& operator=(const CollectiveLabel&) = delete;
  static const std::string& current() noexcept;  // empty if there is none

 private:
  std::string previous_;
};

struct Collective {
  std::uint64_t sequence = 0;  // counted from 1 in its group; 0: there is no collective
  std::string_view name;       // a literal
  std::uint64_t bytes = 0;
  std::string label;
  std::int64_t step = -1;  // -1: outside of steps
  bool finished = false;
  // Ranks make their groups in the same order, so equal numbers are the same group, or its like among ranks
  // that share with others. Only within a group do all ranks call the same collectives in the same order:
  // those of two groups may run at the same time, in two threads. 0: of no group (MPI's and NCCL's start).
  std::uint64_t group = 0;
};

// "reduce_scatter #417 of layer 12, step 9, 1.2 GiB"
[[nodiscard]] std::string describe(const Collective& collective);

class Watchdog {
 public:
  // `who`: "rank 3 (node02, pid 811)". `on_expiry` gets the verdict on the watchdog's
  // thread, once.
  Watchdog(std::string who, double deadline_seconds, std::function<void(const Error&)> on_expiry);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void set_step(std::int64_t step);
  double deadline_seconds() const;
  void set_deadline_seconds(double seconds);  // infinity: none

  // `tick` is called on the watchdog's thread every quarter of a second at least, until the watchdog ends or
  // expires.
  void set_tick(std::function<void()> tick);
  void stop();  // no verdict and no tick after this has returned

  // The number of a group that this rank makes now, from 1.
  std::uint64_t number_group();

  const std::string& who() const noexcept { return who_; }
  // The collective that has run longest, or the last one; sequence 0 if there was none.
  Collective present() const;
  std::vector<Collective> recent() const;  // the last 32 at most, oldest first

  // Registers one collective for as long as it lives.
  class Watched {
   public:
    Watched(Watchdog& watchdog, std::string_view name, std::uint64_t bytes, std::uint64_t group = 0);
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    void progress();  // starts the deadline anew: called between the chunks of a large collective
    Collective what() const;

   private:
    Watchdog& watchdog_;
    std::uint64_t start_;
  };

 private:
  struct Started;
  struct Running;
  void watch();
  void sleep(std::unique_lock<std::mutex>& lock);
  void check(std::unique_lock<std::mutex>& lock);
  Error verdict(const Collective& stuck) const;

  const std::string who_;
  const std::function<void(const Error&)> on_expiry_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  double deadline_seconds_;
  std::function<void()> tick_;
  bool stop_ = false, expired_ = false;
  std::int64_t step_ = -1;
  std::uint64_t starts_ = 0;                // of collectives, over all groups
  std::vector<std::uint64_t> in_group_{0};  // collectives started, by number of the group
  std::vector<Running> running_;
  std::vector<Started> ring_;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace lethe::dist
