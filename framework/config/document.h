// One configuration: YAML file(s), `extends:`, `${env:NAME}` and `--set a.b=c` resolved into one tree with
// places.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "framework/config/section.h"

namespace lethe::config {

// Reads FILE and what it extends, applies the overrides in order, then replaces `${env:NAME}`. Strict:
// duplicate keys, tabs, several documents, tags, merge keys, alias bombs, nesting deeper than 500, files
// above 4 MiB are refused. Laying one over the other: mappings are merged, anything else is replaced; `npo`
// counts as `{name: npo}` where options stand on the other side, and another `name` drops the options of the
// old one. Errors: config.missing, config.notfile, config.permission, config.size, config.empty, config.type
// (not a mapping), config.cycle, config.ref, yaml.encoding, yaml.syntax, yaml.duplicate, yaml.alias,
// yaml.depth, yaml.multi, yaml.tag, yaml.merge, cli.set (a malformed override).
[[nodiscard]] Section load(const std::filesystem::path& file, const std::vector<std::string>& overrides = {});

// The same from a text; `name` stands for the file in messages.
[[nodiscard]] Section parse(const std::string& yaml, const std::string& name = "config",
                            const std::vector<std::string>& overrides = {});

// What was read, in the order of reading. Filled by Section's calls.
struct ReadKey {
  std::string path;  // "train.learning_rate"
  std::string type;  // "number > 0", "integer", "text", "true|false", "list of …", "one of a, b"; "section"
                     // and "list of sections" have neither default nor value
  std::string default_value;  // as YAML; "required" where there is none
  std::string value;          // the effective value, as YAML
  std::string help;
};
[[nodiscard]] const std::vector<ReadKey>& keys_read(const Section& section);

// The effective configuration as YAML: every key that was read, with its value. Loading it again gives the
// same values.
[[nodiscard]] std::string effective_yaml(const Section& root);

// A section in which required keys are not missed and every word is allowed: reading a struct from it lists
// its keys.
[[nodiscard]] Section for_reference();

}  // namespace lethe::config
