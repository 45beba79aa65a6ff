#include "framework/config/yaml_errors.h"

#include <algorithm>
#include <array>

#include "framework/base/error.h"

namespace lethe::config {
namespace {

// The word after `*` or `&` at a place of the text.
std::string anchor_name(const std::string& text, int pos) {
  const std::size_t from = text.find_first_not_of("*&", static_cast<std::size_t>(std::max(pos, 0)));
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_first_of(" \t\n,[]{}:", from) - from);
}

struct Wording {
  std::string_view theirs, ours;
};
const std::array kWordings = {
    Wording{YAML::ErrorMsg::END_OF_MAP, "this line's indentation fits no mapping above it"},
    Wording{YAML::ErrorMsg::END_OF_SEQ, "this line's indentation fits no list above it"},
    Wording{YAML::ErrorMsg::TAB_IN_INDENTATION, "tab used for indentation"},
    Wording{YAML::ErrorMsg::MAP_VALUE, "a colon cannot stand here; quote the text, or check the indentation"},
    Wording{YAML::ErrorMsg::EOF_IN_SCALAR, "quoted text is not closed"},
    Wording{YAML::ErrorMsg::UNKNOWN_TOKEN, "no value begins with this character; quote the text"},
    Wording{YAML::ErrorMsg::DOC_IN_SCALAR, "quoted text is not closed before the end of the document"},
    Wording{YAML::ErrorMsg::FLOW_END, "a closing bracket without its opening one"},
};

std::string worded(std::string_view theirs) {
  const auto found =
      std::find_if(kWordings.begin(), kWordings.end(), [&](const Wording& w) { return w.theirs == theirs; });
  return std::string(found == kWordings.end() ? theirs : found->ours);
}

[[noreturn]] void refuse_open_flow(const TreeBuilder::OpenFlow& flow, const std::string& text) {
  const std::string_view kind = flow.kind == Node::Kind::list ? "flow sequence" : "flow mapping";
  std::string hint = flow.kind == Node::Kind::list ? "close it with ]" : "close it with }";
  if (text.find("${") != std::string::npos) hint += "; inside brackets write \"${env:NAME}\" in quotes";
  fail("yaml.syntax", fmt::format("{}: {} is not closed", flow.place.text(), kind), hint);
}

}  // namespace

void refuse_yaml(const YAML::Exception& e, const Place& at, const std::optional<TreeBuilder::OpenFlow>& flow,
                 const std::string& text) {
  const std::string place = at.text();
  if (e.msg ==
      YAML::ErrorMsg::BAD_FILE) {  // yaml-cpp's own guard against deep recursion says no more than this
    fail("yaml.depth", fmt::format("nested deeper than {} ({})", kMaxDepth, place),
         "flatten the configuration");
  }
  if (e.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR)) {
    fail("yaml.alias", fmt::format("{}: anchor {} is not defined", place, anchor_name(text, e.mark.pos)),
         "an anchor (&name) stands before its aliases (*name), in the same file; quote text that begins with "
         "*");
  }
  const bool unclosed = e.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW || e.msg == YAML::ErrorMsg::END_OF_MAP_FLOW;
  if (unclosed && flow) refuse_open_flow(*flow, text);
  fail("yaml.syntax", fmt::format("{}: {}", place, worded(e.msg)));
}

}  // namespace lethe::config
