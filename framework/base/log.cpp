#include "framework/base/log.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <atomic>
#include <mutex>
#include <set>

namespace lethe::base {
namespace {

std::atomic<int> this_rank{0};

// "info: ", "warning: "; nothing before a message that names itself (`warning[key]: …`).
class LevelName final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    if (text.starts_with("warning[")) return;
    const auto level = spdlog::level::to_string_view(message.level);
    out.append(level.data(), level.data() + level.size());
    out.push_back(':');
    out.push_back(' ');
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LevelName>(); }
};

std::unique_ptr<spdlog::formatter> formatter_of(int rank, int world_size) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelName>('*');
  formatter->set_pattern(world_size > 1 && rank != 0 ? fmt::format("[rank {}] %^%*%$%v", rank) : "%^%*%$%v");
  return formatter;
}

}  // namespace

void start_log(int rank, int world_size, const std::string& level) {
  this_rank = rank;
  auto logger =
      std::make_shared<spdlog::logger>("lethe", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_formatter(formatter_of(rank, world_size));
  logger->set_level(spdlog::level::from_str(level));
  if (rank != 0 && logger->level() == spdlog::level::info) logger->set_level(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
}

void warn_once(const std::string& key, const std::string& message) {
  if (this_rank == 0) warn_here(key, message);
}

void warn_here(const std::string& key, const std::string& message) {
  static std::mutex mutex;
  static std::set<std::string> seen;
  const std::lock_guard lock(mutex);
  const std::string text = fmt::format("warning[{}]: {}", key, message);
  if (seen.insert(text).second) spdlog::warn("{}", text);
}

}  // namespace lethe::base
