#include "framework/data/options.h"

#include <fmt/format.h>

#include "framework/data/template/clock.h"

namespace lethe::data {
namespace {

void read_field_names(config::Section& section, SourceOptions& o) {
  section.optional("question_key", o.question_key, "field of the question")
      .optional("answer_key", o.answer_key, "field of the answer")
      .optional("paraphrased_question_key", o.paraphrased_question_key,
                "field of the question in other words")
      .optional("paraphrased_answer_key", o.paraphrased_answer_key, "field of the answer in other words")
      .optional("perturbed_answer_key", o.perturbed_answer_key, "field of the wrong answers (a list)")
      .optional("alternate_key", o.alternate_key, "field of another answer, or of a list of them (DPO, IDK)")
      .optional("records", o.records, "where the rows lie in a file that is one JSON object, e.g. rows.row");
}

void read_text_source(config::Section& section, SourceOptions& o) {
  section.optional("prefix_key", o.prefix_key, "field of the prefix (completion)")
      .optional("text_key", o.text_key, "field of the text (completion, text)")
      .optional("window", o.window, "tokens of a window (text), or of a continuation at most (completion)",
                config::at_least(2))
      .optional("overlap", o.overlap, "tokens that a window repeats from the one before, as context (text)",
                config::at_least(0))
      .optional("insert_space", o.insert_space, "a space between prefix and continuation (completion)");
  if (o.overlap >= o.window)
    section.refuse("overlap", "config.conflict",
                   fmt::format("{} tokens of overlap leave nothing of a window of {}", o.overlap, o.window));
}

void read_tags(config::Section& section, TextOptions& o) {
  section
      .optional("system_prompt_with_special_tokens", o.system_prompt_with_special_tokens,
                "text before everything, without a chat template")
      .optional("user_start_tag", o.user_start_tag, "text before a question, without a chat template")
      .optional("user_end_tag", o.user_end_tag, "text behind a question, without a chat template")
      .optional("asst_start_tag", o.asst_start_tag, "text before an answer, without a chat template");
}

AlternateOptions read_alternate(config::Section section) {
  AlternateOptions o;
  section
      .optional("path", o.path,
                "plain text, one refusal a line; empty: the rows' alternate_key gives answers")
      .optional("variants", o.variants, "refusals that are drawn from, one for each use of a sample",
                config::at_least(1));
  section.reject_unknown();
  return o;
}

}  // namespace

SourceOptions read_source(config::Section section) {
  SourceOptions o;
  section.required("path", o.path, "JSON Lines file of the samples")
      .choice(
          "format", o.format, {"qa", "completion", "text"},
          "qa: question and answer; completion: a prefix and how it goes on; text: running text, cut into "
          "windows");
  read_text_source(section, o);
  read_field_names(section, o);
  section.reject_unknown();
  return o;
}

TextOptions read_text_options(config::Section section) {
  TextOptions o;
  section.optional("apply_chat_template", o.apply_chat_template, "the model's chat template instead of tags")
      .maybe("system_prompt", o.system_prompt, "what the system turn of the chat template says")
      .maybe("date", o.date, "the day that a chat template sees (2025-04-10)")
      .maybe("date_string", o.date_string, "given to the chat template as date_string");
  read_tags(section, o);
  section.optional("max_length", o.max_length, "tokens that a sample keeps, without a chat template",
                   config::at_least(2));
  section.reject_unknown();
  if (o.date) (void)jinja::clock_at(*o.date);
  return o;
}

Options read(config::Section section) {
  Options o;
  config::Section forget = section.section("forget", "the samples to forget");
  o.select = read_select(forget);
  o.forget = read_source(forget);
  o.retain = read_source(section.section("retain", "the samples to keep"));
  o.alternate = read_alternate(section.section("alternate", "other answers to the same questions"));
  section.choice("exclude", o.exclude, {"none", "forget"},
                 "what is left out of training; forget, with objective finetune, makes the retrained model");
  section.optional(
      "earlier", o.earlier,
      "run directories of earlier requests, whose forget sets are evaluated too, each as forget_ "
      "and its folder's name");
  o.text = read_text_options(section.section("text", "how a sample becomes text"));
  section
      .optional("max_dropped", o.max_dropped, "share of a set that may have no target token",
                config::between(0, 1))
      .optional("allow_overlap", o.allow_overlap, "let a sample or question stand in both sets");
  section.reject_unknown();
  return o;
}

}  // namespace lethe::data
