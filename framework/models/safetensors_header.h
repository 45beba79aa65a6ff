// The header of a safetensors file, as untrusted text: which tensors it holds and where. Everything is
// checked here, so that what comes out can be used without a further look: ranges tile the data exactly,
// sizes fit shapes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/models/file_dtype.h"

namespace lethe::models {

struct TensorInfo {
  std::string name;
  FileDType dtype = FileDType::f32;
  std::vector<std::int64_t> shape;
};

// Bytes of a tensor; nothing if that overflows 64 bits.
[[nodiscard]] std::optional<std::uint64_t> bytes_of(const TensorInfo& tensor) noexcept;
[[nodiscard]] std::string readable_shape(const std::vector<std::int64_t>& shape);  // "[49152, 576]"

struct StoredTensor {
  TensorInfo info;
  std::uint64_t begin = 0, end = 0;  // bytes, from the end of the header
};

constexpr std::uint64_t kLongestHeader = 100'000'000;

// `json` without the eight length bytes; `file` stands in messages; `file_bytes` is the size of the whole
// file. Errors: safetensors.json, .duplicate, .dtype, .size, .overlap, .hole, .truncated.
[[nodiscard]] std::vector<StoredTensor> parse_safetensors_header(std::string_view json,
                                                                 const std::string& file,
                                                                 std::uint64_t file_bytes);

}  // namespace lethe::models
