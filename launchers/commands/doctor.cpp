// lethe doctor: is everything here that a run needs?
#include "framework/run/doctor.h"

#include <cstdio>

#include "framework/base/error.h"
#include "framework/run/session.h"
#include "launchers/command.h"

namespace lethe::launchers::doctor_entry {
namespace {

constexpr int kUnavailable = 69;

int examine(const Arguments& arguments) {
  return run::on_ranks(arguments.json, arguments.log_level, [&](dist::World& world) {
    const auto findings = run::examine(world, arguments.out.value_or("runs"));
    std::int64_t bad = run::any_bad(findings) ? 1 : 0;
    world.group().all_reduce({&bad, 1, dist::DType::i64}, dist::Reduce::max);
    if (world.info().rank == 0) {
      const std::string text = arguments.json ? run::findings_json(findings) : run::findings_text(findings);
      std::fputs(text.c_str(), stdout);
    }
    return bad != 0 ? kUnavailable : 0;
  });
}

}  // namespace

Command make() {
  return {
      .help =
          "check launcher, ranks, cores, memory, disk, limits and GPUs, and say how to mend what is wrong",
      .takes = Takes::nothing,
      .out = true,
      .on_ranks = true,
      .run = examine};
}

}  // namespace lethe::launchers::doctor_entry
