#include "tests/report/campaign_fixture.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/records/scratch_folder.h"
#include "tests/report/fixture.h"

namespace lethe::report::testing {

void write_campaign(const std::filesystem::path& folder, int cells) {
  nlohmann::json list = nlohmann::json::array();
  for (int i = 0; i < cells; ++i) {
    const std::string run = "runs/run-" + std::to_string(i);
    write_fixture(folder / run,
                  {.name = run, .sampler = i % 2 ? "mrd" : "uniform", .forgotten = 0.04 + 0.001 * i});
    list.push_back({{"number", i + 1},
                    {"choices",
                     {{"sampler", i % 2 ? "mrd" : "uniform"},
                      {"rate", std::to_string(i / 10)},
                      {"seed", std::to_string(i / 2 % 5)}}},
                    {"state", "done"},
                    {"error", ""},
                    {"runs", {run}}});
  }
  list.push_back({{"number", cells + 1},
                  {"choices", {{"sampler", "mrd"}}},
                  {"state", "failed"},
                  {"error", "error[num.nonfinite]: loss NaN"},
                  {"runs", nlohmann::json::array()}});
  const nlohmann::json columns = {{{"name", "rate"}, {"is_repeat", false}},
                                  {{"name", "sampler"}, {"is_repeat", false}},
                                  {{"name", "seed"}, {"is_repeat", true}}};
  records::write_text(
      folder / "cells.json",
      nlohmann::json{{"schema", 1}, {"name", "fixture"}, {"columns", columns}, {"cells", list}}.dump());
}

RunSummary run_of(const std::string& config, int seed, double forget) {
  RunSummary run{.name = config};
  run.run.emplace();
  run.run->command = "train";
  run.run->objective = "npo";
  run.run->sampler = "mrd";
  run.run->seed = static_cast<std::uint64_t>(seed);
  run.run->config_yaml = config + fmt::format("seed: {}\n", seed);
  run.summary = records::SummaryRecord{};
  run.evaluations = {{.tag = "after", .step = 3, .set = "forget", .aggregates = {{"probability", forget}}}};
  return run;
}

}  // namespace lethe::report::testing
