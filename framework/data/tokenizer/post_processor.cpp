#include "framework/data/tokenizer/post_processor.h"

#include "framework/base/error.h"

namespace lethe::data {
namespace {

void append_special(Json component, std::string_view name, std::vector<std::int32_t>& ids) {
  const auto tokens = member(component, "special_tokens");
  const auto entry = tokens ? member(*tokens, name) : std::nullopt;
  if (!entry) fail("tokenizer.id", fmt::format("the post-processor's token \"{}\" has no ids", name));
  for (const Json id : array_member(*entry, "ids")) {
    std::int64_t number = 0;
    if (id.get(number)) fail("tokenizer.json", "`ids` is not a list of integers");
    ids.push_back(static_cast<std::int32_t>(number));
  }
}

SpecialFrame read_template(Json component) {
  SpecialFrame frame;
  int texts = 0;
  for (const Json piece : array_member(component, "single")) {
    if (member(piece, "Sequence")) {
      ++texts;
      continue;
    }
    const auto special = member(piece, "SpecialToken");
    if (!special)
      fail("tokenizer.json", "a piece of the post-processor's template is neither text nor token");
    append_special(component, text_member(*special, "id", ""), texts == 0 ? frame.before : frame.after);
  }
  if (texts != 1) refuse_component("post_processor", "TemplateProcessing without exactly one text");
  return frame;
}

}  // namespace

SpecialFrame read_post_processor(std::optional<Json> component) {
  if (!component) return {};
  const std::string type = component_type(*component);
  if (type == "ByteLevel") return {};
  if (type == "TemplateProcessing") return read_template(*component);
  if (type != "Sequence") refuse_component("post_processor", type);
  SpecialFrame frame;
  for (const Json step : array_member(*component, "processors")) {
    const SpecialFrame outer = read_post_processor(step);
    frame.before.insert(frame.before.begin(), outer.before.begin(), outer.before.end());
    frame.after.insert(frame.after.end(), outer.after.begin(), outer.after.end());
  }
  return frame;
}

}  // namespace lethe::data
