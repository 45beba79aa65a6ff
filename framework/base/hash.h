// XXH3-128 content hashes, as 32 hexadecimal digits: names for caches, manifests and provenance (not for
// security).
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lethe::base {

class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  Hasher& add(std::span<const std::byte> bytes);
  Hasher& add(std::string_view text);  // the length is hashed too, so ("ab","c") differs from ("a","bc")
  [[nodiscard]] std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string hash_text(std::string_view text);
// Errors: io.read if the file cannot be read.
[[nodiscard]] std::string hash_file(const std::filesystem::path& path);

}  // namespace lethe::base
