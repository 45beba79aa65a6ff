// lethe scale FILE: how fast a configuration trains on how many ranks.
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/campaign/campaign.h"
#include "framework/config/document.h"
#include "framework/run/command_config.h"
#include "framework/run/commands.h"
#include "framework/scaling/page.h"
#include "launchers/command.h"

namespace lethe::launchers::scale_entry {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostUpdates = 1'000'000;

int cores() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

std::int64_t whole_number(const std::string& flag, const std::string& text, std::int64_t least,
                          std::int64_t most, const std::string& example) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most)
    fail("cli.value", fmt::format("--{} {}: not a whole number from {} to {}", flag, text, least, most),
         "write " + example);
  return number;
}

std::vector<int> doublings() {
  std::vector<int> ranks;
  for (int n = 1; n <= cores(); n *= 2) ranks.push_back(n);
  return ranks;
}

std::vector<int> worlds_of(const std::string& text) {
  std::vector<int> ranks;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    ranks.push_back(static_cast<int>(
        whole_number("ranks", text.substr(at, comma - at), 1, scaling::kMostRanks, "--ranks 1,2,4")));
    at = comma + 1;
  }
  if (std::ranges::adjacent_find(ranks, std::greater_equal<>()) != ranks.end())
    fail("cli.value", fmt::format("--ranks {}: worlds grow from left to right", text), "write --ranks 1,2,4");
  return ranks;
}

scaling::StudyOptions options_of(const Arguments& arguments) {
  const auto flag = [&](const char* name) {
    const auto found = arguments.flags.find(name);
    return found == arguments.flags.end() ? std::string() : found->second;
  };
  scaling::StudyOptions options{.file = arguments.positionals.front(),
                                .settings = arguments.set,
                                .ranks = flag("ranks").empty() ? doublings() : worlds_of(flag("ranks")),
                                .out = arguments.out.value_or("runs/scale")};
  if (!flag("updates").empty())
    options.updates = whole_number("updates", flag("updates"), 2, kMostUpdates, "--updates 6");
  if (!flag("strong").empty() && flag("weak").empty()) options.kinds = {scaling::Kind::strong};
  if (flag("strong").empty() && !flag("weak").empty()) options.kinds = {scaling::Kind::weak};
  config::Section root = config::load(options.file, options.settings);
  const run::RunConfig config = run::read_config_of(root, "train");
  options.forget_batch = config.train.forget_batch;
  options.retain_batch = config.train.retain_batch;
  return options;
}

std::string check_config(config::Section root, const std::string& command) {
  (void)run::read_config_of(root, command);
  return config::effective_yaml(root);
}

void write_results(const scaling::StudyOptions& options, const std::vector<scaling::Scaling>& studies) {
  base::write_file_atomically(options.out / "scale.csv", scaling::scaling_csv(studies));
  base::write_file_atomically(options.out / "scale.json", scaling::scaling_json(studies));
  base::write_file_atomically(options.out / "scale.html", scaling::scaling_page(studies, cores()));
}

int measure(const Arguments& arguments) {
  base::start_log(0, 1, arguments.log_level);
  const scaling::StudyOptions options = options_of(arguments);
  const std::string yaml = scaling::campaign_yaml(options);
  if (arguments.check) {
    if (arguments.json)
      fail("cli.argument", "there is no JSON of scale --check, which prints YAML", "leave --json out");
    std::fputs(yaml.c_str(), stdout);
    return 0;
  }
  const std::string file = (options.out / "scale.yaml").string();
  campaign::write_campaign_file(options.out, file, yaml);
  const int code = campaign::run_campaign(
      {.file = file, .out = options.out.string(), .program = fs::read_symlink("/proc/self/exe").string()},
      check_config);
  if (code != 0) return code;
  const auto studies = scaling::read_scaling(options);
  write_results(options, studies);
  std::fputs(
      (arguments.json ? scaling::scaling_json(studies) : scaling::scaling_text(studies, cores())).c_str(),
      stdout);
  spdlog::info("page: {}", (options.out / "scale.html").string());
  return 0;
}

}  // namespace

Command make() {
  return {
      .help = "strong and weak scaling of a configuration: measure, fit, predict, plot",
      .takes = Takes::file,
      .set = true,
      .out = true,
      .check = true,
      .flags =
          {{.name = "ranks", .help = "worlds to time (1,2,4,… up to the cores here)", .takes_value = true},
           {.name = "updates", .help = "updates of a run, the first not counted (6)", .takes_value = true},
           {.name = "strong", .help = "only strong scaling: one batch, shared out over the ranks"},
           {.name = "weak", .help = "only weak scaling: a batch for every rank"}},
      .run = measure,
      .settings = run::run_settings};
}

}  // namespace lethe::launchers::scale_entry
