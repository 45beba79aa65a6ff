#include "framework/data/sample.h"

#include "framework/base/hash.h"

namespace lethe::data {

std::string sample_id(std::string_view question, std::string_view answer) {
  return base::Hasher().add(question).add(answer).hex();
}

}  // namespace lethe::data
