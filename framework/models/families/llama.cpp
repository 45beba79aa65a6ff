// LlamaForCausalLM: the plain shape.
#include "framework/models/family.h"

namespace lethe::models::llama_entry {

Family make() {
  return {.name = "llama", .architectures = {"LlamaForCausalLM"}, .index = [](const HfConfig& config) {
            return llama_index(config, config.attention_bias);
          }};
}

}  // namespace lethe::models::llama_entry
