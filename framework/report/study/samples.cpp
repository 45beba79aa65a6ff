// The per-sample view, and what a study cannot say.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "framework/report/comparison.h"
#include "framework/report/html.h"
#include "framework/report/study/study_table.h"

namespace lethe::report {
namespace {

constexpr std::size_t kMostRows = 12000;  // of all tables together: keeps a page of 200 cells small

struct SampleRow {
  std::int64_t row = 0;
  double mrd = 0;
  bool has_score = false;
  std::vector<double> before, after;
  std::int64_t drawn = 0;
  std::string question, answer, said_before, said_after;
  std::map<std::int64_t, std::vector<double>> trajectory;  // by step, of the run that says the method
};

double probability_in(const records::SampleMetrics& sample) {
  const auto found = sample.values.find("probability");
  return found == sample.values.end() ? NAN : found->second;
}

void take_evaluation(std::map<std::string, SampleRow>& rows, const records::EvaluationRecord* evaluation,
                     std::vector<double> SampleRow::*side) {
  if (evaluation == nullptr) return;
  for (const records::SampleMetrics& sample : evaluation->samples) {
    SampleRow& row = rows[sample.id];
    row.row = sample.row;
    (row.*side).push_back(probability_in(sample));
  }
}

void take_trajectory(std::map<std::string, SampleRow>& rows, const RunSummary& run) {
  for (const records::EvaluationRecord& evaluation : run.evaluations)
    if (records::is_to_be_forgotten(evaluation.set))
      for (const records::SampleMetrics& sample : evaluation.samples) {
        SampleRow& row = rows[sample.id];
        row.row = sample.row;
        row.trajectory[evaluation.step].push_back(probability_in(sample));
      }
}

// Of the first seed, before its first step: later scorings are of a model that has unlearned in part.
void take_scores(std::map<std::string, SampleRow>& rows, const RunSummary& run) {
  if (run.scorings.empty() || run.scorings.front().step > 0) return;
  for (const records::ScoreRecord& score : run.scorings.front().scores) {
    SampleRow& row = rows[score.id];
    if (row.has_score) continue;
    row.row = score.row;
    row.mrd = score.mrd;
    row.has_score = true;
  }
}

void take_cell(std::map<std::string, SampleRow>& rows, const StudyCell& cell) {
  for (const RunSummary& run : cell.runs)
    if (!cell.is_behind_main(run)) take_scores(rows, run);
  const RunSummary* main = cell.main_run();  // an earlier stage planted what is to be forgotten
  if (main == nullptr) return;
  if (cell.has_trained()) take_evaluation(rows, main->before("forget"), &SampleRow::before);
  take_trajectory(rows, *main);
  take_evaluation(rows, cell.measured("forget"), &SampleRow::after);
}

// Behind take_cell of every cell: it makes the rows.
void count_draws(std::map<std::string, SampleRow>& rows, const StudyCell& cell) {
  if (const RunSummary* main = cell.main_run())
    for (const records::StepRecord& step : main->steps)
      for (const std::string& id : step.forget_ids)
        if (const auto row = rows.find(id); row != rows.end()) ++row->second.drawn;
}

void take_texts(std::map<std::string, SampleRow>& rows, const StudyCell& cell, const RunSummary& run) {
  for (const records::GenerationRecord& generation : run.generations)
    if (const auto row = rows.find(generation.id); row != rows.end() && !generation.purged) {
      row->second.question = generation.question;
      row->second.answer = generation.answer;
      if (generation.tag == records::kTextsAlone) continue;
      const bool is_before = generation.tag == "before" && !cell.is_behind_main(run);
      (is_before ? row->second.said_before : row->second.said_after) = generation.generated;
    }
}

std::map<std::string, SampleRow> rows_of(const Group& group) {
  std::map<std::string, SampleRow> rows;
  std::vector<const StudyCell*> done = group.cells;
  std::erase_if(done, [](const StudyCell* cell) { return cell->state != "done"; });
  for (const StudyCell* cell : done) take_cell(rows, *cell);
  for (const StudyCell* cell : done) {
    count_draws(rows, *cell);
    for (const RunSummary& run : cell->runs)
      if (&run >= cell->main_run()) take_texts(rows, *cell, run);
  }
  std::erase_if(rows,
                [](const auto& entry) { return entry.second.after.empty() && !entry.second.has_score; });
  return rows;
}

std::string interval_cell(const std::vector<double>& values) {
  const auto interval = interval_of(values);
  return interval ? fmt::format("<td data-v=\"{}\">{}</td>", interval->mean, fixed(interval->mean, 3))
                  : "<td class=\"none\" data-v=\"\">\u2013</td>";
}

// Probability by step, from 0 to 1, as a small line; the numbers as its tooltip.
std::string sparkline(const SampleRow& s) {
  constexpr double kWidth = 64, kHeight = 18;
  if (s.trajectory.size() < 2) return "<td class=\"none\">\u2013</td>";
  const auto first = s.trajectory.begin()->first, last = s.trajectory.rbegin()->first;
  std::string points, numbers;
  for (const auto& [step, values] : s.trajectory) {
    const auto interval = interval_of(values);
    if (!interval) continue;
    points += fmt::format("{:.0f},{:.1f} ",
                          kWidth * static_cast<double>(step - first) / static_cast<double>(last - first),
                          kHeight * (1 - std::clamp(interval->mean, 0.0, 1.0)));
    numbers += fmt::format("{}{}: {:.2f}", numbers.empty() ? "step " : ", ", step, interval->mean);
  }
  return fmt::format(
      "<td><svg class=\"spark\" viewBox=\"-1 -1 {:.0f} {:.0f}\" role=\"img\"><title>{}</title><polyline "
      "points=\"{}\"/></svg></td>",
      kWidth + 2, kHeight + 2, numbers, points);
}

std::string sample_row(const SampleRow& s) {
  std::string html = fmt::format("<tr><td data-v=\"{0}\">{0}</td>", s.row);
  html += s.has_score ? fmt::format("<td data-v=\"{}\">{}</td>", s.mrd, number(s.mrd))
                      : "<td data-v=\"\">\u2013</td>";
  html += interval_cell(s.before) + interval_cell(s.after) + sparkline(s) +
          fmt::format("<td data-v=\"{0}\">{0}</td>", s.drawn);
  for (const std::string& text : {escape(s.question), escape(s.answer), marked_words(s.said_before, s.answer),
                                  marked_words(s.said_after, s.answer)})
    html += fmt::format("<td class=\"text\">{}</td>", text);
  return html + "</tr>";
}

std::string table_of(const Group& group, const std::map<std::string, SampleRow>& rows) {
  std::string html = fmt::format(
      "<details><summary>{}</summary><div class=\"scroll tall\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"Samples of "
      "{}\"><table class=\"numbers sortable\"><thead><tr>",
      escape(group.label), escape(group.label));
  for (const char* title : {"row", "score (MRD)", "before", "after", "", "drawn"})
    html += *title == '\0'
                ? "<th scope=\"col\">by step</th>"
                : fmt::format(
                      "<th scope=\"col\" data-number><button type=\"button\" class=\"sort\">{}</button></th>",
                      title);
  html +=
      "<th>question</th><th>expected</th><th>said before</th><th>said after (one "
      "seed)</th></tr></thead><tbody>";
  std::vector<const SampleRow*> order;
  for (const auto& [id, row] : rows) order.push_back(&row);
  std::ranges::sort(order, {}, [](const SampleRow* row) { return row->row; });
  for (const SampleRow* row : order) html += sample_row(*row);
  return html + "</tbody></table></div></details>";
}

// A cell's stages as one run: one of them scores, another one trains, a last one measures. A stage that only
// measures calls it "before", as it trains nothing.
RunSummary as_one_run(const StudyCell& cell) {
  RunSummary all = *cell.main_run();
  for (const RunSummary& run : cell.runs) {
    if (!cell.is_behind_main(run)) {
      if (all.scorings.empty()) all.scorings = run.scorings;
      continue;
    }
    for (records::EvaluationRecord evaluation : run.evaluations) {
      evaluation.tag = "after";
      all.evaluations.push_back(std::move(evaluation));
    }
  }
  return all;
}

}  // namespace

std::string sample_tables(const Study& study) {
  std::string html;
  std::size_t total = 0, left_out = 0;
  for (const Group& group : groups_of(study)) {
    const auto rows = rows_of(group);
    if (rows.empty()) continue;
    if (total + rows.size() > kMostRows) {
      ++left_out;
      continue;
    }
    total += rows.size();
    html += table_of(group, rows);
  }
  if (left_out > 0)
    html += fmt::format(
        "<p class=\"lead\">The tables of {} more methods are left out to keep this page small.</p>",
        left_out);
  return html;
}

bool mixes_up_samples(const Study& study) {
  std::vector<std::pair<const StudyCell*, std::string>> chosen;
  for (const Group& group : groups_of(study))
    for (const StudyCell* cell : group.cells) chosen.emplace_back(cell, samples_of(study, group));
  const auto has_anothers = [&](const auto& one) {
    return !one.first->measured_on.empty() && std::ranges::any_of(chosen, [&](const auto& other) {
      return other.first->measured_hash == one.first->measured_hash && other.second != one.second;
    });
  };
  return std::ranges::any_of(chosen, has_anothers);
}

std::string other_samples_note(const Study& study) {
  const auto is_other = [](const StudyCell& cell) { return !cell.measured_on.empty(); };
  const auto first = std::ranges::find_if(study.cells, is_other);
  if (first == study.cells.end()) return "";
  return fmt::format(
      "Numbers to forget are of other samples than the training had in {} of {} cells (cell {}: {}).{}",
      std::ranges::count_if(study.cells, is_other), study.cells.size(), first->number, first->measured_on,
      mixes_up_samples(study)
          ? " They are the same samples whichever were chosen: compare methods by them, not choices, and let "
            "an axis that chooses samples touch the stage that measures too (stages: [unlearn, measure])."
          : "");
}

std::vector<std::string> missing_from(const Study& study) {
  std::vector<std::string> notes;
  std::size_t unmeasured = 0;
  for (const StudyCell& cell : study.cells) {
    if (cell.state != "done")
      notes.push_back(fmt::format("Cell {} is {}{}{}.", cell.number, cell.state,
                                  cell.error.empty() ? "" : ": ", cell.error));
    else if (cell.metrics.empty())
      ++unmeasured;
  }
  if (const std::string note = other_samples_note(study); !note.empty()) notes.push_back(note);
  if (unmeasured > 0) notes.push_back(fmt::format("{} cells are done and hold no evaluation.", unmeasured));
  const auto groups = groups_of(study);
  const auto single = std::ranges::count_if(groups, [](const Group& g) { return g.num_measured() == 1; });
  if (single > 0)
    notes.push_back(fmt::format("{} of {} methods have one seed: their numbers have no interval.", single,
                                groups.size()));
  std::set<std::string> seen;  // what cells lack, once
  for (const StudyCell& cell : study.cells)
    if (cell.state == "done" && cell.main_run() != nullptr)
      for (const std::string& note : missing_from(as_one_run(cell)))
        if (seen.insert(note).second && seen.size() <= 8) notes.push_back(note);
  return notes;
}

}  // namespace lethe::report
