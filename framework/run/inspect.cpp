#include "framework/run/inspect.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/models/decoder_model.h"
#include "framework/models/loader.h"
#include "framework/records/reader.h"
#include "framework/records/run_directory.h"

namespace lethe::run {
namespace {

namespace fs = std::filesystem;
using Facts = std::vector<std::pair<std::string, std::string>>;
using records::Json;

std::string readable_count(std::uint64_t count) {
  if (count >= 1'000'000'000) return fmt::format("{:.2f} B", static_cast<double>(count) / 1e9);
  if (count >= 1'000'000) return fmt::format("{:.1f} M", static_cast<double>(count) / 1e6);
  return fmt::format("{}", count);
}

std::uint64_t bytes_below(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

// "BF16 (270 tensors), F32 (2)"
std::string dtypes_of(const models::ModelFiles& files) {
  std::map<std::string, int> counts;
  for (const models::FileDType dtype : files.dtypes()) ++counts[std::string(models::name_of(dtype))];
  std::vector<std::string> parts;
  for (const auto& [name, count] : counts) parts.push_back(fmt::format("{} ({} tensors)", name, count));
  return base::join(parts, ", ");
}

std::size_t files_ending(const fs::path& folder, std::string_view extension) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder)) count += entry.path().extension() == extension;
  return count;
}

Inspection inspect_model(const fs::path& folder) {
  const models::HfConfig config = models::read_hf_config(folder);
  const models::DecoderModel model = models::make_decoder_model(config);
  const models::ModelFiles files(folder, model.index);
  const bool tokenizer = fs::exists(folder / "tokenizer.json");
  return {.kind = "model",
          .facts = {
              {"architecture", config.architecture},
              {"parameters", fmt::format("{} ({})", readable_count(model.index.size()), model.index.size())},
              {"layers", fmt::format("{}, {} wide, MLP {}", config.num_layers, config.hidden_size,
                                     config.intermediate_size)},
              {"heads", fmt::format("{} ({} for keys and values), {} wide", config.num_heads,
                                    config.num_kv_heads, config.head_dim)},
              {"vocabulary", fmt::format("{}{}", config.vocab_size,
                                         config.tie_word_embeddings ? ", head tied to the embedding" : "")},
              {"longest document", fmt::format("{} tokens", config.max_positions)},
              {"dtype", dtypes_of(files)},
              {"shards", fmt::format("{}", files_ending(folder, ".safetensors"))},
              {"size", base::readable_bytes(bytes_below(folder))},
              {"tokenizer", tokenizer ? "tokenizer.json" : "none"},
              {"hash", models::model_hash(config, files.hash())}}};
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::string shown(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() || found->is_null() ? "not said" : text_of(*found);
}

Json json_file(const fs::path& file) {
  Json json = Json::parse(base::read_file(file), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) fail("records.json", fmt::format("{} is not a JSON object", file.string()));
  return json;
}

void add_identity(Facts& facts, const std::string& identity) {
  const Json parts = Json::parse(identity, nullptr, /*allow_exceptions=*/false);
  if (!parts.is_object()) return;
  for (const auto& [name, value] : parts.items()) facts.emplace_back(name, text_of(value));
}

bool is_of_checkpoint(const Json& manifest) {
  if (!manifest.value("identity", Json("")).is_string()) return false;
  const Json shards = manifest.value("shards", Json::array());
  return shards.is_array() && std::ranges::all_of(shards, [](const Json& s) { return s.is_object(); });
}

Inspection inspect_checkpoint(const fs::path& folder) {
  const Json manifest = json_file(folder / "manifest.json");
  if (!is_of_checkpoint(manifest))
    fail("run.missing",
         fmt::format("{} holds no checkpoint: its manifest.json is of something else", folder.string()));
  Inspection found{.kind = "checkpoint",
                   .facts = {{"step", shown(manifest, "step")},
                             {"schema", shown(manifest, "schema")},
                             {"written by", fmt::format("{} ranks (shards)",
                                                        manifest.value("shards", Json::array()).size())},
                             {"size", base::readable_bytes(bytes_below(folder))}}};
  add_identity(found.facts, manifest.value("identity", std::string()));
  for (const Json& shard : manifest.value("shards", Json::array()))
    found.facts.emplace_back(shown(shard, "file"),
                             fmt::format("{} bytes, hash {}", shown(shard, "bytes"), shown(shard, "hash")));
  return found;
}

void add_outcome(Facts& facts, const records::RunPaths& paths) {
  if (!fs::exists(paths.records())) return;
  const auto entries = records::read_records(paths.records()).entries;
  const auto summaries = records::records_of<records::SummaryRecord>(entries);
  facts.emplace_back("updates recorded",
                     fmt::format("{}", records::records_of<records::StepRecord>(entries).size()));
  if (summaries.empty())
    return facts.emplace_back("ended", "no: running, or cut off (--resume goes on)"), void();
  const records::SummaryRecord& last = summaries.back();
  facts.emplace_back("ended", fmt::format("{}: {}", last.ended, last.stopped_because));
  for (const auto& [name, value] : last.metrics) facts.emplace_back(name, fmt::format("{:.4g}", value));
}

std::string checkpoints_in(const fs::path& folder) {
  std::vector<std::string> names;
  if (fs::is_directory(folder))
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.is_directory()) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names.empty() ? "none" : base::join(names, ", ");
}

Inspection inspect_run(const fs::path& folder) {
  const records::RunPaths paths{folder};
  const Json run = json_file(paths.run());
  Inspection found{.kind = "run", .facts = {}};
  for (const char* key : {"name", "command", "objective", "sampler", "started", "device", "compute_dtype",
                          "seed", "git_commit"})
    found.facts.emplace_back(key, shown(run, key));
  found.facts.emplace_back("world", shown(run, "world_size"));
  const Json hashes = run.value("hashes", Json::object());
  for (const auto& [name, hash] : hashes.items()) found.facts.emplace_back("hash of " + name, text_of(hash));
  add_outcome(found.facts, paths);
  found.facts.emplace_back("checkpoints", checkpoints_in(paths.checkpoints()));
  found.facts.emplace_back("model", fs::exists(paths.model()) ? paths.model().string() : "none");
  if (fs::exists(paths.certificate())) found.facts.emplace_back("purged", paths.certificate().string());
  found.facts.emplace_back("size", base::readable_bytes(bytes_below(folder)));
  return found;
}

}  // namespace

Inspection inspect(const fs::path& folder) {
  if (fs::exists(records::RunPaths{folder}.run())) return inspect_run(folder);
  if (fs::exists(folder / "manifest.json")) return inspect_checkpoint(folder);
  if (fs::exists(folder / "config.json")) return inspect_model(folder);
  const char* what = fs::is_directory(folder) ? "holds no model, checkpoint or run" : "is not a directory";
  fail("run.missing", fmt::format("{} {}", folder.string(), what),
       "a model has a config.json, a checkpoint a manifest.json, a run a run.json");
}

std::string inspection_text(const fs::path& folder, const Inspection& found) {
  std::string text = fmt::format("{}: a {}\n", folder.string(), found.kind);
  for (const auto& [name, value] : found.facts) text += fmt::format("  {:18} {}\n", name, value);
  return text;
}

std::string inspection_json(const fs::path& folder, const Inspection& found) {
  nlohmann::ordered_json json = {{"folder", folder.string()}, {"kind", found.kind}};
  for (const auto& [name, value] : found.facts) json["facts"][name] = value;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace lethe::run
