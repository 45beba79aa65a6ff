// What the tests of campaigns share: a folder, configurations on disk, a check that knows a few keys.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/campaign/campaign.h"

namespace lethe::campaign {

// A fresh folder below the tests' temporary one; removed at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::filesystem::path path(const std::string& name = "") const { return root_ / name; }
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path root_;
};

// Knows seed, objective, sampler (with floor), rate (> 0), model, wait, fail.
[[nodiscard]] std::string check_fake(config::Section root, const std::string& command);
// A KiB a rank.
[[nodiscard]] std::uint64_t predict_fake(config::Section root, std::int64_t ranks);

// Reads the text as the campaign file `name` of the folder.
[[nodiscard]] Options options_of(const Folder& folder, const std::string& yaml);

[[nodiscard]] CampaignLaunch launch_of(const Folder& folder, const std::string& yaml, const std::string& out);

[[nodiscard]] std::string text_of(const std::filesystem::path& file);
[[nodiscard]] std::vector<std::string> lines_of(const std::filesystem::path& file);

}  // namespace lethe::campaign
