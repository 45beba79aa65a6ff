// The options of `data:`: which files, which fields, and how a sample becomes text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "framework/config/section.h"
#include "framework/data/select.h"

namespace lethe::data {

// One file of samples and the names of its fields.
struct SourceOptions {
  std::string path;
  std::string question_key = "question", answer_key = "answer";
  std::string paraphrased_question_key = "paraphrased_question",
              paraphrased_answer_key = "paraphrased_answer";
  std::string perturbed_answer_key = "perturbed_answer";
  std::string records;  // where the rows lie in a file that is one JSON object: "rows.row"; empty: at the top
};

// How a question and its answer become one text. With a chat template the model's own is used and
// `max_length` is not applied; without one the tags below are put around them and the tokens are cut at
// `max_length`.
struct TextOptions {
  bool apply_chat_template = true;
  std::optional<std::string> system_prompt;
  std::optional<std::string> date;         // "2025-04-10": the day that templates see
  std::optional<std::string> date_string;  // given to the template as it stands
  std::string system_prompt_with_special_tokens;
  std::string user_start_tag = "Question: ", user_end_tag = "\n";
  std::string asst_start_tag = "Answer: ";
  std::int64_t max_length = 512;
};

struct Options {
  SourceOptions forget, retain;
  std::optional<SelectOptions> select;  // a part of the forget set
  TextOptions text;
  double max_dropped = 0.01;   // share of a set that may have no target token
  bool allow_overlap = false;  // a sample or question in both sets
};

[[nodiscard]] SourceOptions read_source(config::Section section);
[[nodiscard]] TextOptions read_text_options(config::Section section);

// Errors: those of config, and config.range for a date that is none.
[[nodiscard]] Options read(config::Section section);

}  // namespace lethe::data
