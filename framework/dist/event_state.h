// What stands behind an Event: a host stream's flag or a GPU's event. Only for streams.
#pragma once

#include "framework/dist/stream.h"

namespace lethe::dist {

class Event::State {
 public:
  virtual ~State() = default;
  virtual void wait() = 0;  // on the calling thread; rethrows the first failure of the work before it
  virtual bool reached() = 0;
};

}  // namespace lethe::dist
