// One record of a forget, retain or evaluation set, in the fields that TOFU uses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::data {

struct Sample {
  std::int64_t row = 0;  // place in its file, from 0
  std::string question, answer;
  std::string paraphrased_question, paraphrased_answer;  // empty where the file has none
  std::vector<std::string> perturbed_answers;
  std::vector<std::string> alternate_answers;  // to be given instead (DPO, IDK)
  // Tokens that are there already (windows of running text); empty: question and answer are tokenised.
  std::vector<std::int32_t> ids;
  std::int64_t prompt_tokens = 0;
  std::int64_t max_continuation = 0;  // above 0: a completion, with so many tokens behind its prefix at most
  std::string id;                     // sample_id(question, answer)
};

[[nodiscard]] inline bool is_completion(const Sample& sample) { return sample.max_continuation > 0; }

// The same sample with another answer, for SampleTokenizer: not for windows, which are their tokens.
[[nodiscard]] Sample with_answer(const Sample& original, std::string answer);

// Names a sample by its content: 32 hexadecimal digits, the same in every file and on every rank.
[[nodiscard]] std::string sample_id(std::string_view question, std::string_view answer);

}  // namespace lethe::data
