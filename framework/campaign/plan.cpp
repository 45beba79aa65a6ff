#include "framework/campaign/plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/text.h"
#include "framework/config/document.h"

namespace lethe::campaign {
namespace {

using config::RawValue;
using Folders = std::map<std::string, std::string>;  // stage -> what "{stage}" stands for

bool touches(const std::vector<std::string>& stages, const std::string& stage) {
  return std::ranges::find(stages, stage) != stages.end();
}

[[noreturn]] void refuse_stage(const std::string& word, const RawValue& value, const Folders& folders) {
  std::vector<std::string> names;
  for (const auto& [name, folder] : folders) names.push_back(name);
  const std::string known = names.empty() ? "there is none" : "earlier stages: " + base::join(names, ", ");
  const std::string meant = base::did_you_mean(word, names);
  fail("campaign.stage", fmt::format("{}: {{{}}} is not an earlier stage; {}", value.place, word, known),
       fmt::format("{}{}a text that begins so is written {{{{{}}}", meant, meant.empty() ? "" : " ", word));
}

// The word of a text that begins with a stage's folder: "{plant}/model", "{plant}", or, of a stage that is
// there, "{plant}-2". Any other text that begins with a brace is what it says: "{user} ", "{{ bos }}".
std::optional<std::string> stage_in(std::string_view text, const Folders& folders) {
  const std::size_t end = text.find('}');
  if (!text.starts_with('{') || end == std::string_view::npos) return std::nullopt;
  const std::string word(text.substr(1, end - 1));
  const std::string_view rest = text.substr(end + 1);
  if (folders.contains(word)) return word;
  return is_word(word) && (rest.empty() || rest.starts_with('/')) ? std::optional(word) : std::nullopt;
}

// Only at the beginning, where a folder can stand; "{{plant}" is the text "{plant}".
RawValue with_folders(RawValue value, const Folders& folders, std::set<std::string>& used) {
  for (RawValue& item : value.items) item = with_folders(std::move(item), folders, used);
  for (auto& [key, inner] : value.entries) inner = with_folders(std::move(inner), folders, used);
  const std::size_t braces = value.scalar.find_first_not_of('{');
  if (value.kind != RawValue::Kind::scalar || braces == 0 || braces == std::string::npos) return value;
  const auto word = stage_in(std::string_view(value.scalar).substr(braces - 1), folders);
  if (!word) return value;
  value.quoted = true;
  if (braces > 1) {
    value.scalar.erase(0, 1);
    return value;
  }
  const auto folder = folders.find(*word);
  if (folder == folders.end()) refuse_stage(*word, value, folders);
  used.insert(*word);
  value.scalar = folder->second + value.scalar.substr(word->size() + 2);
  return value;
}

struct StageOverrides {
  std::vector<std::string> texts;   // "train.max_steps=3"
  std::vector<std::string> places;  // "quick.yaml:12:5" of each
  std::set<std::string> used;       // stages whose runs they name
};

StageOverrides overrides_of(const Cell& cell, const Stage& stage, const Folders& folders) {
  StageOverrides result;
  const auto add = [&](const Setting& setting) {
    result.texts.push_back(fmt::format("{}={}", setting.key,
                                       config::flow_yaml(with_folders(setting.value, folders, result.used))));
    result.places.push_back(setting.value.place);
  };
  for (const Setting& setting : stage.settings) add(setting);
  for (const CellSetting& one : cell.settings)
    if (touches(one.stages, stage.name)) add(one.setting);
  return result;
}

// A message that names an override names the line of the campaign that it came from instead.
std::string with_places(std::string message, const StageOverrides& overrides) {
  for (std::size_t i = 0; i < overrides.texts.size(); ++i) {
    const std::string shown = "--set " + overrides.texts[i];
    if (const auto at = message.find(shown); at != std::string::npos)
      message.replace(at, shown.size(), fmt::format("{} ({})", overrides.places[i], overrides.texts[i]));
  }
  return message;
}

class Planner {
 public:
  Planner(const Options& options, const CampaignPaths& paths, const CheckConfig& check)
      : options_(options), paths_(paths), check_(check) {}

  Plan plan() {
    plan_.columns = columns_of(options_);
    for (Cell& cell : expand(options_)) add_cell(std::move(cell));
    keep_used_tasks();
    return std::move(plan_);
  }

