#include "framework/report/study/study.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"

namespace lethe::report {
namespace {

using nlohmann::json;

StudyCell cell_from(const json& in, const std::filesystem::path& folder) {
  StudyCell cell{.number = in.at("number"), .state = in.at("state"), .error = in.at("error")};
  for (const auto& [name, label] : in.at("choices").items()) {
    // Earlier versions wrote an empty text as nothing, which is how a choice that was not made reads.
    const std::string text = label;
    cell.choices[name] = text.empty() ? "\"\"" : text;
  }
  for (const std::string run : in.at("runs")) {
    const auto path = folder / run;
    if (std::filesystem::exists(path / "records.jsonl")) cell.runs.push_back(load_run(path));
  }
  cell.take_metrics();
  return cell;
}

std::string words_for(const records::DataRecord& forget) {
  return forget.selection.empty() ? fmt::format("all {} samples", forget.num_samples) : forget.selection;
}

std::string hash_of_forget(const RunSummary& run) {
  const records::DataRecord* forget = run.data_of("forget");
  return forget == nullptr ? "" : forget->hash + forget->selection_hash;
}

// A setting that chooses samples may touch one stage only: a later one then measures other samples.
std::string other_samples(const RunSummary& trained, const RunSummary& measured) {
  const records::DataRecord *theirs = trained.data_of("forget"), *here = measured.data_of("forget");
  if (theirs == nullptr || here == nullptr || hash_of_forget(trained) == hash_of_forget(measured)) return "";
  const bool other_file = theirs->hash != here->hash;
  const auto of_file = [&](const records::DataRecord& forget) {
    return words_for(forget) + (other_file ? " of " + forget.path : "");
  };
  return fmt::format("{}, not {}", of_file(*here), of_file(*theirs));
}

}  // namespace

const RunSummary* StudyCell::main_run() const {
  for (auto run = runs.rbegin(); run != runs.rend(); ++run)
    if (run->run && run->run->command == "train") return &*run;
  return runs.empty() ? nullptr : &runs.back();
}

bool StudyCell::has_trained() const {
  const RunSummary* main = main_run();
  return main != nullptr && main->run && main->run->command == "train";
}

const RunSummary* StudyCell::measuring_run() const {
  if (runs.empty()) return nullptr;
  const RunSummary* last = nullptr;
  for (const RunSummary* run = has_trained() ? main_run() : runs.data(); run <= &runs.back(); ++run)
    if (!run->evaluations.empty()) last = run;
  return last;
}

const records::EvaluationRecord* StudyCell::measured(std::string_view set) const {
  const RunSummary* run = measuring_run();
  if (run == nullptr) return nullptr;
  const records::EvaluationRecord* after = run->after(set);
  const bool began_before_training = has_trained() && run == main_run();
  return after != nullptr || began_before_training ? after : run->before(set);
}

// A cell that is not done has no numbers of its own: a diverged run knows only how its model began. What an
// earlier stage measured, or a training run before its first update, is another model.
void StudyCell::take_metrics() {
  const RunSummary* last = measuring_run();
  if (state != "done" || last == nullptr) return;
  if (has_trained()) measured_on = other_samples(*main_run(), *last);
  measured_hash = hash_of_forget(*last);
  for (const std::string& set : last->evaluated_sets()) {
    const records::EvaluationRecord* evaluation = measured(set);
    if (evaluation == nullptr) continue;
    for (const auto& [metric, value] : evaluation->aggregates) metrics[set + "." + metric] = value;
  }
}

std::string StudyCell::choice(const std::string& column) const {
  const auto found = choices.find(column);
  return found == choices.end() ? "" : found->second;
}

std::string Study::label_of(const StudyCell& cell) const {
  std::string label;
  for (const StudyColumn& column : columns)
    if (const std::string value = cell.choice(column.name); !column.is_repeat && !value.empty())
      label += (label.empty() ? "" : ", ") + value;
  return label.empty() ? "all cells" : label;
}

std::string Study::long_label_of(const StudyCell& cell) const {
  std::string label;
  for (const StudyColumn& column : columns)
    if (!column.is_repeat)
      label += fmt::format("{}{}={}", label.empty() ? "" : ", ", column.name, cell.choice(column.name));
  return label;
}

std::vector<std::string> Study::values_of(const StudyCell& cell) const {
  std::vector<std::string> values;
  for (const StudyColumn& column : columns)
    if (!column.is_repeat) values.push_back(cell.choice(column.name));
  return values;
}

std::string Study::repeat_of(const StudyCell& cell) const {
  std::string repeat;
  for (const StudyColumn& column : columns)
    if (column.is_repeat) repeat += (repeat.empty() ? "" : ", ") + cell.choice(column.name);
  return repeat;
}

bool is_campaign_folder(const std::filesystem::path& folder) {
  return std::filesystem::exists(folder / "cells.json");
}

Study load_campaign(const std::filesystem::path& folder) {
  Study study{.folder = folder};
  try {
    const json file = json::parse(base::read_file(folder / "cells.json"));
    study.name = file.at("name");
    for (const json& column : file.at("columns"))
      study.columns.push_back({column.at("name"), column.at("is_repeat")});
    for (const json& cell : file.at("cells")) study.cells.push_back(cell_from(cell, folder));
  } catch (const json::exception& e) {
    fail("campaign.cells", fmt::format("{}: {}", (folder / "cells.json").string(), e.what()),
         "run `lethe campaign` again: it writes the file anew");
  }
  return study;
}

}  // namespace lethe::report
