// Streams whose waits can be forgotten, for mutation tests: a program that links forgetful_stream.cpp gets
// these instead of framework/dist/stream.cpp's. Workers sleep a random time before each piece of work.
#pragma once

#include <cstdint>

namespace lethe::testing {

enum class Forget : std::uint8_t {
  nothing,
  first_stream,           // waits for events of the first stream that this thread made
  second_stream_earlier,  // of the second: waits for an event after which more was recorded
  second_stream_latest,  // of the second: waits for the event recorded last, which is what synchronize() does
};

// For the calling thread, from now on; its next stream is its first again.
void start_forgetting(Forget what, std::uint64_t delay_seed);
void stop_forgetting();

}  // namespace lethe::testing
