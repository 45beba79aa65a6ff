#include "framework/base/allocator.h"

#include <cstdlib>  // says whether it is glibc
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace lethe::base {

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the largest that glibc takes; above it, one mapping a tensor
  mallopt(M_TRIM_THRESHOLD, 2047 << 20);
#endif
}

}  // namespace lethe::base
