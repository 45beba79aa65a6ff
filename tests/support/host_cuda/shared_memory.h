// A block's shared arrays. One place of a kernel names one array, whichever thread asks first; an array
// begins as 0xff, since a GPU promises nothing, and a guard behind it finds what is written past its end.
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

namespace lethe::host_cuda {

class SharedMemory {
 public:
  // The array of this place in the kernel, `bytes` long.
  void* get(std::size_t bytes, const char* function, int line);
  // At a block's end. Returns what was written past an array's end, by place; empty if nothing was.
  [[nodiscard]] std::string release();

 private:
  struct Array {
    std::tuple<std::string, int, std::size_t> place;
    void* data;
  };
  std::vector<Array> arrays_;
};

}  // namespace lethe::host_cuda
