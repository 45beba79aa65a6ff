#include "framework/report/purge_section.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "framework/report/html.h"
#include "framework/report/page_parts.h"

namespace lethe::report {
namespace {

using nlohmann::json;

// What the purge looked for in the files that stay; an interrupted one did not look.
std::string search_of(const json& purge) {
  const auto search = purge.find("search_afterwards");
  if (search == purge.end() || !search->is_object()) return "";
  const auto count = [&](const char* key) { return search->value(key, 0LL); };
  const long long texts = count("forget_texts"), tokens = count("runs_of_8_token_ids");
  std::string sought;
  if (texts > 0) sought = fmt::format("{} texts of the forget set", grouped(texts));
  if (tokens > 0)
    sought +=
        fmt::format("{}{} runs of eight of its token ids", texts > 0 ? " and for " : "", grouped(tokens));
  std::string said;
  if (!sought.empty())
    said = fmt::format(" Afterwards the {} files that stay were searched for {}: {} found.",
                       grouped(count("files")), sought, grouped(count("found")));
  if (texts == 0)
    said += " Texts were not searched for: neither the records nor the data set held any that could be told.";
  if (tokens == 0)
    said +=
        " Token ids were not searched for: no token store of the forget set was there any more, in the run "
        "or in "
        "a cache that the purge was given.";
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

std::string one_purge(const json& purge) {
  const std::string state = purge.value("complete", false) ? "complete" : "interrupted: run it again";
  const std::string rows = rows_of(purge, "files", "") +
                           rows_of(purge, "shared_caches", " <small>of a cache that runs shared</small>");
  const std::string said =
      fmt::format("<p>{}</p>", escape(fmt::format("Purge of {}, {}.{} {}", purge.value("time", ""), state,
                                                  search_of(purge), purge.value("note", ""))));
  if (rows.empty()) return said + "<p>It removed nothing.</p>";
  return said +
         "<div class=\"scroll\"><table "
         "class=\"numbers\"><thead><tr><th>file</th><th>action</th><th>held</th></tr>"
         "</thead><tbody>" +
         rows + "</tbody></table></div>";
}

std::string not_purged() {
  return "<p>The run's own files were not purged: they may still quote what was to be forgotten. <code>lethe "
         "purge</code> removes it and certifies what it removed.</p>";
}

}  // namespace

std::string purge_section(const std::string& certificate) {
  std::string content;
  const json file = json::parse(certificate, nullptr, /*allow_exceptions=*/false);
  const bool is_certificate = file.is_object() && file.value("purges", json()).is_array();
  if (is_certificate)
    for (auto purge = file["purges"].rbegin(); purge != file["purges"].rend(); ++purge)
      content += one_purge(*purge);
  else if (!certificate.empty())
    content = "<p>The run's purge.json is no certificate that this version can read.</p>";
  if (content.empty()) content = not_purged();
  return page_section("purge", "What was removed", "", content);
}

}  // namespace lethe::report
