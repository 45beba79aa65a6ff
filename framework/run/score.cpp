// `lethe score FILE` and `lethe eval FILE`: measure, record, say.
#include <functional>
#include <optional>

#include "framework/base/log.h"
#include "framework/config/document.h"
#include "framework/run/accounting.h"
#include "framework/run/analyse_scores.h"
#include "framework/run/commands.h"
#include "framework/run/device.h"
#include "framework/run/evaluate_sets.h"
#include "framework/run/grid_choice.h"
#include "framework/run/measurement.h"
#include "framework/run/record_extremes.h"
#include "framework/run/score_forget_set.h"
#include "framework/run/session.h"
#include "framework/run/timeouts.h"

namespace lethe::run {
namespace {

std::filesystem::path cache_of(const RunConfig& config, const records::RunPaths& paths) {
  return config.cache.empty() ? paths.cache() : std::filesystem::path(config.cache);
}

// The parts that every command on a model needs.
struct Parts {
  // `check`: what the command asks of its parts before the run folder is described.
  Parts(config::Section root, const Launch& launch, dist::World& world,
        const std::function<void(const Parts&)>& check = {})
      : accounting(launch.profile, world),
        config(config_of_run(root, launch)),
        yaml(config::effective_yaml(root)),
        deadline(std::in_place, world, config.timeouts.init_seconds),
        device(config.device, world),
        output(launch, yaml, world),
        sets(config, tokenizer_directory(config), cache_of(config, output.paths()), world.group(),
             launch.command),
        engine(config, world.group(), sets.tokenizer().vocab_size(),
               grid_of_measuring(config, sets, passes(launch, world.info().size), world,
                                 device.placement().device)
                   .shape,
               device.placement()) {
    check_selection(config, engine);
    if (check) check(*this);
    output.rewind_records_to(-1);
    output.describe(launch, config, yaml, engine, sets, -1);
    deadline.reset();  // the scope ends before the next begins: each gives back what it found
    deadline.emplace(world, config.timeouts.step_seconds);
  }
  planning::Measuring passes(const Launch& launch, int ranks) const {
    return launch.command == "score" ? scoring_passes(config, lengths_of(sets), launch.analyse, ranks)
                                     : evaluation_passes(config, sets.evaluated());
  }

  Accounting accounting;  // first: it counts what the others allocate
  RunConfig config;
  std::string yaml;
  std::optional<DeadlineScope> deadline;
  ComputeDevice device;  // outlives all tensors
  RunOutput output;
  SampleSets sets;
  Engine engine;
};

// A campaign may set score.from for all of its stages, so this is no error.
void warn_of_idle_source(const RunConfig& config) {
  if (config.score.from.empty()) return;
  base::warn_once("score.from",
                  fmt::format("score.from: {} does nothing, because `lethe score` measures; leave "
                              "it out, or train with it",
                              config.score.from));
}

void finish(Parts& parts, const char* reason) {
  parts.accounting.finish(0, parts.engine.weights->device(), parts.output);
  parts.output.append(records::SummaryRecord{.ended = records::utc_now(), .stopped_because = reason});
  parts.output.write_exports();
  spdlog::info("records: {}", parts.output.paths().root.string());
}

}  // namespace

int score(config::Section root, const Launch& launch, dist::World& world) {
  Parts parts(root, launch, world, [&](const Parts& p) {
    check_scoring(p.config, p.engine);
    if (launch.analyse) check_analysis(p.config, p.engine, p.sets);
  });
  warn_of_idle_source(parts.config);
  parts.output.hold_scores();  // scores that are there already serve others until these are whole
  const ForgetScores scores = score_forget_set(parts.config, parts.engine, parts.sets, {}, parts.output);
  if (launch.analyse) analyse_scores(parts.config, parts.engine, parts.sets, scores, parts.output);
  if (parts.config.redact != "forget") record_extremes(scores, parts.sets.forget, parts.output);
  parts.output.publish_scores();
  forget_draws(world.group(), parts.output, 0);
  finish(parts, "every sample of the forget set is scored");
  return 0;
}

int evaluate(config::Section root, const Launch& launch, dist::World& world) {
  Parts parts(root, launch, world, [](const Parts& p) { check_evaluation(p.config, p.sets); });
  listen_to_signals();
  (void)evaluate_sets(parts.config, parts.engine, parts.sets, "before", 0, parts.output,
                      parts.output.paths().root);
  finish(parts, "every set is evaluated");
  return 0;
}

}  // namespace lethe::run
