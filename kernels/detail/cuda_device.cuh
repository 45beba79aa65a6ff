// launch() and shared memory on a GPU.
#pragma once

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

#define LETHE_SHARED(T, name, count) __shared__ T name[count]

namespace lethe::kernels {

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), unsigned grid, unsigned block, cudaStream_t stream,
            Arguments... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(grid);
  config.blockDim = dim3(block);
  config.stream = stream;
  const cudaError_t code = cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
  if (code != cudaSuccess)
    throw std::runtime_error(std::string("CUDA refused a kernel: ") + cudaGetErrorString(code));
}

}  // namespace lethe::kernels
