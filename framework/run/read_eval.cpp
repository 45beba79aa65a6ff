#include "framework/run/read_eval.h"

#include <algorithm>
#include <cctype>

#include "framework/base/error.h"

namespace lethe::run {
namespace {

void refuse_set_name(const config::Section& sets, const std::string& name) {
  const bool plain =
      std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
  if (!plain) sets.refuse(name, "config.range", "a set's name is letters, digits, _ and -");
  if (name == kModelSet)
    sets.refuse(name, "config.range", "records call the numbers of the whole model so",
                "give the set another name");
}

void read_eval_sets(config::Section section, EvalOptions& o) {
  config::Section sets = section.section("sets", "more sets to evaluate, by name; each as data.forget");
  for (const std::string& name : sets.keys()) {
    refuse_set_name(sets, name);
    o.sets.emplace_back(name, data::read_source(sets.section(name, "a set to evaluate")));
  }
}

void check_generations(const config::Section& eval, const EvalOptions& o) {
  if (o.generate) return;
  for (const evaluation::SuiteEntry& entry : o.suite)
    if (!entry.metric->needs().generations.empty())
      eval.refuse("generate", "config.conflict",
                  fmt::format("false, and {} of eval.metrics reads generated answers", entry.name),
                  "set eval.generate: true, or take that metric out of eval.metrics");
}

// Before the sets are read, so of every metric that one may have.
evaluation::Suite plain_suite_by_names(const RunConfig& config) {
  std::vector<evaluation::PlainSet> sets;
  for (const std::string& name : evaluated_sets(config)) sets.push_back({name, true});
  return evaluation::plain_suite(sets, config.eval.generate);
}

// `names`: of the metrics that are measured; all where null.
std::set<std::string> generated_for(const RunConfig& config, const std::set<std::string>* names) {
  const evaluation::Suite plain =
      config.eval.suite.empty() ? plain_suite_by_names(config) : evaluation::Suite{};
  const evaluation::Suite& suite = config.eval.suite.empty() ? plain : config.eval.suite;
  std::set<std::string> sets;
  for (const auto* entry :
       names != nullptr ? evaluation::entries_for(suite, *names) : evaluation::entries_of(suite))
    sets.merge(entry->metric->needs().generations);
  return sets;
}

}  // namespace

EvalOptions read_eval(config::Section section) {
  EvalOptions o;
  section.optional("before", o.before, "evaluate before the first update")
      .optional("after", o.after, "evaluate after the last update")
      .optional("every", o.every, "updates between evaluations; 0 is never", config::at_least(0))
      .optional("generate", o.generate,
                "generate answers and compare them (ROUGE); false refuses metrics that read them")
      .optional("max_new_tokens", o.max_new_tokens, "tokens of a generated answer at most",
                config::between(1, 1e6))
      .optional("batch", o.batch, "sequences that a rank generates at once", config::at_least(1))
      .optional("max_samples", o.max_samples, "samples of each set to look at, the first ones; 0 is all",
                config::at_least(0))
      .optional("max_generations", o.max_generations, "samples of each set to generate for; 0 is all",
                config::at_least(0));
  if (section.has("general"))
    o.general = data::read_source(section.section("general", "questions of general knowledge"));
  else
    (void)section.section("general", "questions of general knowledge");
  read_eval_sets(section, o);
  o.suite = evaluation::read_suite(section);
  check_generations(section, o);
  section
      .optional(
          "retain_log", o.retain_log,
          "the retrained model, for forget_quality and privleak: its run directory, or its TOFU_EVAL.json")
      .optional("reference", o.reference, "model that mia_reference compares with: directory or hub name")
      .choice("compat", o.compat, {"none", "openunlearning"},
              "whose numbers to give where they differ: openunlearning hides every token that looks like "
              "padding from attention (with pad = end of sequence, every end of a turn); compare only "
              "evaluations of one compat")
      .choice("result_name", o.result_name, {"TOFU", "MUSE"},
              "result files are called <this>_EVAL.json and <this>_SUMMARY.json")
      .optional("stop_words", o.stop_words, "texts before which a generation is cut");
  if (std::ranges::count(o.stop_words, "") > 0)
    section.refuse("stop_words", "config.range",
                   "an empty text stands before every answer, which cuts all of it");
  section.reject_unknown();
  return o;
}

void use_formula(const config::Section& section, const char* key, const std::function<void()>& use) {
  try {
    use();
  } catch (const Error& e) {
    section.refuse(key, e.key(), e.message(), e.hint());
  }
}

std::vector<std::string> measured_names(const RunConfig& config) {
  if (!config.eval.suite.empty()) return evaluation::names_of(config.eval.suite);
  return evaluation::names_of(plain_suite_by_names(config));
}

std::set<std::string> generated_sets(const RunConfig& config, const std::string& command) {
  const EvalOptions& eval = config.eval;
  const bool trains = command == "train";
  if (command == "eval" || (trains && (eval.before || eval.after || eval.every > 0)))
    return generated_for(config, nullptr);
  return trains && config.stop.when ? generated_for(config, &config.stop.when->names())
                                    : std::set<std::string>{};
}

void check_suite_sets(const config::Section& eval, const RunConfig& config) {
  const auto entries = evaluation::entries_of(config.eval.suite);
  if (const auto absent = evaluation::absent_set(entries, evaluated_sets(config)))
    eval.refuse("metrics", "config.conflict", absent->what, absent->hint);
}

}  // namespace lethe::run
