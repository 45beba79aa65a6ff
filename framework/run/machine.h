// What this machine has: memory, cores, limits. Linux's files and calls, read once.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lethe::run {

// Bytes that processes of this host may still take: what the kernel calls available, or what the control
// group leaves where that is less.
[[nodiscard]] std::uint64_t available_memory();

// "16GiB", "16G", "500 MiB", "1e9" is refused: nothing where the text is no size.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

[[nodiscard]] int available_cores();  // that the scheduler lets this process use

}  // namespace lethe::run
