#include "framework/data/forget_retain.h"

#include <unordered_map>

#include "framework/base/error.h"
#include "framework/base/log.h"

namespace lethe::data {
namespace {

struct Overlap {
  std::int64_t count = 0;
  std::int64_t forget_row = 0, retain_row = 0;  // the first pair, from 1
};

// An equal id means an equal question, so questions decide; texts have none and decide themselves.
const std::string& decides(const Sample& sample) {
  return sample.question.empty() ? sample.answer : sample.question;
}

Overlap overlap_of(const std::vector<Sample>& forget, const std::vector<Sample>& retain) {
  std::unordered_map<std::string_view, std::int64_t> questions;
  for (const Sample& sample : forget)
    if (!decides(sample).empty()) questions.try_emplace(decides(sample), sample.row);
  Overlap overlap;
  for (const Sample& sample : retain) {
    const auto found = questions.find(decides(sample));
    if (found == questions.end() || overlap.count++ > 0) continue;
    overlap.forget_row = found->second + 1;
    overlap.retain_row = sample.row + 1;
  }
  return overlap;
}

}  // namespace

void check_overlap(const Options& options, const std::vector<Sample>& forget,
                   const std::vector<Sample>& retain) {
  const Overlap overlap = overlap_of(forget, retain);
  if (overlap.count == 0) return;
  const char* what = options.retain.format == "qa" ? "questions" : "texts";
  const auto message =
      fmt::format("{} {} of {} are also in {} (first: row {}, as row {} of the forget set)", overlap.count,
                  what, options.retain.path, options.forget.path, overlap.retain_row, overlap.forget_row);
  if (!options.allow_overlap)
    fail("data.overlap", message, "what is to be kept cannot be forgotten; or set data.allow_overlap: true");
  base::warn_once("data.overlap", message);
}

ForgetRetain read_forget_retain(const Options& options) {
  ForgetRetain sets{read_samples(options.forget, "forget"), read_samples(options.retain, "retain")};
  if (!options.select) check_overlap(options, sets.forget.samples, sets.retain.samples);
  return sets;
}

}  // namespace lethe::data
