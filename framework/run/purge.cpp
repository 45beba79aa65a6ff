#include "framework/run/purge.h"

#include <optional>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/data/mapped_file.h"
#include "framework/records/run_directory.h"
#include "framework/run/purge_caches.h"
#include "framework/run/trace_search.h"

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

struct Verified {
  std::size_t texts = 0, token_windows = 0, files = 0;  // looked for; searched
};

Json certificate_of(const PurgePlan& plan, const std::string& lethe_version, const std::string& time,
                    const std::optional<Verified>& verified) {
  Json files = Json::array(), shared = Json::array();
  for (const HeldFile& file : plan.files)
    if (file.path != "purge.json" && file.path != "lock") files.push_back(row_of(file));
  for (const HeldFile& file : plan.shared) shared.push_back(row_of(file));
  Json search = nullptr;
  if (verified)
    search = {{"files", verified->files},
              {"forget_texts", verified->texts},
              {"runs_of_8_token_ids", verified->token_windows},
              {"found", 0}};
  return {{"time", time},
          {"lethe", lethe_version},
          {"complete", verified.has_value()},
          {"search_afterwards", std::move(search)},
          {"hash", "XXH3-128"},
          {"note",
           "Files were unlinked, not overwritten. Copies elsewhere, backups, snapshots and the input data "
           "set are not covered."},
          {"forget_samples", plan.sample_ids},
          {"files", std::move(files)},
          {"shared_caches", std::move(shared)}};
}

// purge.json keeps every purge of this run: {"schema": 1, "purges": [...]}.
Json earlier_certificates(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return Json{{"schema", records::kSchema}, {"purges", Json::array()}};
  Json json = Json::parse(base::read_file(file), nullptr, false);
  if (!json.is_object() || !json.contains("purges") || !json["purges"].is_array())
    fail("run.unknown", fmt::format("{} is not a certificate of lethe", file.string()),
         "move it away, then purge again");
  return json;
}

void write_certificate(const records::RunPaths& paths, Json earlier, Json certificate) {
  earlier["purges"].push_back(std::move(certificate));
  base::write_file_atomically(paths.certificate(),
                              earlier.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::string records_text(const std::vector<records::Entry>& entries) {
  std::string text;
  for (const records::Entry& entry : entries) text += records::to_line(entry) + '\n';
  return text;
}

void remove_empty_folders(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder)) return;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_directory()) remove_empty_folders(entry.path());
  if (std::filesystem::is_empty(folder)) std::filesystem::remove(folder);
}

void remove_file(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) base::fail_write(path, error.value());
}

void carry_out(PurgePlan& plan) {
  for (HeldFile& file : plan.files) {
    const auto path = plan.root / file.path;
    if (file.action == PurgeAction::rewrite) base::write_file_atomically(path, records_text(plan.records));
    if (file.action == PurgeAction::remove)
      remove_file(path);
    else
      file.hash_after = base::hash_file(path);
  }
  for (const HeldFile& file : plan.shared) remove_file(file.path);
  const records::RunPaths paths{plan.root};
  for (const auto& folder : {paths.checkpoints(), paths.cache()}) remove_empty_folders(folder);
  base::fsync_path(plan.root);
}

// What must be nowhere afterwards; taken before the stores that know it are removed.
TraceSearch traces_of(const PurgePlan& plan, const PurgeOptions& options) {
  TraceSearch traces;
  for (const std::string& text : plan.telltales) traces.add_text(text);
  gather_tokens(records::RunPaths{plan.root}.cache(), plan.sample_ids, traces);
  for (const auto& cache : options.shared_caches) gather_tokens(cache, plan.sample_ids, traces);
  return traces;
}

Verified verify(const PurgePlan& plan, const TraceSearch& traces) {
  Verified verified{.texts = plan.telltales.size(), .token_windows = traces.num_windows()};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(plan.root)) {
    if (!entry.is_regular_file() || entry.file_size() == 0) continue;
    const auto file = data::MappedFile::open(entry.path());
    if (!file) continue;
    const auto bytes = file->bytes();
    const std::string found = traces.found_in({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (!found.empty())
      fail("run.traces", fmt::format("{} still holds {} of a forget sample", entry.path().string(), found),
           "the certificate is left incomplete; remove the file and purge again");
    ++verified.files;
  }
  return verified;
}

}  // namespace

PurgePlan purge_run(const std::filesystem::path& root, const PurgeOptions& options) {
  const records::RunPaths paths{root};
  PurgePlan plan =
      plan_purge(root, options);  // before the lock file would be one more file in a folder that is no run
  const records::RunLock lock(paths.lock());
  plan = plan_purge(root, options);
  const std::string time = records::utc_now();
  const Json earlier = earlier_certificates(paths.certificate());
  const TraceSearch traces = traces_of(plan, options);
  write_certificate(paths, earlier, certificate_of(plan, options.lethe_version, time, std::nullopt));
  carry_out(plan);
  const Verified verified = verify(plan, traces);
  write_certificate(paths, earlier, certificate_of(plan, options.lethe_version, time, verified));
  return plan;
}

}  // namespace lethe::run
