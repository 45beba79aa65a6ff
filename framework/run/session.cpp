#include "framework/run/session.h"

#include <csignal>

#include "framework/base/allocator.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/run/agreement.h"
#include "framework/run/guard.h"

namespace lethe::run {
namespace {

volatile std::sig_atomic_t signalled = 0;

void note_signal(int) { signalled = 1; }

}  // namespace

int on_ranks(bool json, const std::string& log_level, const std::function<int(dist::World&)>& body) {
  base::keep_freed_memory();
  dist::World world;
  const dist::RankInfo& info = world.info();
  base::start_log(info.rank, info.size, log_level);
  const GuardOptions options{.rank = info.rank,
                             .world_size = info.size,
                             .host = info.host,
                             .json = json,
                             .abort_others = [](int code) { dist::abort_all_ranks(code); }};
  dist::say_lost_job_with([options](const Error& error) { say(error, options); });
  return guarded(options, [&] {
    require_same_build(world.group());
    return body(world);
  });
}

void listen_to_signals() {
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);  // a second Ctrl-C ends at once
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) ::sigaction(number, &action, nullptr);
}

bool told_to_stop(dist::ProcessGroup& world) {
  std::int64_t any = signalled != 0 ? 1 : 0;
  world.all_reduce({&any, 1, dist::DType::i64}, dist::Reduce::max);
  return any != 0;
}

void stop_where_told(dist::ProcessGroup& world, const std::string& message) {
  if (told_to_stop(world)) fail("stopped", message);
}

}  // namespace lethe::run
