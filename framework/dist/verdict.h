// What all ranks together know about a collective that does not end, as one message.
#pragma once

#include <string>
#include <vector>

#include "framework/dist/watchdog.h"

namespace lethe::dist {

struct RankStatus {
  std::string who;        // "rank 3 (node02, pid 811)"
  bool answers = false;   // its watchdog still speaks
  Collective collective;  // the one that it is in, or its last; sequence 0: none yet
  bool running() const { return collective.sequence > 0 && !collective.finished; }
};

// `mine`: of the rank whose deadline expired, which is in a collective. Names the ranks that are in another
// collective
// (`peer.mismatch`), or that did not come or do not answer (`peer.hung`), with what they last did.
[[nodiscard]] std::string merged_verdict(double deadline_seconds, const RankStatus& mine,
                                         const std::vector<RankStatus>& others);

}  // namespace lethe::dist
