// Where everything lies in a campaign's folder.
#pragma once

#include <filesystem>
#include <string>

namespace lethe::campaign {

struct CampaignPaths {
  std::filesystem::path root;

  [[nodiscard]] std::filesystem::path lock() const { return root / "lock"; }
  [[nodiscard]] std::filesystem::path index() const { return root / "index.sqlite"; }
  [[nodiscard]] std::filesystem::path cells() const { return root / "cells.json"; }
  [[nodiscard]] std::filesystem::path tasks() const { return root / "tasks"; }
  [[nodiscard]] std::filesystem::path runs() const { return root / "runs"; }
  [[nodiscard]] std::filesystem::path table(const std::string& extension) const {
    return root / ("table." + extension);
  }
  // Of one task: its configuration, its output, its lock, and how it ended.
  [[nodiscard]] std::filesystem::path run(const std::string& task) const { return runs() / task; }
  [[nodiscard]] std::filesystem::path config(const std::string& task) const {
    return tasks() / (task + ".yaml");
  }
  [[nodiscard]] std::filesystem::path log(const std::string& task) const { return tasks() / (task + ".log"); }
  [[nodiscard]] std::filesystem::path lock(const std::string& task) const {
    return tasks() / (task + ".lock");
  }
  [[nodiscard]] std::filesystem::path result(const std::string& task) const {
    return tasks() / (task + ".json");
  }
  [[nodiscard]] std::filesystem::path job(const std::string& task) const { return tasks() / (task + ".job"); }
};

}  // namespace lethe::campaign
