// Element types of tensor files, and the way from their bytes to float32 and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace lethe::models {

enum class FileDType : std::uint8_t {
  f32,
  bf16,
  f16,
  f64,
  i64,
  i32,
  i16,
  i8,
  u64,
  u32,
  u16,
  u8,
  boolean,
  f8_e4m3,
  f8_e5m2
};

[[nodiscard]] std::optional<FileDType> dtype_named(
    std::string_view name) noexcept;  // "BF16", as safetensors writes it
[[nodiscard]] std::string_view name_of(FileDType dtype) noexcept;
[[nodiscard]] std::string_view torch_name_of(
    FileDType dtype) noexcept;  // "bfloat16"; "" where config.json has no word
[[nodiscard]] std::uint64_t size_of(FileDType dtype) noexcept;  // of one element
[[nodiscard]] bool holds_weights(FileDType dtype) noexcept;     // f32, bf16 or f16

// `bytes` holds out.size() little-endian elements of a dtype that holds weights. Exact.
void decode(FileDType dtype, std::span<const std::byte> bytes, std::span<float> out) noexcept;

// Rounds to nearest, ties to even; what decode() gave comes back bit for bit, NaN payloads too. Returns false
// if a finite value became infinite.
[[nodiscard]] bool encode(FileDType dtype, std::span<const float> values, std::span<std::byte> out) noexcept;

}  // namespace lethe::models
