#include "framework/config/document.h"

#include "framework/config/environment.h"
#include "framework/config/extends.h"
#include "framework/config/overrides.h"
#include "framework/config/reading.h"

namespace lethe::config {
namespace {

// The environment comes last: an override may replace a value whose variable is not set.
Section section_of(NodePtr tree, const std::vector<std::string>& overrides) {
  tree = with_environment(with_overrides(std::move(tree), overrides));
  return Section(std::make_shared<Document>(std::move(tree)), "");
}

}  // namespace

Section load(const std::filesystem::path& file, const std::vector<std::string>& overrides) {
  return section_of(read_with_extends(file), overrides);
}

Section parse(const std::string& yaml, const std::string& name, const std::vector<std::string>& overrides) {
  return section_of(text_with_extends(yaml, name), overrides);
}

const std::vector<ReadKey>& keys_read(const Section& section) { return section.document()->reads(); }

}  // namespace lethe::config
