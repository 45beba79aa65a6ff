#include "framework/evaluation/result_files.h"

#include <cstdlib>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/evaluation/measures/statistics.h"
#include "framework/evaluation/python_json.h"

namespace lethe::evaluation {
namespace {

using records::Json;

Json value_json(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json entry_of(const Result& result) {
  Json entry = Json::object();
  for (const auto& [name, part] : result.parts) entry[name] = entry_of(part);
  if (!result.parts.empty()) entry["auc"] = value_json(result.value);
  entry["agg_value"] = value_json(result.value);
  if (result.samples.empty()) return entry;
  Json& by_index = entry["value_by_index"] = Json::object();
  for (const SampleResult& sample : result.samples) by_index[std::to_string(sample.index)] = sample.fields;
  return entry;
}

template <class Value>
std::string sorted_file(const std::map<std::string, Value>& entries) {
  Json file = Json::object();
  for (const auto& [name, value] : entries) file[name] = value;
  return python_json(file);
}

// A sample's value; of several answers, their mean, as metrics take it.
std::optional<double> sample_value(const Json& value) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_array()) return number_of(value);
  std::vector<double> numbers;
  for (const Json& one : value)
    if (!one.is_null()) numbers.push_back(number_of(one));
  return numbers.empty() ? std::nullopt : std::optional(mean(numbers));
}

// By row. Probabilities stand under `prob`, what other metrics give under `score`.
std::map<std::int64_t, std::optional<double>> retain_samples(const Json& by_index) {
  std::map<std::int64_t, std::optional<double>> samples;
  for (const auto& item : by_index.items()) {
    const Json& fields = item.value();
    if (!fields.is_object()) continue;
    for (const char* name : {"score", "prob"}) {
      const auto found = fields.find(name);
      if (found == fields.end()) continue;
      samples[std::strtoll(item.key().c_str(), nullptr, 10)] = sample_value(*found);
      break;
    }
  }
  return samples;
}

RetainEntry retain_entry(const Json& entry) {
  RetainEntry out;
  if (entry.contains("agg_value") && !entry["agg_value"].is_null()) out.value = number_of(entry["agg_value"]);
  const Json& samples = entry.contains("forget") ? entry["forget"] : entry;  // of an attack
  if (samples.is_object() && samples.contains("value_by_index"))
    out.samples = retain_samples(samples["value_by_index"]);
  return out;
}

// A run directory stands for its result file: `lethe eval` writes it at the top, `lethe train` after the last
// update.
std::filesystem::path result_file_of(const std::filesystem::path& named, const std::string& result_name) {
  if (!std::filesystem::is_directory(named)) return named;
  const std::filesystem::path file = result_name + "_EVAL.json", trained = named / "evals" / "after" / file;
  return std::filesystem::exists(trained) ? trained : named / file;
}

}  // namespace

std::string eval_file(std::span<const NamedResult> results) {
  std::map<std::string, Json> entries;
  for (const NamedResult& r : results) entries[r.name] = entry_of(r.result);
  return sorted_file(entries);
}

std::string summary_file(std::span<const NamedResult> results) {
  std::map<std::string, double> values;
  for (const NamedResult& r : results)
    if (r.listed && r.result.value) values[r.name] = *r.result.value;
  return sorted_file(values);
}

RetainLog read_retain_log(const std::filesystem::path& named, const std::string& result_name) {
  const std::filesystem::path path = result_file_of(named, result_name);
  if (!std::filesystem::is_regular_file(path))
    fail("eval.retain_log", fmt::format("{}: there is no such file", path.string()),
         "it is the TOFU_EVAL.json of a model trained without the forget set, or the run directory that has "
         "one");
  const Json file = parse_python_json(base::read_file(path), path.string());
  if (!file.is_object())
    fail("eval.retain_log", fmt::format("{} is not an object of metrics", path.string()));
  RetainLog entries;
  for (const auto& item : file.items())
    if (item.value().is_object()) entries[item.key()] = retain_entry(item.value());
  return entries;
}

}  // namespace lethe::evaluation
