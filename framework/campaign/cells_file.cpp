#include "framework/campaign/cells_file.h"

#include <nlohmann/json.hpp>

namespace lethe::campaign {

std::string cells_json(const std::string& name, const Schedule& schedule) {
  using Json = nlohmann::ordered_json;
  const Plan& plan = schedule.plan();
  Json columns = Json::array(), cells = Json::array();
  for (const Choice& column : plan.columns)
    columns.push_back({{"name", column.key}, {"is_repeat", column.is_repeat}});
  for (const PlannedCell& planned : plan.cells) {
    Json choices = Json::object(), runs = Json::array();
    for (const Choice& choice : planned.cell.choices) choices[choice.key] = choice.label;
    std::string error = planned.error;
    for (const std::string& task : planned.tasks) {
      runs.push_back("runs/" + task);
      if (schedule.state(task) == TaskState::failed) error = schedule.result(task).error;
    }
    const auto state = planned.error.empty() ? std::string(name_of(schedule.state_of(planned))) : "invalid";
    cells.push_back({{"number", planned.cell.number},
                     {"choices", choices},
                     {"state", state},
                     {"error", error},
                     {"runs", runs}});
  }
  const Json file = {{"schema", 1}, {"name", name}, {"columns", columns}, {"cells", cells}};
  return file.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lethe::campaign
