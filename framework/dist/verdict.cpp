#include "framework/dist/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "framework/base/error.h"

namespace lethe::dist {
namespace {

bool elsewhere(const RankStatus& mine, const RankStatus& other) {
  const Collective &a = mine.collective, &b = other.collective;
  return other.answers && other.running() && b.sequence == a.sequence &&
         (a.name != b.name || a.bytes != b.bytes);
}

bool absent(const RankStatus& mine, const RankStatus& other) {
  return !other.answers || !other.running() || other.collective.sequence < mine.collective.sequence;
}

std::string say_absent(const RankStatus& other) {
  if (!other.answers) return other.who + " does not answer";
  if (other.collective.sequence == 0) return other.who + " has not come to any collective";
  const std::string what = describe(other.collective);
  return other.running() ? other.who + " is still in " + what
                         : other.who + " has not come (its last: " + what + ")";
}

}  // namespace

std::string merged_verdict(double deadline_seconds, const RankStatus& mine,
                           const std::vector<RankStatus>& others) {
  std::vector<std::string> mismatched, missing;
  for (const RankStatus& other : others) {
    if (elsewhere(mine, other)) mismatched.push_back(other.who + " is in " + describe(other.collective));
    if (absent(mine, other)) missing.push_back(say_absent(other));
  }
  const std::string waits = fmt::format("{} waits in {}", mine.who, describe(mine.collective));
  const std::string start = fmt::format("no progress for {:g} s: ", deadline_seconds);
  if (!mismatched.empty())
    return Error(
               "peer.mismatch", fmt::format("{}{}; {}", start, fmt::join(mismatched, "; "), waits),
               "all ranks must call the same collectives in the same order: this is a bug, or the ranks run "
               "different programs")
        .what();
  if (missing.empty()) missing.push_back("every rank has come, but nothing arrives");
  return Error("peer.hung", fmt::format("{}{}; {}", start, fmt::join(missing, "; "), waits),
               "look at that rank's last message, its host and its memory")
      .what();
}

}  // namespace lethe::dist
