#include "framework/run/command_config.h"

#include "framework/base/error.h"

namespace lethe::run {
namespace {

using objectives::Role;

void check_updates(const config::Section& root, const RunConfig& c) {
  if (c.data.exclude == "forget" && c.objective_name != "finetune")
    config::Section(root.document(), "data")
        .refuse("exclude", "config.conflict",
                fmt::format("forget leaves objective `{}` nothing to forget", c.objective_name),
                "set objective: finetune for the retrained model, or take data.exclude away");
  if (draws_forget_samples(c) || (reads_retain(c) && c.train.retain_batch > 0)) return;
  root.refuse(
      "", "config.conflict",
      fmt::format("no update would read a sample: objective `{}`, train.forget_batch {}, train.retain_batch "
                  "{}, data.exclude {}",
                  c.objective_name, c.train.forget_batch, c.train.retain_batch, c.data.exclude));
}

}  // namespace

RunConfig read_config_of(config::Section root, const std::string& command) {
  RunConfig config = read_run_config(root);
  if (command == "train") check_updates(root, config);
  return config;
}

bool reads_forget(const RunConfig& config) {
  const objectives::Needs needs = config.objective->needs();
  return config.data.exclude != "forget" && (needs[Role::forget].present || needs[Role::alternate].present);
}

bool reads_retain(const RunConfig& config) {
  const objectives::Needs needs = config.objective->needs();
  return needs[Role::retain].present || needs[Role::retain_alternate].present;
}

bool draws_forget_samples(const RunConfig& config) {
  return reads_forget(config) && config.train.forget_batch > 0;
}

}  // namespace lethe::run
