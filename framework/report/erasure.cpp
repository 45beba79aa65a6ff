#include "framework/report/erasure.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/log.h"
#include "framework/records/run_directory.h"
#include "framework/report/comparison.h"
#include "framework/report/html.h"
#include "framework/report/page_parts.h"
#include "framework/report/page_style.h"
#include "framework/report/purge_section.h"
#include "framework/report/settings.h"
#include "framework/report/tables.h"

namespace lethe::report {
namespace {

using records::DataRecord;

// Of the forget set: id -> row, from whatever records name its samples.
std::map<std::string, std::int64_t> forget_samples(const RunSummary& run) {
  std::map<std::string, std::int64_t> samples;
  for (const auto& sampler : run.samplers)
    for (const auto& weight : sampler.weights) samples[weight.id] = weight.row;
  for (const auto& evaluation : run.evaluations)
    if (records::is_to_be_forgotten(evaluation.set))
      for (const auto& sample : evaluation.samples) samples[sample.id] = sample.row;
  for (const Scoring& scoring : run.scorings)
    for (const auto& score : scoring.scores) samples[score.id] = score.row;
  return samples;
}

std::string fact_row(const std::string& label, const std::string& html) {
  return html.empty() ? ""
                      : fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(label), html);
}

std::string table(const std::string& rows) {
  return "<table class=\"facts\"><tbody>" + rows + "</tbody></table>";
}

std::string full_hash(const std::string& hash) {
  return hash.empty() ? "" : fmt::format("<code>{}</code>", escape(hash));
}

std::map<std::string, const records::GenerationRecord*> texts_by_id(const RunSummary& run) {
  std::map<std::string, const records::GenerationRecord*> texts;
  for (const auto& generation : run.generations)
    if (records::is_to_be_forgotten(generation.set) && !generation.purged) texts[generation.id] = &generation;
  return texts;
}

std::string sample_list(const RunSummary& run, bool with_texts) {
  const auto texts = texts_by_id(run);
  std::string rows;
  for (const auto& [id, row] : forget_samples(run)) {
    std::string text;
    if (const auto found = texts.find(id); with_texts && found != texts.end())
      text = fmt::format("<td>{}</td><td>{}</td>", escape(found->second->question),
                         escape(found->second->answer));
    else if (with_texts)
      text = "<td class=\"none\">not recorded</td><td></td>";
    rows += fmt::format("<tr><td>{}</td><td><code>{}</code></td>{}</tr>", row, escape(id), text);
  }
  const std::string columns = with_texts ? "<th>question</th><th>answer</th>" : "";
  return fmt::format(
      "<details><summary>Every sample, by row and hashed id</summary><div class=\"scroll tall\" "
      "tabindex=\"0\" "
      "role=\"region\" aria-label=\"Samples\"><table "
      "class=\"numbers\"><thead><tr><th>row</th><th>id</th>{}</tr></thead>"
      "<tbody>{}</tbody></table></div></details>",
      columns, rows);
}

// What leaves the texts out although they were asked for; empty where nothing does.
std::string redacted_by(const RunSummary& run, const ErasureOptions& options) {
  if (!options.with_texts) return "";
  if (run.run && redacts_forget(run.run->config_yaml))
    return "the configuration of the run leaves them out (report.redact: forget)";
  return options.redact_forget ? "--redact leaves them out" : "";
}

std::string how_samples_are_named(const RunSummary& run, const ErasureOptions& options) {
  if (const std::string by = redacted_by(run, options); !by.empty())
    return fmt::format("Texts were asked for; {}. Samples are named by the hash of their text.", by);
  if (options.with_texts) return "";
  return "Samples are named by the hash of their text, so that this page repeats nothing that was to be "
         "forgotten.";
}

std::string asked(const RunSummary& run, const ErasureOptions& options) {
  const DataRecord* data = run.data_of("forget");
  std::string rows = fact_row("Samples", grouped(static_cast<long long>(forget_samples(run).size())));
  if (data != nullptr) {
    rows += fact_row("Samples of the forget set", grouped(data->num_samples));
    rows += fact_row("Forget set selected", escape(data->selection));
    rows += fact_row("Hash of the selection", full_hash(data->selection_hash));
    rows += fact_row("Answer tokens", grouped(data->num_target_tokens));
    rows += fact_row("Hash of the data set", full_hash(data->hash));
    if (data->num_dropped > 0)
      rows += fact_row("Left out (no token to train on)", grouped(data->num_dropped));
  }
  return page_section(
      "asked", "What was asked to be forgotten", how_samples_are_named(run, options),
      table(rows) + sample_list(run, options.with_texts && redacted_by(run, options).empty()));
}

// "beta 0.1, retain_weight 1": the method's own settings.
std::string objective_settings(const records::RunRecord& run) {
  constexpr std::string_view kSection = "objective.";
  std::string text;
  for (const auto& [path, value] : readable_settings_of(run.config_yaml)) {
    if (!path.starts_with(kSection) || path == "objective.name") continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", path.substr(kSection.size()), value);
  }
  return text;
}

// What the run's objective says of itself; runs of earlier versions keep its name alone.
std::string what_the_method_does(const records::RunRecord& run) {
  const auto says = [&](const char* what) {
    const auto found = run.method.find(what);
    return found == run.method.end() ? "" : escape(found->second);
  };
  const std::string formula = says("formula");
  return fact_row("What it is for", says("when")) +
         fact_row("What it minimises", formula.empty() ? "" : "<code>" + formula + "</code>") +
         fact_row("Published in", says("source")) + fact_row("To be known of it", says("quirks")) +
         fact_row("Settings", escape(objective_settings(run)));
}

std::string method(const RunSummary& run) {
  std::string rows = fact_row("Method", escape(run.run->objective)) + what_the_method_does(*run.run) +
                     fact_row("Sampler", escape(run.run->sampler));
  rows += fact_row("Updates", run.summary ? grouped(run.summary->steps) : "");
  if (run.summary) rows += fact_row("Ended because", escape(run.summary->stopped_because));
  for (const auto& model : run.models)
    rows += fact_row(fmt::format("Model ({})", model.role),
                     fmt::format("{}, {} parameters", escape(model.family), grouped(model.num_parameters)));
  rows += fact_row("Started", escape(run.run->started));
  if (run.summary) rows += fact_row("Ended", escape(run.summary->ended));
  return page_section("method", "How", "", table(rows));
}

std::string hashes(const RunSummary& run) {
  std::string rows;
  for (const auto& model : run.models)
    rows += fact_row(model.role == "policy" ? "Model before" : fmt::format("Model ({})", model.role),
                     full_hash(model.hash));
  for (const auto& [name, hash] : run.run->hashes)
    if (name != "model") rows += fact_row("Hash of " + name, full_hash(hash));
  for (const auto& [name, version] : run.run->versions)
    rows += fact_row("Version of " + name, escape(version));
  rows += fact_row("Commit", full_hash(run.run->git_commit));
  rows += fact_row("World", fmt::format("{} rank{}, {}", run.run->world_size,
                                        run.run->world_size == 1 ? "" : "s", escape(run.run->device)));
  return page_section("hashes", "To check it by", "Hashes are XXH3-128 of the contents.", table(rows));
}

// Files of the exported model with their hashes, so that what is deployed can be compared.
std::string exported_files(const std::map<std::string, std::string>& model_files) {
  std::string rows;
  for (const auto& [name, hash] : model_files) rows += fact_row(name, full_hash(hash));
  if (rows.empty())
    return page_section(
        "model", "The model after", "",
        "<p>The run wrote no model (<code>export: false</code>), or it was moved: nothing here says what is "
        "deployed.</p>");
  return page_section("model", "The model after", "Files of the exported model.", table(rows));
}

std::string not_measured(const RunSummary& run) {
  const std::vector<std::string> notes = missing_from(run);
  std::string items;
  for (const std::string& note : notes) items += fmt::format("<li>{}</li>", escape(note));
  return page_section("not-measured", "What was not measured", "",
                      "<ul class=\"missing\">" + items + "</ul>");
}

std::string measured(const RunSummary& run) {
  const std::string changes = change_table({run});
  return page_section(
      "measured", "How well it worked",
      "Means over samples \u00B1 one standard error; the error of a change is that of paired differences.",
      changes.empty()
          ? "<p>This run evaluated nothing.</p>"
          : "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Before and after\">" +
                changes + "</div>");
}

std::map<std::string, std::string> model_files(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  const records::RunPaths paths{folder};
  if (!std::filesystem::exists(paths.model())) return files;
  for (const auto& entry : std::filesystem::directory_iterator(paths.model()))
    if (entry.path().extension() == ".safetensors")
      files[entry.path().filename().string()] = base::hash_file(entry.path());
  return files;
}

// Records of earlier versions do not say it.
std::string purpose_of(const records::RunRecord& run) {
  if (!run.purpose.empty()) return run.purpose;
  if (setting_of(run.config_yaml, "data.exclude") == "forget") return "retraining";
  return run.objective == "finetune" ? "finetuning" : "unlearning";
}

// What the run is, where nothing was erased by it; empty for an unlearning.
std::string what_else(const RunSummary& run) {
  if (!run.run) return "holds no run record: what made it is not known";
  if (run.run->command != "train")
    return fmt::format("is a run of `lethe {}`, which changes no model", run.run->command);
  const std::string purpose = purpose_of(*run.run);
  if (purpose == "retraining")
    return "is a retrained model (data.exclude: forget): it never saw the forget set, so nothing was erased";
  if (purpose != "unlearning")
    return fmt::format("is a {} (objective {}): it taught what it was given and unlearned nothing", purpose,
                       run.run->objective);
  return forget_samples(run).empty() ? "names no sample of a forget set" : "";
}

// The cache that the configuration names, where it exists: seen from here, as the run saw it.
std::string cache_of(const RunSummary& run) {
  const std::string cache = run.run ? setting_of(run.run->config_yaml, "cache") : "";
  std::error_code unreadable;
  return std::filesystem::exists(cache, unreadable) ? cache : "";
}

}  // namespace

