// purge.json: what a purge removed, and what it looked for afterwards.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/run/purge.h"

namespace lethe::run {

struct Verified {
  std::size_t texts = 0, token_windows = 0, files = 0;  // looked for; searched
};

// Of one folder, beside those of its earlier purges: {"schema": 1, "purges": [...]}.
class Certificate {
 public:
  // Errors: run.unknown (purge.json is no certificate).
  Certificate(const std::filesystem::path& root, std::string lethe_version);

  // "complete": false. Errors: io.*.
  void begin(const PurgePlan& plan) const;
  void complete(const PurgePlan& plan, const Verified& verified) const;

 private:
  void write(records::Json certificate) const;
  std::filesystem::path file_;
  std::string lethe_version_, time_;
  records::Json earlier_;
};

}  // namespace lethe::run
