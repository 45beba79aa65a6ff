// What every kernel's header needs: the element types and the stream, without CUDA's headers, so that whoever
// calls a kernel compiles where there is no toolkit.
//
// Errors of all kernels: std::runtime_error with CUDA's own words when a launch is refused. Work is queued on
// `stream` and not waited for; buffers must live until the stream has passed it.
#pragma once

#include <cstdint>

struct CUstream_st;  // cudaStream_t is a pointer to it

namespace lethe::kernels {

#ifdef LETHE_KERNELS_BUILT  // by whoever links lethe_kernels
inline constexpr bool kBuilt = true;
#else
inline constexpr bool kBuilt = false;
#endif

using Stream = CUstream_st*;

struct Bf16 {  // bit for bit what at::BFloat16 and __nv_bfloat16 hold
  std::uint16_t bits;
};

}  // namespace lethe::kernels
