// What the provenance table says of a run (facts_of in tables.h).
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "framework/base/text.h"
#include "framework/report/html.h"
#include "framework/report/tables.h"

namespace lethe::report {
namespace {

class Facts {
 public:
  void add(std::string label, std::string value, bool is_hash = false) {
    if (!value.empty()) facts_.push_back({std::move(label), std::move(value), is_hash});
  }
  std::vector<Fact> take() { return std::move(facts_); }

 private:
  std::vector<Fact> facts_;
};

std::string quoted_command(const records::RunRecord& run) {
  std::string text = "lethe " + run.command;
  for (const std::string& argument : run.arguments) text += " " + argument;
  return text;
}

// "node01 × 8, node02 × 8"
std::string hosts_of(const std::vector<std::string>& hosts) {
  std::map<std::string, int> counts;
  std::vector<std::string> order;
  for (const std::string& host : hosts)
    if (counts[host]++ == 0) order.push_back(host);
  std::vector<std::string> parts;
  for (const std::string& host : order) parts.push_back(fmt::format("{} \u00D7 {}", host, counts[host]));
  return base::join(parts, ", ");
}

void add_run(Facts& facts, const records::RunRecord& run) {
  facts.add("Command", quoted_command(run));
  facts.add("Configuration", run.config_path);
  facts.add("Objective", run.objective);
  facts.add("Purpose", run.purpose);
  facts.add("Sampler", run.sampler);
  facts.add("Seed", std::to_string(run.seed));
  facts.add("World", run.world_size == 1 ? "1 rank" : fmt::format("{} ranks", run.world_size));
  facts.add("Hosts (ranks)", hosts_of(run.hosts));
  facts.add("Device", run.device);
  facts.add("Compute type", run.compute_dtype);
  facts.add("Determinism", run.determinism);
  facts.add("Started", run.started);
  if (run.resumed_from_step >= 0) facts.add("Resumed from step", std::to_string(run.resumed_from_step));
}

void add_work(Facts& facts, const RunSummary& run) {
  if (run.summary) {
    facts.add("Ended", run.summary->ended);
    facts.add("Duration", base::readable_duration(run.summary->seconds));
    facts.add("Stopped because", run.summary->stopped_because);
  }
  if (!run.steps.empty()) {
    std::vector<double> speeds;
    for (const auto& step : run.steps) speeds.push_back(step.tokens_per_second);
    std::ranges::nth_element(speeds, speeds.begin() + static_cast<long>(speeds.size() / 2));
    facts.add("Steps", std::to_string(run.steps.back().step));
    facts.add("Speed (median)", fmt::format("{} tokens/s", grouped(std::llround(speeds[speeds.size() / 2]))));
  }
  std::uint64_t peak = 0;
  for (const auto& memory : run.memory) peak = std::max(peak, memory.peak_resident_bytes);
  if (peak > 0) facts.add("Peak memory of a rank", base::readable_bytes(peak));
}

void add_inputs(Facts& facts, const RunSummary& run) {
  for (const auto& model : run.models)
    facts.add(fmt::format("Model ({})", model.role),
              fmt::format("{}: {}, {} parameters, {} layers", model.path, model.family,
                          grouped(model.num_parameters), model.num_layers));
  for (const auto& data : run.data)
    facts.add(fmt::format("Data ({})", data.set),
              fmt::format("{}: {} samples, {} target tokens", data.path, grouped(data.num_samples),
                          grouped(data.num_target_tokens)));
  for (const auto& data : run.data) {
    facts.add(fmt::format("Selected ({})", data.set), data.selection);
    facts.add(fmt::format("Hash of the selection ({})", data.set), data.selection_hash, true);
  }
  std::map<std::string, std::string> hashes;
  if (run.run) hashes = run.run->hashes;
  for (const auto& data : run.data) hashes.try_emplace(data.set, data.hash);
  for (const auto& [name, hash] : hashes) facts.add(fmt::format("Hash of {}", name), hash, true);
}

}  // namespace

std::vector<Fact> facts_of(const RunSummary& run) {
  Facts facts;
  if (run.run) add_run(facts, *run.run);
  add_work(facts, run);
  add_inputs(facts, run);
  if (run.run) {
    for (const auto& [name, version] : run.run->versions)
      facts.add(fmt::format("Version of {}", name), version);
    facts.add("Commit", run.run->git_commit, true);
  }
  return facts.take();
}

}  // namespace lethe::report