std::string render_erasure(const RunSummary& run, const std::string& certificate,
                           const ErasureOptions& options) {
  const std::string title = "Erasure record: " + run.name;
  const std::vector<PageSection> sections{{"asked", "Asked", asked(run, options)},
                                          {"method", "How", method(run)},
                                          {"measured", "Result", measured(run)},
                                          {"not-measured", "Not measured", not_measured(run)},
                                          {"purge", "Removed", purge_section(certificate, cache_of(run))},
                                          {"model", "Model after", exported_files(model_files(run.folder))},
                                          {"hashes", "Hashes", hashes(run)}};
  return whole_page({.title = title,
                     .over = "For the file",
                     .head = fmt::format(
                         "<p class=\"summary\">Made on {} from the records of the run {}.</p>",
                         escape(options.time.empty() ? records::utc_now() : options.time), escape(run.name)),
                     .style = std::string(page_style())},
                    sections);
}

std::filesystem::path write_erasure(const std::filesystem::path& folder, const std::filesystem::path& out,
                                    const ErasureOptions& options) {
  const RunSummary run = load_run(folder);
  if (const std::string other = what_else(run); !other.empty())
    fail("run.erasure", fmt::format("{} {}", folder.string(), other),
         "name the run directory of a `lethe train` whose objective unlearns");
  if (const std::string by = redacted_by(run, options); !by.empty())
    base::warn_here("report.redact",
                    fmt::format("{}: texts were asked for; {}, so none is quoted", folder.string(), by));
  const records::RunPaths paths{folder};
  const std::string certificate =
      std::filesystem::exists(paths.certificate()) ? base::read_file(paths.certificate()) : "";
  base::make_folders(out);
  const auto file = out / "erasure.html";
  base::write_file_atomically(file, render_erasure(run, certificate, options));
  return file;
}

std::string erasure_json(const std::filesystem::path& file) {
  const records::Json json = {{"erasure", file.string()}};
  return json.dump(-1, ' ', false, records::Json::error_handler_t::replace) + "\n";
}

}  // namespace lethe::report