 private:
  void add_cell(Cell cell) {
    PlannedCell planned{.cell = std::move(cell)};
    Folders keys, folders;
    for (const Stage& stage : options_.stages) {
      const std::string key = add_stage(planned, stage, keys, folders);
      if (!planned.error.empty()) {
        planned.tasks.clear();
        break;
      }
      planned.tasks.push_back(key);
      keys[stage.name] = "stage:" + key;
      folders[stage.name] = paths_.run(key).string();
    }
    if (planned.error.empty()) planned.key = base::hash_text(base::join(planned.tasks, "\n")).substr(0, 12);
    mark_repeated(planned);
    plan_.cells.push_back(std::move(planned));
  }

  // Written otherwise, configured alike: one run would count as two, and its interval be too narrow.
  void mark_repeated(PlannedCell& planned) const {
    if (planned.key.empty()) return;
    const auto same = std::ranges::find(plan_.cells, planned.key, &PlannedCell::key);
    if (same == plan_.cells.end()) return;
    const std::string place =
        planned.cell.settings.empty() ? "" : planned.cell.settings.back().setting.value.place + ": ";
    planned.error = fmt::format("{}comes to the same configuration as cell {} ({}); exclude one of them",
                                place, same->cell.number, same->cell.title());
    planned.key.clear();
    planned.tasks.clear();
  }

  std::string add_stage(PlannedCell& planned, const Stage& stage, const Folders& keys,
                        const Folders& folders) {
    const StageOverrides keyed = overrides_of(planned.cell, stage, keys);
    try {
      const std::string effective = check(stage, keyed);
      const std::string hash = base::Hasher().add(stage.command).add(effective).hex();
      const std::string key = fmt::format("{}-{}", stage.name, hash.substr(0, 12));
      if (!at_.contains(key)) add_task(key, stage, overrides_of(planned.cell, stage, folders), keys);
      return key;
    } catch (const Error& e) {
      if (e.key().starts_with("campaign.")) throw;
      planned.error = fmt::format("{}: error[{}]: {}", stage.name, e.key(), with_places(e.message(), keyed));
      if (!e.hint().empty()) planned.error += "; " + e.hint();
      return "";
    }
  }

  std::string check(const Stage& stage, const StageOverrides& overrides) const {
    return check_(config::load(stage.config, overrides.texts), stage.command);
  }

  void add_task(const std::string& key, const Stage& stage, const StageOverrides& overrides,
                const Folders& keys) {
    Task task{.key = key,
              .stage = stage.name,
              .command = stage.command,
              .config_yaml = check(stage, overrides),
              .ranks = stage.ranks};
    for (const std::string& used : overrides.used)
      task.needs.push_back(keys.at(used).substr(std::string_view("stage:").size()));
    at_[key] = plan_.tasks.size();
    plan_.tasks.push_back(std::move(task));
  }

  // An invalid cell may have been valid up to its last stage; nobody waits for the stages before.
  void keep_used_tasks() {
    std::set<std::string> used;
    for (const PlannedCell& cell : plan_.cells) used.insert(cell.tasks.begin(), cell.tasks.end());
    std::erase_if(plan_.tasks, [&](const Task& task) { return !used.contains(task.key); });
  }

  const Options& options_;
  const CampaignPaths& paths_;
  const CheckConfig& check_;
  Plan plan_;
  std::map<std::string, std::size_t> at_;
};

}  // namespace

const Task& Plan::task(const std::string& key) const {
  const auto found = std::ranges::find(tasks, key, &Task::key);
  LETHE_CHECK(found != tasks.end(), "no task {}", key);
  return *found;
}

std::size_t Plan::num_invalid() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(cells, [](const PlannedCell& cell) { return !cell.error.empty(); }));
}

Plan make_plan(const Options& options, const CampaignPaths& paths, const CheckConfig& check) {
  return Planner(options, paths, check).plan();
}

void refuse_invalid(const Plan& plan) {
  if (plan.num_invalid() == 0) return;
  std::string list;
  for (const PlannedCell& cell : plan.cells)
    if (!cell.error.empty())
      list += fmt::format("\n  cell {} ({}): {}", cell.cell.number, cell.cell.title(), cell.error);
  fail("campaign.invalid",
       fmt::format("{} of {} cells are invalid; none was started{}", plan.num_invalid(), plan.cells.size(),
                   list),
       "correct them, exclude them, or run the valid ones with --keep-going");
}

}  // namespace lethe::campaign
