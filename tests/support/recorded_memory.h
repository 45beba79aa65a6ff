// Host memory for a device's copies that notes what was asked for: for Placement::host_memory. Of one
// process.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace lethe::testing {

struct RecordedMemory {
  std::vector<std::size_t> asked;  // bytes of each allocation so far
  std::size_t held = 0;            // bytes now
};
inline RecordedMemory& recorded_memory() {
  static RecordedMemory memory;
  return memory;
}

inline std::shared_ptr<void> record_memory(std::size_t bytes) {
  recorded_memory().asked.push_back(bytes);
  recorded_memory().held += bytes;
  return {new std::byte[bytes], [bytes](void* memory) {
            recorded_memory().held -= bytes;
            delete[] static_cast<std::byte*>(memory);
          }};
}

}  // namespace lethe::testing
