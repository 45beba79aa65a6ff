#include "framework/base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <mutex>
#include <set>

namespace lethe::base {

void start_log(int rank, int world_size, const std::string& level) {
  auto logger =
      std::make_shared<spdlog::logger>("lethe", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern(world_size > 1 && rank != 0 ? fmt::format("[rank {}] %^%l%$: %v", rank) : "%^%l%$: %v");
  logger->set_level(spdlog::level::from_str(level));
  if (rank != 0 && logger->level() == spdlog::level::info) logger->set_level(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
}

void warn_once(const std::string& key, const std::string& message) {
  static std::mutex mutex;
  static std::set<std::string> seen;
  const std::lock_guard lock(mutex);
  if (seen.insert(key).second) spdlog::warn("warning[{}]: {}", key, message);
}

}  // namespace lethe::base
