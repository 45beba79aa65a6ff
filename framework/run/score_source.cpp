#include "framework/run/score_source.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace lethe::run {
namespace {

// Estimators of one quantity may take turns.
bool serves(const std::string& setting, const std::string& was, const std::string& is) {
  return setting == "estimator" ? quantity_of(was) == quantity_of(is) : was == is;
}

}  // namespace

const char* mode_name(scoring::Mode mode) {
  return mode == scoring::Mode::sum ? "sum" : mode == scoring::Mode::mean ? "mean" : "aggregate";
}

bool is_mrd(const std::string& estimator) { return !estimator.starts_with("mean_abs"); }

std::string quantity_of(const std::string& estimator) {
  const std::size_t eps = estimator.find(" eps ");
  return (is_mrd(estimator) ? "MRD" : "mean_abs") + (eps == std::string::npos ? "" : estimator.substr(eps));
}

nlohmann::json score_source(const RunConfig& config) {
  const scoring::MrdOptions& mrd = config.score.mrd;
  return {{"mode", mode_name(mrd.mode)},
          {"estimator", mrd.estimator_identity},
          {"scope", mrd.scope},
          {"from", config.score.from}};
}

std::string difference(const nlohmann::json& saved, const RunConfig& config) {
  const auto quoted = [](const std::string& value) { return value.empty() ? "unset" : value; };
  const nlohmann::json now = score_source(config);
  for (const auto& [setting, value] : now.items()) {
    const std::string is = value, was = saved.value(setting, is);
    if (!serves(setting, was, is))
      return fmt::format("score.{} was {} and is {}", setting, quoted(was), quoted(is));
  }
  return "";
}

}  // namespace lethe::run
