#include "framework/run/gpu.h"

#include <ATen/Context.h>
#include <dlfcn.h>

#include <cstdlib>

namespace lethe::run {
namespace {

// Libraries are found as the program's own are: beside LibTorch, by the run path.
const char* const kLibrary = "libtorch_cuda.so";

}  // namespace

std::string load_gpu_support() {
  static bool loaded = false;
  if (loaded) return "";
  // Nothing may ask LibTorch about CUDA before: its first answer is its last.
  // cuBLAS reads it once; without it products are refused where the order of their sums is to be fixed.
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  if (::dlopen(kLibrary, RTLD_NOW | RTLD_GLOBAL) == nullptr) return ::dlerror();
  if (!at::hasCUDA()) return std::string(kLibrary) + " was loaded, but LibTorch sees no GPU";
  // Sums of bf16 products are kept in float32 until they are done, as on the CPU.
  at::globalContext().setAllowBF16ReductionCuBLAS(false);
  loaded = true;
  return "";
}

at::Device gpu(int index) {
  at::globalContext().lazyInitDevice(at::kCUDA);
  return {at::kCUDA, static_cast<at::DeviceIndex>(index)};
}

}  // namespace lethe::run
