// cells.json: which cells a campaign has, what each chose, and which runs it is made of. What a report reads.
#pragma once

#include <string>

#include "framework/campaign/schedule.h"

namespace lethe::campaign {

// {"schema": 1, "name": …, "columns": [{"name", "is_repeat"}], "cells": [{"number", "choices": {…}, "state",
// "error", "runs": ["runs/plant-…", …]}]}; runs in the order of the stages, relative to the campaign's
// folder.
[[nodiscard]] std::string cells_json(const std::string& name, const Schedule& schedule);

}  // namespace lethe::campaign
