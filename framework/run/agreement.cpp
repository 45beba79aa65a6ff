#include "framework/run/agreement.h"

#include <torch/version.h>

#include <algorithm>
#include <vector>

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/log.h"
#include "framework/run/version.h"

namespace lethe::run {
namespace {

constexpr std::size_t kDigits = 32, kShown = 8;

std::vector<std::string> gathered(dist::ProcessGroup& world, const std::string& hash) {
  LETHE_CHECK(hash.size() == kDigits, "a hash of {} digits", hash.size());
  std::vector<std::uint8_t> mine(hash.begin(), hash.end());
  std::vector<std::uint8_t> all(kDigits * static_cast<std::size_t>(world.size()));
  world.all_gather(dist::span_of(std::span(mine)), dist::span_of(std::span(all)));
  std::vector<std::string> hashes;
  for (std::size_t at = 0; at < all.size(); at += kDigits)
    hashes.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(at),
                        all.begin() + static_cast<std::ptrdiff_t>(at + kDigits));
  return hashes;
}

}  // namespace

void require_same_on_ranks(dist::ProcessGroup& world, const std::string& hash, const std::string& error_key,
                           const std::string& what, const std::string& hint) {
  const auto hashes = gathered(world, hash);
  const auto other = std::ranges::find_if(hashes, [&](const auto& one) { return one != hashes.front(); });
  if (other == hashes.end()) return;
  fail(error_key,
       fmt::format("rank {} sees another {} (hash {}… ≠ {}… of rank 0)", other - hashes.begin(), what,
                   other->substr(0, kShown), hashes.front().substr(0, kShown)),
       hint);
}

std::string build_text() {
  return fmt::format("lethe {} ({}), LibTorch {}", kVersion, kGitCommit, TORCH_VERSION);
}

void require_same_build(dist::ProcessGroup& world, const std::string& own) {
  require_same_on_ranks(
      world, base::hash_text(own), "dist.version", "build of lethe",
      "install the same build on every host, or start it from a shared folder; here: " + own);
}

void warn_of_idle_ranks(std::int64_t batch, int world_size) {
  if (batch >= world_size) return;
  base::warn_once("config.batch", fmt::format("{} of {} ranks have no sample in a batch of {}",
                                              world_size - batch, world_size, batch));
}

}  // namespace lethe::run
