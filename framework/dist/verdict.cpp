#include "framework/dist/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "framework/base/error.h"

namespace lethe::dist {
namespace {

using Statuses = std::vector<RankStatus>;

// Both are in a collective of one group: only then do their numbers tell who is ahead.
bool comparable(const RankStatus& mine, const RankStatus& other) {
  return other.answers && other.running() && other.collective.group == mine.collective.group;
}

bool elsewhere(const RankStatus& mine, const RankStatus& other) {
  const Collective &a = mine.collective, &b = other.collective;
  return comparable(mine, other) && b.sequence == a.sequence && (a.name != b.name || a.bytes != b.bytes);
}

bool behind(const RankStatus& mine, const RankStatus& other) {
  return comparable(mine, other) && other.collective.sequence < mine.collective.sequence;
}

bool absent(const RankStatus& other) { return !other.answers || !other.running(); }

std::string say_absent(const RankStatus& other) {
  if (!other.answers) return other.who + " does not answer";
  if (other.collective.sequence == 0) return other.who + " has not come to any collective";
  return other.who + " has not come (its last: " + describe(other.collective) + ")";
}

std::string say_present(const RankStatus& other) {
  return other.who + " is in " + describe(other.collective);
}
std::string say_behind(const RankStatus& other) {
  return other.who + " is still in " + describe(other.collective);
}

template <class Picks, class Says>
std::vector<std::string> said_of(const Statuses& others, const Picks& picks, const Says& says) {
  std::vector<std::string> said;
  for (const RankStatus& other : others)
    if (picks(other)) said.push_back(says(other));
  return said;
}

// Who keeps the others waiting. A rank that waits itself, in whatever collective, is named only where none is
// absent: it may wait for the same rank.
std::vector<std::string> culprits(const RankStatus& mine, const Statuses& others) {
  std::vector<std::string> said = said_of(others, absent, say_absent);
  if (said.empty())
    said = said_of(
        others, [&](const auto& other) { return behind(mine, other); }, say_behind);
  const auto beside = [&](const auto& other) { return !comparable(mine, other); };
  if (said.empty()) said = said_of(others, beside, say_present);
  if (said.empty()) said.emplace_back("every rank has come, but nothing arrives");
  return said;
}

}  // namespace

Error merged_verdict(double deadline_seconds, const RankStatus& mine, const std::vector<RankStatus>& others) {
  const std::string waits = fmt::format("{} waits in {}", mine.who, describe(mine.collective));
  const std::string start = fmt::format("no progress for {:g} s: ", deadline_seconds);
  const bool all_answer = std::ranges::all_of(others, &RankStatus::answers);
  const auto mismatched = said_of(
      others, [&](const auto& other) { return elsewhere(mine, other); }, say_present);
  if (all_answer && !mismatched.empty())
    return Error(
        "peer.mismatch", fmt::format("{}{}; {}", start, fmt::join(mismatched, "; "), waits),
        "all ranks must call the same collectives in the same order: this is a bug, or the ranks run "
        "different programs");
  return Error("peer.hung", fmt::format("{}{}; {}", start, fmt::join(culprits(mine, others), "; "), waits),
               "look at that rank's last message, its host and its memory");
}

}  // namespace lethe::dist
