#include "framework/report/purge_section.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "framework/base/text.h"
#include "framework/report/html.h"
#include "framework/report/page_parts.h"

namespace lethe::report {
namespace {

using nlohmann::json;

// What the purge looked for in the files that stay; an interrupted one did not look.
std::vector<std::string> search_of(const json& purge) {
  const auto search = purge.find("search_afterwards");
  if (search == purge.end() || !search->is_object()) return {};
  const auto count = [&](const char* key) { return search->value(key, 0LL); };
  const long long texts = count("forget_texts"), tokens = count("runs_of_8_token_ids");
  std::vector<std::string> sought, said;
  if (texts > 0) sought.push_back(fmt::format("{} texts of the forget set", grouped(texts)));
  if (tokens > 0) sought.push_back(fmt::format("{} runs of eight of its token ids", grouped(tokens)));
  if (!sought.empty())
    said.push_back(fmt::format("Afterwards the {} files that stay were searched for {}: {} found.",
                               grouped(count("files")), base::join(sought, " and for "),
                               grouped(count("found"))));
  if (texts == 0)
    said.emplace_back(
        "Texts were not searched for: neither the records nor the data set held any that could be told.");
  if (tokens == 0)
    said.emplace_back(
        "Token ids were not searched for: no token store of the forget set was there any more, in the run or "
        "in a cache that the purge was given.");
  return said;
}

std::string rows_of(const json& purge, const char* list, const std::string& where) {
  std::string rows;
  for (const auto& file : purge.value(list, json::array()))
    if (file.value("action", "") != "keep")
      rows += fmt::format("<tr><td>{}{}</td><td>{}</td><td>{}</td></tr>", escape(file.value("path", "")),
                          where, escape(file.value("action", "")), escape(file.value("held", "")));
  return rows;
}

std::string one_purge(const json& purge, bool is_newest) {
  const std::string state =
      purge.value("complete", false) ? "complete" : (is_newest ? "interrupted: run it again" : "interrupted");
  const std::string rows = rows_of(purge, "files", "") +
                           rows_of(purge, "shared_caches", " <small>of a cache that runs shared</small>");
  std::vector<std::string> words = search_of(purge);
  if (const std::string note = purge.value("note", ""); !note.empty()) words.push_back(note);
  std::string said = fmt::format("<h3>Purge of {}, {}</h3>", escape(purge.value("time", "")), state);
  if (!words.empty()) said += fmt::format("<p>{}</p>", escape(base::join(words, " ")));
  if (rows.empty()) return said + "<p>It removed nothing.</p>";
  return said +
         "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Removed files\"><table "
         "class=\"numbers removed\"><thead><tr><th>file</th><th>action</th><th>held</th></tr>"
         "</thead><tbody>" +
         rows + "</tbody></table></div>";
}

std::string not_purged() {
  return "<p>The run's own files were not purged: they may still quote what was to be forgotten. <code>lethe "
         "purge</code> removes it and certifies what it removed.</p>";
}

// Nothing was left to remove where an earlier run of the same command had taken everything.
bool was_given(const json& purge, const std::string& cache) {
  std::error_code unreadable;
  const json given = purge.value("caches_purged", json::array());
  return purge.value("complete", false) && std::ranges::any_of(given, [&](const json& path) {
           return path.is_string() && std::filesystem::equivalent(path.get<std::string>(), cache, unreadable);
         });
}

// A cache beside the run holds its token stores; a purge knows it only where it was named.
std::string unpurged_cache(const json& certificate, const std::string& cache) {
  if (cache.empty()) return "";
  const json purges = certificate.is_object() ? certificate.value("purges", json::array()) : json::array();
  for (const json& purge : purges)
    if (!purge.value("shared_caches", json::array()).empty() || was_given(purge, cache)) return "";
  return fmt::format(
      "<p><strong>The cache of the run, <code>{0}</code>, is still there, and no purge of this run removed "
      "anything from it.</strong> It may hold the tokens of the forget set: <code>lethe purge RUN --cache "
      "{0}</code>.</p>",
      escape(cache));
}

}  // namespace

std::string purge_section(const std::string& certificate, const std::string& cache) {
  std::string content;
  const json file = json::parse(certificate, nullptr, /*allow_exceptions=*/false);
  const bool is_certificate = file.is_object() && file.value("purges", json()).is_array();
  if (is_certificate)
    for (auto purge = file["purges"].rbegin(); purge != file["purges"].rend(); ++purge)
      content += one_purge(*purge, purge == file["purges"].rbegin());
  else if (!certificate.empty())
    content = "<p>The run's purge.json is no certificate that this version can read.</p>";
  if (content.empty()) content = not_purged();
  content = unpurged_cache(file, cache) + content;
  return page_section("purge", "What was removed", "", content);
}

}  // namespace lethe::report
