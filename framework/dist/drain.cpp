// Apart from stream.cpp, in whose place tests put streams of their own.
#include "framework/dist/stream.h"

namespace lethe::dist {

void Stream::drain() noexcept {
  try {
    synchronize();
  } catch (...) {  // whoever needed the work's result has been told
  }
}

}  // namespace lethe::dist
