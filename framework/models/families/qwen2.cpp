// Qwen2ForCausalLM: Llama's shape with biases on q, k and v.
#include "framework/models/family.h"

namespace lethe::models::qwen2_entry {

Family make() {
  return {.name = "qwen2", .architectures = {"Qwen2ForCausalLM"}, .index = [](const HfConfig& config) {
            return llama_index(config, true);
          }};
}

}  // namespace lethe::models::qwen2_entry
