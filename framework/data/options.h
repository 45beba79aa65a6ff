// The options of `data:`: which files, which fields, and how a sample becomes text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "framework/config/section.h"
#include "framework/data/select.h"

namespace lethe::data {

// One file of samples and the names of its fields.
struct SourceOptions {
  std::string path;
  std::string format = "qa";  // qa, completion (a prefix and how it goes on), text (cut into windows)
  std::string prefix_key = "prompt", text_key = "text";  // of completion and text
  std::int64_t window = 2048, overlap = 0;  // tokens of a window or a continuation; shared by two windows
  bool insert_space = false;                // between prefix and continuation
  std::string question_key = "question", answer_key = "answer";
  std::string paraphrased_question_key = "paraphrased_question",
              paraphrased_answer_key = "paraphrased_answer";
  std::string perturbed_answer_key = "perturbed_answer";
  std::string alternate_key = "alternate";  // another answer, or a list of them
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

// Other answers to the same questions, for objectives that replace an answer (DPO, IDK).
struct AlternateOptions {
  std::string path;            // plain text, one refusal a line; empty: the rows' own alternate_key
  std::int64_t variants = 10;  // refusals that a sample meets, drawn from the file
};

struct Options {
  std::vector<std::string> earlier;  // run directories whose forget sets are evaluated too
  SourceOptions forget, retain;
  AlternateOptions alternate;
  std::string exclude = "none";         // forget: the forget set is only evaluated (the retrained model)
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
