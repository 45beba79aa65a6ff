#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/atomic_file.h"
#include "framework/objectives/objective.h"
#include "framework/run/commands.h"

namespace lethe::run {
namespace {

TEST(MethodsReference, TheDocumentIsCurrent) {
  EXPECT_EQ(base::read_file(std::string(LETHE_SOURCE_DIR) + "/docs/methods.md"), methods_reference())
      << "lethe config --methods > docs/methods.md";
}

TEST(ConfigReference, TheDocumentIsCurrent) {
  EXPECT_EQ(base::read_file(std::string(LETHE_SOURCE_DIR) + "/docs/config_reference.md"), config_reference())
      << "lethe config > docs/config_reference.md";
}

TEST(MethodsReference, NamesEveryObjectiveAndItsOptions) {
  const std::string text = methods_reference();
  for (const std::string& name : objectives::objective_names())
    EXPECT_THAT(text, ::testing::HasSubstr("## `" + name + "`"));
  EXPECT_THAT(text, ::testing::HasSubstr("`retain_loss` (one of nll, kl, embed_diff"));
}

}  // namespace
}  // namespace lethe::run
