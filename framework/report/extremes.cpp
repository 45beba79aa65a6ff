#include "framework/report/extremes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "framework/report/html.h"
#include "framework/report/page_parts.h"

namespace lethe::report {
namespace {

using records::GenerationRecord;
using records::ScoreRecord;
using TextsById = std::map<std::string, const GenerationRecord*>;

constexpr std::size_t kMostShown = 5;  // at either end

TextsById recorded_texts(const RunSummary& run) {
  TextsById texts;
  for (const GenerationRecord& generation : run.generations)
    if (records::is_to_be_forgotten(generation.set) && !generation.purged) texts[generation.id] = &generation;
  return texts;
}

std::string sample_row(const ScoreRecord& score, const TextsById& texts) {
  const auto found = texts.find(score.id);
  const std::string shown = found == texts.end()
                                ? "<td class=\"none\">not recorded</td><td></td>"
                                : fmt::format("<td>{}</td><td>{}</td>", escape(found->second->question),
                                              escape(found->second->answer));
  return fmt::format("<tr><th scope=\"row\">{}</th><td>{} <small>\u00B1\u2009{}{}</small></td>{}</tr>",
                     score.row, number(score.mrd), number(score.standard_error),
                     score.resolved ? "" : ", unresolved", shown);
}

std::string group_of(const std::string& title, std::span<const ScoreRecord> scores, const TextsById& texts) {
  std::string rows =
      fmt::format("<tr class=\"set\"><th colspan=\"4\" scope=\"rowgroup\">{}</th></tr>", title);
  for (const ScoreRecord& score : scores) rows += sample_row(score, texts);
  return rows;
}

std::string section_with(const std::string& lead, const std::string& content) {
  return page_section("extremes", "The easiest and the hardest to remove", lead, content);
}

}  // namespace

std::string extremes_section(const RunSummary& run) {
  if (run.scorings.empty()) return "";
  if (run.scorings.front().saw_nothing())
    return section_with(
        "The scoring told no sample from zero: what it recorded is round-off or noise, and no sample counts "
        "as easier or harder than another.",
        "");
  const auto scores = run.scorings.front().from_easy_to_hard();
  const TextsById texts = recorded_texts(run);
  const std::size_t count = std::min(kMostShown, scores.size() / 2);
  const std::span easiest = std::span(scores).first(count), hardest = std::span(scores).last(count);
  const auto has_text = [&](const ScoreRecord& score) { return texts.contains(score.id); };
  if (std::ranges::none_of(easiest, has_text) && std::ranges::none_of(hardest, has_text)) return "";
  return section_with(
      fmt::format("By memory removal difficulty (MRD) {}: a large one is read as easily forgotten.",
                  run.scorings.front().when()),
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Easiest and hardest "
      "samples\"><table "
      "class=\"texts\"><thead><tr><th>row</th><th>MRD</th><th>question</th><th>answer</th></tr></"
      "thead><tbody>" +
          group_of("Easiest", easiest, texts) + group_of("Hardest", hardest, texts) +
          "</tbody></table></div>");
}

}  // namespace lethe::report
