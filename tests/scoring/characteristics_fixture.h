// A forget and a retain set by hand, and a tiny model to run on them.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "framework/scoring/characteristic.h"
#include "tests/support/tiny_model.h"

namespace lethe::scoring::characteristics {

class Characteristics : public ::testing::Test {
 protected:
  Characteristics()
      : model_(lethe::testing::tiny_model()), engine_(model_, *world_, {}, {.compute = at::kDouble}) {
    for (const auto& ids : forget_ids_) forget_.push_back({.ids = ids, .prompt_tokens = 2});
    for (const auto& ids : retain_ids_) retain_.push_back({.ids = ids, .prompt_tokens = 2});
    log_probs_ = inference::token_log_probs(walk_, *world_, forget_);
  }

  std::vector<double> of(std::string_view name) {
    const Inputs inputs{.forget = forget_,
                        .retain = retain_,
                        .answers = answers_,
                        .log_probs = &log_probs_,
                        .walk = &walk_,
                        .weights = &engine_.weights,
                        .world = world_.get()};
    for (const Entry& entry : registry()) {
      if (entry.name == name) return entry.make(inputs);
    }
    ADD_FAILURE() << name << " is not registered";
    return {};
  }

  // Scored: 5 6 7 8; 5 6 7 9 9; 1 2.
  const std::vector<std::vector<std::int32_t>> forget_ids_ = {
      {1, 2, 5, 6, 7, 8}, {1, 2, 5, 6, 7, 9, 9}, {3, 4, 1, 2}};
  const std::vector<std::vector<std::int32_t>> retain_ids_ = {{9, 9, 6, 7, 8, 8}, {0, 0, 10, 11, 12}};
  std::vector<std::string_view> answers_ = {"She met Ada Byron in 1833. Then nothing.", "no name here",
                                            "Paris"};
  std::vector<data::Document> forget_, retain_;
  std::unique_ptr<dist::ProcessGroup> world_ = dist::make_single_group();
  models::DecoderModel model_;
  lethe::testing::TinyEngine engine_;
  walk::BlockWalk walk_{model_, engine_.weights};
  inference::TokenLogProbs log_probs_;
};

}  // namespace lethe::scoring::characteristics
