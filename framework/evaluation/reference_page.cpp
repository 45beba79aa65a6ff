#include "framework/evaluation/reference_page.h"

#include <fmt/format.h>

#include "framework/config/document.h"
#include "framework/evaluation/metric.h"

namespace lethe::evaluation {
namespace {

std::string options_of(const Entry& entry) {
  config::Section root = config::for_reference();
  (void)entry.make(root.section(entry.name, ""));
  std::string out;
  for (const config::ReadKey& key : config::keys_read(root)) {
    if (key.path.size() <= entry.name.size()) continue;  // the section itself
    out += fmt::format("- `{}` ({}, default {}): {}\n", key.path.substr(entry.name.size() + 1), key.type,
                       key.default_value, key.help);
  }
  return out;
}

}  // namespace

std::string metrics_reference() {
  std::string out =
      "# Metrics\n\nGenerated from the registry (`framework/evaluation/metrics/`). In a configuration they "
      "stand in the list `eval.metrics`, each as a name or as a mapping of `name`, `as` (its name in result "
      "files), `summary` (also in the summary file) and the options below. Records, reports and formulas "
      "know a metric by set and name (`forget.truth_ratio`); where several share these, they "
      "stand for the one without `as`, else the first, and the others are recorded under their `as` "
      "(`forget.<as>`). A metric of a set that there is not is refused before "
      "anything is trained or measured. A metric that cannot be computed is null, and the records say "
      "why.\n\n**`eval.compat: openunlearning`** repeats OpenUnlearning where its numbers differ: its "
      "collator masks every token that looks like padding, so with pad = end of sequence (SmolLM2, Llama 3 "
      "chat) nobody attends to the ends of turns, in teacher-forced passes at their positions, in "
      "generation as if they were not there. Evaluations with and without it are not comparable: the "
      "retain log needs the same. Penalties of padding in a left-padded batch are not repeated.\n\n"
      "Generation is greedy, with the `repetition_penalty` of the model's generation_config.json, as "
      "transformers applies it.\n";
  for (const Entry& entry : registry()) {
    config::Section section;
    const auto metric = entry.make(section);
    const About about = metric->about();
    out += fmt::format("\n## `{}`\n\n{}\n\n- Formula: {}\n- Source: {}.\n- Quirks: {}\n- Use: {}\n",
                       entry.name, about.summary, about.formula, about.source, about.quirks, about.use);
    if (const std::string options = options_of(entry); !options.empty()) out += "\nOptions:\n\n" + options;
  }
  return out;
}

}  // namespace lethe::evaluation
