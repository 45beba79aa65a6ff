#include "framework/dist/device.h"

#include <cuda_runtime_api.h>

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

}  // namespace lethe::dist
