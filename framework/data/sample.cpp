#include "framework/data/sample.h"

#include "framework/base/hash.h"

namespace lethe::data {

Sample with_answer(const Sample& original, std::string answer) {
  Sample sample;
  sample.row = original.row;
  sample.question = original.question;
  sample.answer = std::move(answer);
  sample.max_continuation = original.max_continuation;
  sample.id = original.id;
  return sample;
}

std::string sample_id(std::string_view question, std::string_view answer) {
  return base::Hasher().add(question).add(answer).hex();
}

}  // namespace lethe::data
