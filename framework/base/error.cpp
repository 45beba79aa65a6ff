#include "framework/base/error.h"

#include <array>

namespace lethe {
namespace {

struct Row {
  std::string_view prefix;
  int code;
};

// Longer prefixes stand before shorter ones that they begin with.
constexpr std::array kExitCodes = {
    Row{"cli", 64},
    Row{"config.missing", 66},
    Row{"config.notfile", 66},
    Row{"config.permission", 77},
    Row{"config", 78},
    Row{"yaml", 78},
    Row{"campaign.slurm", 69},
    Row{"campaign", 78},
    Row{"model.missing", 66},
    Row{"model.config.json", 65},
    Row{"model.config", 66},
    Row{"model.shard", 66},
    Row{"model.blob", 66},
    Row{"model.permission", 77},
    Row{"model", 65},
    Row{"safetensors", 65},
    Row{"tokenizer.format", 66},
    Row{"tokenizer.special", 78},
    Row{"tokenizer", 65},
    Row{"template", 65},
    Row{"data.missing", 66},
    Row{"data.changed", 78},
    Row{"data.permission", 77},
    Row{"data.overlap", 78},
    Row{"data", 65},
    Row{"device", 69},
    Row{"dist", 69},
    Row{"oom", 79},
    Row{"peer", 76},
    Row{"io", 74},
    Row{"out", 73},
    Row{"stopped", 75},
    Row{"num", 80},
    Row{"ckpt.schema", 65},
    Row{"ckpt.mismatch", 78},
    Row{"ckpt.missing", 66},
    Row{"ckpt", 65},
    Row{"score.missing", 66},
    Row{"score", 80},
    Row{"eval", 65},
    Row{"run.missing", 66},
    Row{"run", 65},
    Row{"records", 65},
    Row{"os", 71},
    Row{"internal", 70},
};

std::string joined(const std::string& key, const std::string& message, const std::string& hint) {
  std::string text = "error[" + key + "]: " + message;
  if (!hint.empty()) text += "\nhint: " + hint;
  return text;
}

}  // namespace

Error::Error(std::string key, std::string message, std::string hint)
    : std::runtime_error(joined(key, message, hint)),
      key_(std::move(key)),
      message_(std::move(message)),
      hint_(std::move(hint)) {}

int Error::exit_code() const noexcept { return exit_code_of(key_); }

int exit_code_of(std::string_view key) noexcept {
  for (const Row& row : kExitCodes) {
    if (!key.starts_with(row.prefix)) continue;
    const std::string_view rest = key.substr(row.prefix.size());
    if (rest.empty() || rest.front() == '.') return row.code;  // prefixes are whole words
  }
  return 70;
}

void fail(std::string key, std::string message, std::string hint) {
  throw Error(std::move(key), std::move(message), std::move(hint));
}

void fail_internal(const char* file, int line, const char* condition, std::string message) {
  throw Error("internal", fmt::format("{} ({}:{}: `{}` does not hold)", message, file, line, condition),
              "this is a bug in lethe; please report it with the command and the configuration");
}

}  // namespace lethe
