#include "framework/models/safetensors_header.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/models/safetensors_sax.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

void check_names(const std::vector<StoredTensor>& tensors, const std::string& file) {
  std::vector<std::string_view> names;
  for (const StoredTensor& tensor : tensors) names.push_back(tensor.info.name);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end())
    fail("safetensors.duplicate", fmt::format("{}: {} appears twice", file, printable(*twice)));
}

std::string readable_size(const TensorInfo& info) {
  return fmt::format("{} × {}", fmt::join(info.shape, " × "), name_of(info.dtype));
}

void check_size(const StoredTensor& tensor, const std::string& file) {
  const std::string name = printable(tensor.info.name);
  if (tensor.end < tensor.begin) {
    fail("safetensors.size",
         fmt::format("{}: {}: data_offsets [{}, {}] run backwards", file, name, tensor.begin, tensor.end));
  }
  const auto needed = bytes_of(tensor.info);
  const std::uint64_t given = tensor.end - tensor.begin;
  if (needed == given) return;
  fail("safetensors.size",
       fmt::format("{}: {}: {} needs {} bytes, {} given", file, name, readable_size(tensor.info),
                   needed ? fmt::to_string(*needed) : "more than 2^64", given));
}

// Ranges in the order of their places; an empty one comes before the one that it shares its place with.
std::vector<const StoredTensor*> by_place(const std::vector<StoredTensor>& tensors) {
  std::vector<const StoredTensor*> order;
  for (const StoredTensor& tensor : tensors) order.push_back(&tensor);
  std::ranges::sort(order, {}, [](const StoredTensor* t) { return std::pair(t->begin, t->end); });
  return order;
}

// Returns where the data ends.
std::uint64_t check_tiling(const std::vector<StoredTensor>& tensors, const std::string& file) {
  std::uint64_t end = 0;
  const StoredTensor* previous = nullptr;
  for (const StoredTensor* tensor : by_place(tensors)) {
    const std::string name = printable(tensor->info.name);
    if (tensor->begin > end) {
      fail("safetensors.hole",
           fmt::format("{}: bytes {} to {} before {} belong to no tensor", file, end, tensor->begin, name));
    }
    const bool shares = previous != nullptr && previous->begin == tensor->begin;
    if (tensor->begin < end || shares) {
      fail("safetensors.overlap", fmt::format("{}: {} begins at byte {}, inside or on {}", file, name,
                                              tensor->begin, printable(previous->info.name)));
    }
    end = tensor->end;
    previous = tensor;
  }
  return end;
}

}  // namespace

std::optional<std::uint64_t> bytes_of(const TensorInfo& tensor) noexcept {
  std::uint64_t bytes = size_of(tensor.dtype);
  // A zero anywhere makes the product zero, however large the rest.
  if (std::ranges::find(tensor.shape, 0) != tensor.shape.end()) return 0;
  for (const std::int64_t extent : tensor.shape) {
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes)) return std::nullopt;
  }
  return bytes;
}

std::string readable_shape(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::vector<StoredTensor> parse_safetensors_header(std::string_view json, const std::string& file,
                                                   std::uint64_t file_bytes) {
  std::vector<StoredTensor> tensors = read_safetensors_json(json, file);
  check_names(tensors, file);
  for (const StoredTensor& tensor : tensors) check_size(tensor, file);
  const std::uint64_t data = 8 + json.size(), end = check_tiling(tensors, file);
  const std::uint64_t available = file_bytes - data;
  if (end > available) {
    fail("safetensors.truncated", fmt::format("{}: {} of {} bytes", file, file_bytes, data + end),
         "the file was cut off while it was copied or downloaded; fetch it again");
  }
  if (end < available) {
    fail("safetensors.hole",
         fmt::format("{}: {} bytes after the last tensor belong to none", file, available - end));
  }
  return tensors;
}

}  // namespace lethe::models
