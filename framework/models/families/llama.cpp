// LlamaForCausalLM: the plain shape.
#include "framework/models/family.h"

namespace lethe::models {

Family make_llama() {
  return {.name = "llama", .architectures = {"LlamaForCausalLM"}, .index = [](const HfConfig& config) {
            return llama_index(config, config.attention_bias);
          }};
}

}  // namespace lethe::models
