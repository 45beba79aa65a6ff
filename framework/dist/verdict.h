// What all ranks together know about a collective that does not end, as one error.
#pragma once

#include <string>
#include <vector>

#include "framework/base/error.h"
#include "framework/dist/watchdog.h"

namespace lethe::dist {

struct RankStatus {
  std::string who;        // "rank 3 (node02, pid 811)"
  bool answers = false;   // its watchdog still speaks
  Collective collective;  // the one that it is in, or its last; sequence 0: none yet
  bool running() const { return collective.sequence > 0 && !collective.finished; }
};

// `mine`: of the rank whose deadline expired, which is in a collective. `peer.hung` names the ranks that did
// not come or do not answer, with what they last did; those that wait too are named only where nobody is
// missing. `peer.mismatch`: all answer, and some are in another collective at the same place of the same
// group.
[[nodiscard]] Error merged_verdict(double deadline_seconds, const RankStatus& mine,
                                   const std::vector<RankStatus>& others);

}  // namespace lethe::dist
