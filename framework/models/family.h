// A model family is names, shapes and switches: one file of families/, named after config.json's model_type.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/models/hf_config.h"
#include "framework/models/parameter_index.h"

namespace lethe::models {

struct Family {
  std::string name;
  std::vector<std::string> architectures;  // config.json's `architectures` that this family reads
  ParameterIndex (*index)(const HfConfig& config);
};

using Make = Family();
struct Entry {
  std::string_view name;
  Make* make;
};
[[nodiscard]] std::span<const Entry> registry();

// Errors: model.arch with the list of what is supported.
[[nodiscard]] Family family_of(const HfConfig& config);
[[nodiscard]] std::vector<std::string> supported_architectures();

// The canonical index that Llama and its relatives share. Segments: embedding, layer 0 …, final norm, and an
// untied head.
[[nodiscard]] ParameterIndex llama_index(const HfConfig& config, bool qkv_bias);

}  // namespace lethe::models
