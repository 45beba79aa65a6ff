#include "framework/models/file_dtype.h"

#include <array>
#include <bit>
#include <cstring>

namespace lethe::models {
namespace {

static_assert(std::endian::native == std::endian::little, "tensor files are little-endian");

struct Row {
  std::string_view name, torch_name;
  std::uint64_t bytes;
};
// In the order of FileDType.
constexpr std::array kRows = {
    Row{"F32", "float32", 4}, Row{"BF16", "bfloat16", 2}, Row{"F16", "float16", 2}, Row{"F64", "float64", 8},
    Row{"I64", "", 8},        Row{"I32", "", 4},          Row{"I16", "", 2},        Row{"I8", "", 1},
    Row{"U64", "", 8},        Row{"U32", "", 4},          Row{"U16", "", 2},        Row{"U8", "", 1},
    Row{"BOOL", "", 1},       Row{"F8_E4M3", "", 1},      Row{"F8_E5M2", "", 1},
};
static_assert(kRows.size() == static_cast<std::size_t>(FileDType::f8_e5m2) + 1);

const Row& row_of(FileDType dtype) noexcept { return kRows[static_cast<std::size_t>(dtype)]; }

constexpr std::uint32_t kInfinity = 0x7F800000, kQuietBf16 = 0x40, kQuietF16 = 0x200;

// All arithmetic is on bits: a NaN that passes through a floating-point register may come out changed.
std::uint32_t widen_bf16(std::uint16_t half) noexcept { return std::uint32_t{half} << 16; }

std::uint16_t narrow_bf16(std::uint32_t bits) noexcept {
  const auto high = static_cast<std::uint16_t>(bits >> 16);
  if ((bits & 0x7FFFFFFF) > kInfinity)
    return (high & 0x7F) != 0 ? high : static_cast<std::uint16_t>(high | kQuietBf16);
  return static_cast<std::uint16_t>((bits + 0x7FFF + (high & 1)) >> 16);
}

std::uint32_t widen_f16(std::uint16_t half) noexcept {
  const std::uint32_t sign = std::uint32_t{half & 0x8000u} << 16, exponent = (half >> 10) & 0x1F,
                      mantissa = half & 0x3FF;
  if (exponent == 0x1F) return sign | kInfinity | (mantissa << 13);
  if (exponent != 0) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  return sign | std::bit_cast<std::uint32_t>(static_cast<float>(mantissa) * 0x1p-24f);  // subnormal or zero
}

// `magnitude` >= 2^-14: shift the mantissa, round; the carry moves into the exponent by itself.
std::uint32_t narrow_normal_f16(std::uint32_t magnitude) noexcept {
  const std::uint32_t rounded = magnitude + 0xFFF + ((magnitude >> 13) & 1);
  return (rounded >> 13) - (112u << 10);
}

std::uint16_t narrow_f16(std::uint32_t bits) noexcept {
  const std::uint32_t sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7FFFFFFF;
  if (magnitude > kInfinity) {
    const std::uint32_t payload = (magnitude >> 13) & 0x3FF;
    return static_cast<std::uint16_t>(sign | 0x7C00 | (payload != 0 ? payload : kQuietF16));
  }
  if (magnitude >= 0x477FF000)
    return static_cast<std::uint16_t>(sign | 0x7C00);  // 65520 and above round to infinity
  if (magnitude >= 0x38800000) return static_cast<std::uint16_t>(sign | narrow_normal_f16(magnitude));
  // Below 2^-14 the step is 2^-24: adding 0.5 = 2^23 steps makes float32's own rounding do it.
  const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
  return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000));
}

template <auto widen>
void decode_halves(std::span<const std::byte> bytes, std::span<float> out) noexcept {
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint16_t half;
    std::memcpy(&half, bytes.data() + 2 * i, 2);
    const std::uint32_t bits = widen(half);
    std::memcpy(&out[i], &bits, 4);
  }
}

template <auto narrow, std::uint16_t kInfinite>
bool encode_halves(std::span<const float> values, std::span<std::byte> out) noexcept {
  bool fits = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, &values[i], 4);
    const std::uint16_t half = narrow(bits);
    fits &= (half & 0x7FFF) != kInfinite || (bits & 0x7FFFFFFF) >= kInfinity;
    std::memcpy(out.data() + 2 * i, &half, 2);
  }
  return fits;
}

}  // namespace

std::optional<FileDType> dtype_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == name) return static_cast<FileDType>(i);
  }
  return std::nullopt;
}

std::string_view name_of(FileDType dtype) noexcept { return row_of(dtype).name; }
std::string_view torch_name_of(FileDType dtype) noexcept { return row_of(dtype).torch_name; }
std::uint64_t size_of(FileDType dtype) noexcept { return row_of(dtype).bytes; }
bool holds_weights(FileDType dtype) noexcept {
  return dtype == FileDType::f32 || dtype == FileDType::bf16 || dtype == FileDType::f16;
}

void decode(FileDType dtype, std::span<const std::byte> bytes, std::span<float> out) noexcept {
  if (dtype == FileDType::bf16) return decode_halves<widen_bf16>(bytes, out);
  if (dtype == FileDType::f16) return decode_halves<widen_f16>(bytes, out);
  if (!out.empty()) std::memcpy(out.data(), bytes.data(), out.size_bytes());
}

bool encode(FileDType dtype, std::span<const float> values, std::span<std::byte> out) noexcept {
  if (dtype == FileDType::bf16) return encode_halves<narrow_bf16, 0x7F80>(values, out);
  if (dtype == FileDType::f16) return encode_halves<narrow_f16, 0x7C00>(values, out);
  if (!values.empty()) std::memcpy(out.data(), values.data(), values.size_bytes());
  return true;
}

}  // namespace lethe::models
