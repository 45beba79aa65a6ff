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
  std::uint64_t sequence = 0;  // counted from 1, over all groups of this rank
  std::string_view name;       // a literal
  std::uint64_t bytes = 0;
  std::string label;
  std::int64_t step = -1;  // -1: outside of steps
  bool finished = false;
};

// "reduce_scatter #417 of layer 12, step 9, 1.2 GiB"
[[nodiscard]] std::string describe(const Collective& collective);

class Watchdog {
 public:
  // `who`: "rank 3 (node02, pid 811)". `on_expiry` gets the verdict, an error message, on the watchdog's
  // thread, once.
  Watchdog(std::string who, double deadline_seconds, std::function<void(const std::string&)> on_expiry);
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

  const std::string& who() const noexcept { return who_; }
  // The collective that has run longest, or the last one; sequence 0 if there was none.
  Collective present() const;
  std::vector<Collective> recent() const;  // the last 32 at most, oldest first

  // Registers one collective for as long as it lives.
  class Watched {
   public:
    Watched(Watchdog& watchdog, std::string_view name, std::uint64_t bytes);
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    void progress();  // starts the deadline anew: called between the chunks of a large collective
    Collective what() const;

   private:
    Watchdog& watchdog_;
    std::uint64_t sequence_;
  };

 private:
  struct Running;
  void watch();
  void check(std::unique_lock<std::mutex>& lock);
  std::string verdict(const Collective& stuck) const;

  const std::string who_;
  const std::function<void(const std::string&)> on_expiry_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  double deadline_seconds_;
  std::function<void()> tick_;
  bool stop_ = false, expired_ = false;
  std::int64_t step_ = -1;
  std::uint64_t next_sequence_ = 1;
  std::vector<Running> running_;
  std::vector<Collective> ring_;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace lethe::dist
