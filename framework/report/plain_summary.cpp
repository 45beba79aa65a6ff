// The run in words (plain_summary and render_markdown in report.h).
#include <fmt/format.h>

#include <cctype>

#include "framework/base/text.h"
#include "framework/report/comparison.h"
#include "framework/report/html.h"
#include "framework/report/report.h"
#include "framework/report/tables.h"

namespace lethe::report {
namespace {

const Change* main_change(const std::vector<Change>& changes, std::string_view set) {
  for (const Change& c : changes)
    if (c.set == set && c.change) return &c;  // probability first, by the order of changes_of
  return nullptr;
}

std::string what_was_scored(const RunSummary& run) {
  const Scoring& last = run.scorings.back();
  std::string text = fmt::format("The difficulty of {} samples to forget was measured",
                                 grouped(static_cast<std::int64_t>(last.scores.size())));
  if (last.header)
    text += fmt::format(" ({}, {} draws, {})", last.header->estimator, last.header->draws,
                        base::readable_duration(last.header->seconds));
  return text + ".";
}

std::string what_was_done(const RunSummary& run) {
  const std::string objective = run.run ? run.run->objective : "", sampler = run.run ? run.run->sampler : "";
  std::int64_t num_forget = 0;
  std::string selection;
  for (const auto& data : run.data)
    if (data.set == "forget") num_forget = data.num_samples, selection = data.selection;
  if (run.steps.empty() && !run.scorings.empty()) return what_was_scored(run);
  std::string text = run.steps.empty()
                         ? "No training step is recorded"
                         : fmt::format("{} ran for {} steps", objective.empty() ? "Training" : objective,
                                       run.steps.back().step);
  if (objective == "finetune" && num_forget > 0)
    text += fmt::format(" on all samples, the {} to forget among them", grouped(num_forget));
  else if (num_forget > 0)
    text += fmt::format(" on {} samples to forget", grouped(num_forget));
  if (!selection.empty()) text += fmt::format(" (selected: {})", selection);
  if (!sampler.empty() && !run.steps.empty()) text += fmt::format(", drawn by the {} sampler", sampler);
  if (run.summary) text += fmt::format(", in {}", base::readable_duration(run.summary->seconds));
  if (run.run)
    text += fmt::format(" on {}",
                        run.run->world_size == 1 ? "one rank" : fmt::format("{} ranks", run.run->world_size));
  return text + ".";
}

std::string went(const Change& c) {
  return fmt::format("went from {} to {}", fixed(c.before->mean, 2), fixed(c.after->mean, 2));
}

std::string first_lower(std::string text) {
  if (!text.starts_with("ROUGE"))
    text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
}

std::string what_came_of_it(const std::vector<Change>& changes) {
  const Change *forget = main_change(changes, "forget"), *retain = main_change(changes, "retain"),
               *general = main_change(changes, "general");
  if (forget == nullptr)
    return "It was not evaluated before and after, so this report cannot say what was forgotten.";
  std::string text =
      fmt::format("On what was to be forgotten, the {} {}", first_lower(forget->metric.label), went(*forget));
  if (retain != nullptr) text += fmt::format("; on what was to be kept, it {}", went(*retain));
  if (general != nullptr) text += fmt::format("; on general knowledge, it {}", went(*general));
  return text + ".";
}

}  // namespace

std::string plain_summary(const RunSummary& run) {
  std::string text = what_was_done(run);
  if (!run.evaluations.empty() || run.scorings.empty()) text += " " + what_came_of_it(changes_of(run));
  if (run.summary && !run.summary->stopped_because.empty())
    text += fmt::format(" It stopped because {}.", first_lower(run.summary->stopped_because));
  return text;
}

std::string render_markdown(const std::vector<RunSummary>& runs) {
  std::string text = "# What was forgotten, what was kept\n";
  for (const RunSummary& run : runs) {
    text += fmt::format("\n## {}\n\n{}\n\n{}", run.name, plain_summary(run), change_markdown(run));
    text += "\nWhat this report cannot say:\n\n";
    for (const std::string& note : missing_from(run)) text += fmt::format("- {}\n", note);
  }
  return text;
}

}  // namespace lethe::report
