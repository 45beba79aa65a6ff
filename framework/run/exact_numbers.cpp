#include "framework/run/exact_numbers.h"

#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>

#include "framework/base/error.h"

namespace lethe::run {

nlohmann::json exact_number(double value) { return fmt::format("{:a}", value); }

nlohmann::json exact_numbers(std::span<const double> values) {
  nlohmann::json list = nlohmann::json::array();
  for (const double value : values) list.push_back(exact_number(value));
  return list;
}

double number_from(const nlohmann::json& value) {
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (value.is_number()) return value.get<double>();
  if (!value.is_string())
    fail("ckpt.corrupt", fmt::format("checkpoint state: {} is no number", value.dump()));
  return std::strtod(value.get_ref<const std::string&>().c_str(), nullptr);
}

std::vector<double> numbers_from(const nlohmann::json& values) {
  std::vector<double> numbers;
  for (const nlohmann::json& value : values) numbers.push_back(number_from(value));
  return numbers;
}

}  // namespace lethe::run
