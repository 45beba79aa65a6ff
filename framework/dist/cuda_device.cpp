#include "framework/dist/device.h"

#include <cuda_runtime_api.h>

#include "framework/base/error.h"
#include "framework/base/text.h"

namespace lethe::dist {

DeviceProbe probe_devices() {
  DeviceProbe probe{.built = true};
  int count = 0;  // without a driver CUDA leaves it alone
  const cudaError_t code = cudaGetDeviceCount(&count);
  if (code == cudaSuccess)
    probe.count = count;
  else
    probe.problem = cudaGetErrorString(code);
  for (int gpu = 0; gpu < probe.count; ++gpu) {
    char address[32] = "";
    (void)cudaDeviceGetPCIBusId(address, sizeof address, gpu);
    probe.pci_addresses.emplace_back(address);
  }
  return probe;
}

std::shared_ptr<void> pinned_memory(std::size_t bytes) {
  void* memory = nullptr;
  if (const cudaError_t code = cudaHostAlloc(&memory, bytes, cudaHostAllocDefault); code != cudaSuccess) {
    (void)cudaGetLastError();  // it would stay, and LibTorch's next launch would take it for its own
    fail("oom",
         fmt::format("no {} of pinned host memory (CUDA: {})", base::readable_bytes(bytes),
                     cudaGetErrorString(code)),
         "fewer ranks on this host, parallel.offload_inputs: false, or a larger limit of its container");
  }
  return {memory, [](void* pinned) { cudaFreeHost(pinned); }};
}

}  // namespace lethe::dist
