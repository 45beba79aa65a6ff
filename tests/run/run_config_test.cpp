// What a configuration contradicts, and what follows from it before anything is loaded.
#include "framework/run/run_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "framework/run/command_config.h"
#include "framework/run/read_eval.h"

namespace lethe::run {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Names = std::set<std::string>;

RunConfig read_with(const std::vector<std::string>& overrides, const std::string& command = "eval") {
  return read_config_of(
      config::parse(
          "model: {init: random, tokenizer: nowhere}\ndata: {forget: {path: a}, retain: {path: b}}\n",
          "conf.yaml", overrides),
      command);
}

// "key: message"; "taken" where nothing is refused.
std::string refusal_of(const std::vector<std::string>& overrides, const std::string& command = "eval") {
  try {
    (void)read_with(overrides, command);
  } catch (const Error& e) {
    return e.key() + ": " + e.message();
  }
  return "taken";
}

TEST(Updates, ThatCouldReadNothingAreRefusedOfATraining) {
  const std::vector<std::string> excluded = {"data.exclude=forget"},
                                 no_batch = {"objective=grad_ascent", "train.forget_batch=0"};
  EXPECT_THAT(refusal_of(excluded, "train"),
              HasSubstr("data.exclude: forget leaves objective `npo` nothing to forget"));
  EXPECT_THAT(refusal_of(no_batch, "train"), HasSubstr("no update would read a sample"));
  EXPECT_EQ(refusal_of({"data.exclude=forget", "objective=finetune"}, "train"), "taken");
  EXPECT_EQ(refusal_of({"train.forget_batch=0"}, "train"), "taken") << "npo reads the retain set too";
  for (const char* command : {"score", "eval"}) {
    EXPECT_EQ(refusal_of(excluded, command), "taken") << "they draw no batches";
    EXPECT_EQ(refusal_of(no_batch, command), "taken");
  }
}

}  // namespace
}  // namespace lethe::run
