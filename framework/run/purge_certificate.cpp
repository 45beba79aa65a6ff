#include "framework/run/purge_certificate.h"

#include <optional>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/records/run_directory.h"

namespace lethe::run {
namespace {

using records::Json;

Json row_of(const HeldFile& file) {
  Json row{{"path", file.path},
           {"action", name_of(file.action)},
           {"held", file.reason},
           {"bytes", file.bytes},
           {"forget_samples", file.num_forget_samples},
           {"hash_before", file.hash_before}};
  if (!file.hash_after.empty()) row["hash_after"] = file.hash_after;
  return row;
}

Json rows_of(const std::vector<HeldFile>& files) {
  Json rows = Json::array();
  for (const HeldFile& file : files) rows.push_back(row_of(file));
  return rows;
}

std::vector<std::string> names_of(const std::vector<std::filesystem::path>& paths) {
  return {paths.begin(), paths.end()};
}

// For readers that stand elsewhere.
std::vector<std::string> absolute_names_of(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::string> names;
  for (const auto& path : paths) names.push_back(std::filesystem::absolute(path).lexically_normal().string());
  return names;
}

Json search_of(const Verified& verified) {
  return {{"files", verified.files},
          {"forget_texts", verified.texts},
          {"runs_of_8_token_ids", verified.token_windows},
          {"found", 0}};
}

Json certificate_of(const PurgePlan& plan, const std::string& lethe_version, const std::string& time,
                    const std::optional<Verified>& verified) {
  Json files = Json::array();
  for (const HeldFile& file : plan.files)
    if (file.path != "purge.json" && file.path != "lock") files.push_back(row_of(file));
  Json certificate = {
      {"time", time},
      {"lethe", lethe_version},
      {"complete", verified.has_value()},
      {"search_afterwards", verified ? search_of(*verified) : Json(nullptr)},
      {"hash", "XXH3-128"},
      {"note",
       "Files were unlinked, not overwritten. Copies elsewhere, backups, snapshots and the input "
       "data set are not covered."},
      {"forget_samples", plan.sample_ids},
      {"files", std::move(files)},
      {"shared_caches", rows_of(plan.shared)}};
  if (!plan.purged_caches.empty()) certificate["caches_purged"] = absolute_names_of(plan.purged_caches);
  if (!plan.unpurged_caches.empty()) certificate["caches_left"] = names_of(plan.unpurged_caches);
  if (!plan.runs.empty()) certificate["runs"] = plan.runs;  // of a campaign; each has its own certificate
  return certificate;
}

Json earlier_certificates(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return Json{{"schema", records::kSchema}, {"purges", Json::array()}};
  Json json = Json::parse(base::read_file(file), nullptr, false);
  if (!json.is_object() || !json.contains("purges") || !json["purges"].is_array())
    fail("run.unknown", fmt::format("{} is not a certificate of lethe", file.string()),
         "move it away, then purge again");
  return json;
}

}  // namespace

std::string purge_json(const PurgePlan& plan) {
  const Json json = {{"folder", plan.root.string()},
                     {"runs", plan.runs},
                     {"files", rows_of(plan.files)},
                     {"shared_caches", rows_of(plan.shared)},
                     {"caches_left", names_of(plan.unpurged_caches)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Certificate::Certificate(const std::filesystem::path& root, std::string lethe_version)
    : file_(records::RunPaths{root}.certificate()),
      lethe_version_(std::move(lethe_version)),
      time_(records::utc_now()),
      earlier_(earlier_certificates(file_)) {}

void Certificate::begin(const PurgePlan& plan) const {
  write(certificate_of(plan, lethe_version_, time_, std::nullopt));
}

void Certificate::complete(const PurgePlan& plan, const Verified& verified) const {
  write(certificate_of(plan, lethe_version_, time_, verified));
}

void Certificate::write(records::Json certificate) const {
  Json all = earlier_;
  all["purges"].push_back(std::move(certificate));
  base::write_file_atomically(file_, all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace lethe::run
