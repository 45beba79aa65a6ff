#include "tests/report/campaign_fixture.h"

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

}  // namespace lethe::report::testing
