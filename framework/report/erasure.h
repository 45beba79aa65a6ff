// The erasure record: the page that goes into a file. What was asked to be forgotten (hashed ids and counts;
// texts only where asked for), by which method and on which model, how well it worked, what was not measured,
// and the hashes and versions to check it all by.
#pragma once

#include <filesystem>
#include <string>

#include "framework/report/report.h"
#include "framework/report/run_summary.h"

namespace lethe::report {

struct ErasureOptions {
  bool with_texts = false;     // never those of a run whose configuration says report.redact: forget
  bool redact_forget = false;  // no text, whatever the run's configuration says: as --redact asks
  std::string time;            // when the record is made; now, UTC, where empty
};

// `certificate`: the text of the run's purge.json; empty where it was not purged.
[[nodiscard]] std::string render_erasure(const RunSummary& run, const std::string& certificate,
                                         const ErasureOptions& options);

// Reads a run that unlearned, then makes `out` and writes erasure.html into it. Errors: run.missing,
// run.erasure (the run is no unlearning: it finetuned, retrained without the forget set, scored, …), those of
// the records reader, out.*, io.*.
std::filesystem::path write_erasure(const std::filesystem::path& folder, const std::filesystem::path& out,
                                    const ErasureOptions& options);

// What was written as one JSON object, for `--json`.
[[nodiscard]] std::string erasure_json(const std::filesystem::path& file);

}  // namespace lethe::report
