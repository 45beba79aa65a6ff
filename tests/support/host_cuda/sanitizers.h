// The sanitizers' calls, or nothing. LETHE_HOST_CUDA_ASAN and _TSAN come from the build of the variant: these
// sources are compiled without -fsanitize, so the compiler's own macros do not tell.
#pragma once

#include <cstddef>

#ifdef LETHE_HOST_CUDA_ASAN
extern "C" {
void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, std::size_t bytes);
void __sanitizer_finish_switch_fiber(void* fake_stack, const void** old_bottom, std::size_t* old_bytes);
}
#endif
#ifdef LETHE_HOST_CUDA_TSAN
extern "C" {
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* tag);
void __tsan_release(void* tag);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#endif

namespace lethe::host_cuda {

inline void acquire([[maybe_unused]] void* tag) {
#ifdef LETHE_HOST_CUDA_TSAN
  __tsan_acquire(tag);
#endif
}
inline void release([[maybe_unused]] void* tag) {
#ifdef LETHE_HOST_CUDA_TSAN
  __tsan_release(tag);
#endif
}

// The emulator's own memory work, which no device thread does.
struct Unwatched {
#ifdef LETHE_HOST_CUDA_TSAN
  Unwatched() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~Unwatched() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
#else
  Unwatched() {}  // NOLINT: keeps the variable used
#endif
  Unwatched(const Unwatched&) = delete;
  Unwatched& operator=(const Unwatched&) = delete;
};

}  // namespace lethe::host_cuda
