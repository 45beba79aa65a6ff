#include "framework/inference/reference_log_probs.h"

#include <cstring>
#include <optional>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/log.h"

namespace lethe::inference {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "lethe reference log-probabilities 1\n";

// magic, 32 digits of the values' hash, values as float64.
std::string encode(const TokenLogProbs& log_probs) {
  const std::string_view bytes(reinterpret_cast<const char*>(log_probs.values.data()),
                               log_probs.values.size() * sizeof(double));
  return std::string(kMagic) + base::hash_text(bytes) + std::string(bytes);
}

std::optional<TokenLogProbs> decode(const std::string& content, TokenLogProbs empty) {
  const std::size_t header = kMagic.size() + 32, size = empty.values.size() * sizeof(double);
  if (content.size() != header + size || !content.starts_with(kMagic)) return std::nullopt;
  if (base::hash_text(std::string_view(content).substr(header)) != content.substr(kMagic.size(), 32))
    return std::nullopt;
  std::memcpy(empty.values.data(), content.data() + header, size);
  return empty;
}

std::optional<TokenLogProbs> read_cache(const fs::path& file, std::span<const data::Document> documents) {
  if (!fs::exists(file)) return std::nullopt;
  auto cached = decode(base::read_file(file), empty_log_probs(documents));
  if (!cached) base::warn_here("cache.damaged", file.string() + " is damaged; computing it again");
  return cached;
}

}  // namespace

std::string ReferenceKey::file_name() const {
  return "reference-" + base::Hasher().add(model).add(tokens).add(compute).hex() + ".bin";
}

TokenLogProbs reference_log_probs(const fs::path& cache_folder, const ReferenceKey& key,
                                  walk::BlockWalk& walk, dist::ProcessGroup& world,
                                  std::span<const data::Document> documents) {
  const fs::path file = cache_folder / key.file_name();
  std::optional<TokenLogProbs> cached;
  if (world.rank() == 0) cached = read_cache(file, documents);
  std::int64_t found = cached ? 1 : 0;
  world.broadcast({&found, 1, dist::DType::i64}, 0);
  if (found != 0) {
    if (!cached) cached = empty_log_probs(documents);
    world.broadcast(dist::span_of(std::span(cached->values)), 0);
    return *cached;
  }
  TokenLogProbs computed = token_log_probs(walk, world, documents);
  if (world.rank() == 0) {
    fs::create_directories(cache_folder);
    base::write_file_atomically(file, encode(computed));
  }
  return computed;
}

}  // namespace lethe::inference
