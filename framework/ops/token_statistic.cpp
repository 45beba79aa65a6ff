#include "framework/ops/token_statistic.h"

#include "framework/base/error.h"

namespace lethe::ops {

std::unique_ptr<TokenStatistic> make_token_statistic(std::string_view name) {
  for (const Entry& entry : registry()) {
    if (entry.name == name) return entry.make();
  }
  LETHE_CHECK(false, "there is no token statistic `{}`", name);
}

}  // namespace lethe::ops
