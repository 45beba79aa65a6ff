#include "tests/campaign/support.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "framework/campaign/executor.h"
#include "framework/config/document.h"

namespace lethe::campaign {

Folder::Folder() {
  static int count = 0;
  root_ = std::filesystem::path(::testing::TempDir()) /
          ("campaign_" + std::to_string(::getpid()) + "_" + std::to_string(++count));
  std::filesystem::remove_all(root_);
  std::filesystem::create_directories(root_);
}

Folder::~Folder() { std::filesystem::remove_all(root_); }

std::string Folder::write(const std::string& name, const std::string& text) const {
  std::ofstream(root_ / name) << text;
  return (root_ / name).string();
}

std::string check_fake(config::Section root, const std::string&) {
  static const std::vector<std::string> objectives = {"finetune", "npo", "rmu"},
                                        samplers = {"uniform", "mrd"};
  std::int64_t seed = 0, fail = 0;
  std::string objective = "npo", sampler = "uniform", model, ledger;
  double floor = 0, rate = 1, wait = 0;
  root.optional("seed", seed, "").optional("rate", rate, "", config::above(0)).optional("model", model, "");
  root.optional("wait", wait, "").optional("fail", fail, "").optional("ledger", ledger, "");
  (void)root.named("objective", objective, objectives, "");
  root.named("sampler", sampler, samplers, "").optional("floor", floor, "");
  root.reject_unknown();
  return config::effective_yaml(root);
}

std::uint64_t predict_fake(config::Section, std::int64_t ranks) {
  return 1024 * static_cast<std::uint64_t>(ranks);
}

Options options_of(const Folder& folder, const std::string& yaml) {
  const std::string file = folder.write("campaign.yaml", yaml);
  return read_options(config::load(file), file, executor_names());
}

CampaignLaunch launch_of(const Folder& folder, const std::string& yaml, const std::string& out) {
  return {.file = folder.write("campaign.yaml", yaml),
          .out = folder.path(out).string(),
          .program = LETHE_FAKE_STAGE,
          .driver_words = {"lethe", "campaign", "campaign.yaml"}};
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace lethe::campaign
