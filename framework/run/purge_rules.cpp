#include "framework/run/purge_rules.h"

#include <array>
#include <span>

namespace lethe::run {
namespace {

constexpr auto kKeep = PurgeAction::keep, kRewrite = PurgeAction::rewrite, kRemove = PurgeAction::remove;

// Of runs and of campaigns.
constexpr std::array kCommonRules{
    PurgeRule{"cache/*", kRemove, "tokens and log-probabilities of samples", true},
    PurgeRule{"report.html", kRemove, "example questions and answers; can be made again from the records",
              true},
    PurgeRule{"report.md", kRemove, "can be made again from the records", true},
    PurgeRule{"report.csv", kRemove, "can be made again from the records", true},
    PurgeRule{"report.svg", kRemove, "can be made again from the records", true},
    PurgeRule{"erasure.html", kRemove, "may quote samples; can be made again from the records", true},
    PurgeRule{"tensorboard/*", kKeep, "losses by step and averages over sets"},
    PurgeRule{"purge.json", kKeep, "certificates of purges"},
    PurgeRule{"lock", kKeep, "the name of the process that holds the lock"}};

constexpr std::array kRunRules{
    PurgeRule{"config.yaml", kKeep, "settings"},
    PurgeRule{"run.json", kKeep, "provenance"},
    PurgeRule{"records.jsonl", kRewrite, "questions, answers and generations of the forget set", true},
    PurgeRule{"scores.jsonl", kKeep, "scores by hashed id"},
    PurgeRule{"scores.csv", kKeep, "scores by hashed id"},
    PurgeRule{"trace.json", kKeep, "timings by block and rank"},
    PurgeRule{"metrics.json", kKeep, "averages over sets"},
    PurgeRule{"TOFU_EVAL.json", kRemove, "questions, answers and generations of the evaluated sets", true},
    PurgeRule{"TOFU_SUMMARY.json", kKeep, "averages over sets"},
    PurgeRule{"MUSE_EVAL.json", kRemove, "questions, answers and generations of the evaluated sets", true},
    PurgeRule{"MUSE_SUMMARY.json", kKeep, "averages over sets"},
    PurgeRule{"evals/*", kRemove, "results of evaluations with their questions and answers", true},
    PurgeRule{"model/*", kKeep, "the unlearned model"},
    PurgeRule{"checkpoints/*", kRemove,
              "weights from before the end, and moments of gradients of the forget set", true}};

// As framework/campaign writes it; a scaling study is a campaign beside its own tables.
constexpr std::array kCampaignRules{
    PurgeRule{"cells.json", kKeep, "choices and states of the cells"},
    PurgeRule{"index.sqlite*", kKeep, "choices, states, one line of each error, averages over sets"},
    PurgeRule{"table.csv", kKeep, "choices, states and averages over sets"},
    PurgeRule{"table.md", kKeep, "choices, states and averages over sets"},
    PurgeRule{"scale.yaml", kKeep, "settings"},
    PurgeRule{"scale.csv", kKeep, "timings and memory"},
    PurgeRule{"scale.json", kKeep, "timings and memory"},
    PurgeRule{"scale.html", kKeep, "timings and memory"},
    PurgeRule{"tasks/*.yaml", kKeep, "settings"},
    PurgeRule{"tasks/*.json", kKeep, "how a task ended, with one line of its error"},
    PurgeRule{"tasks/*.log", kRemove, "what a run printed", true},
    PurgeRule{"tasks/*.lock", kKeep, "the name of the process that holds the lock"},
    PurgeRule{"tasks/*.job", kKeep, "the number of a job"},
    PurgeRule{"tasks/*.sbatch", kKeep, "a job's script"},
    PurgeRule{"tasks/*.txt", kKeep, "the tasks of a job"},
    PurgeRule{"runs/*/lock", kKeep, "the name of the process that holds the lock"}};

bool matches(std::string_view path, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return path == pattern;
  const std::string_view before = pattern.substr(0, star), after = pattern.substr(star + 1);
  return path.size() >= before.size() + after.size() && path.starts_with(before) && path.ends_with(after);
}

const PurgeRule* find_rule(std::span<const PurgeRule> rules, std::string_view path) {
  // What an atomic write leaves behind when it is killed; it may hold anything that its target may.
  static constexpr PurgeRule kAside{"", kRemove, "left behind by an interrupted write", true};
  if (path.find(".writing-") != std::string_view::npos) return &kAside;
  for (const std::span<const PurgeRule> list : {rules, std::span<const PurgeRule>(kCommonRules)})
    for (const PurgeRule& rule : list)
      if (matches(path, rule.pattern)) return &rule;
  return nullptr;
}

}  // namespace

const PurgeRule* rule_of_run(std::string_view path) { return find_rule(kRunRules, path); }
const PurgeRule* rule_of_campaign(std::string_view path) { return find_rule(kCampaignRules, path); }

}  // namespace lethe::run
