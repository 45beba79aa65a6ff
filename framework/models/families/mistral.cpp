// MistralForCausalLM: Llama's shape and names (without a sliding window).
#include "framework/models/family.h"

namespace lethe::models::mistral_entry {

Family make() {
  return {.name = "mistral", .architectures = {"MistralForCausalLM"}, .index = [](const HfConfig& config) {
            return llama_index(config, false);
          }};
}

}  // namespace lethe::models::mistral_entry
