#include "framework/config/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "framework/base/error.h"
#include "framework/config/tree_builder.h"
#include "framework/config/yaml_errors.h"

namespace lethe::config {
namespace {

using Source = std::shared_ptr<const std::string>;

// Places are of the file, or (of a `--set` value) always the override itself.
struct Placing {
  Source source;
  bool with_lines = true;

  Place at(const YAML::Mark& mark) const {
    if (!with_lines) return {source};
    return {source, std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1};
  }
};

// yaml-cpp's events to the builder's. Tags: "?" is a plain scalar, "!" a quoted one; any other would choose a
// type or a class, which here only the reader of a key does.
class Events final : public YAML::EventHandler {
 public:
  Events(const Placing& placing, const std::string& text) : placing_(placing), text_(text) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true)) refuse_second_document(mark);
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    builder.null(placing_.at(mark), writes_null(mark), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    builder.alias(placing_.at(mark), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    if (tag == "!") check_closed(mark);
    builder.scalar(placing_.at(mark), value, tag == "!", anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(Node::Kind::list, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { builder.close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(Node::Kind::mapping, mark, tag, anchor, style);
  }
  void OnMapEnd() override { builder.close(); }

  TreeBuilder builder;

 private:
  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YAML::EmitterStyle::value style) {
    check_tag(mark, tag);
    const bool flow = style == YAML::EmitterStyle::Flow;
    builder.open(kind, placing_.at(mark), flow ? TreeBuilder::Style::flow : TreeBuilder::Style::block,
                 anchor);
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    fail("yaml.tag", fmt::format("{}: tag {} is not supported", placing_.at(mark).text(), tag),
         "a key's type is known; leave the tag out, and quote text that looks like something else");
  }

  // Where the value itself begins: anchor and tag stand before it.
  std::size_t start_of_value(const YAML::Mark& mark) const {
    std::size_t at = static_cast<std::size_t>(mark.pos);
    while (at < text_.size() && (text_[at] == '&' || text_[at] == '!'))
      at = text_.find_first_not_of(" \t\n", text_.find_first_of(" \t\n", at));
    return std::min(at, text_.size());
  }

  // Where nothing is written the mark is that of the next token, which may be a key such as `nullable:`.
  bool writes_null(const YAML::Mark& mark) const {
    const std::string_view rest = std::string_view(text_).substr(start_of_value(mark));
    const std::string_view word = rest.substr(0, rest.find_first_of(" \t\r\n,]}"));
    return word == "~" || word == "null" || word == "Null" || word == "NULL";
  }

  // yaml-cpp takes a quoted text for closed where the file ends with a line break inside it.
  void check_closed(const YAML::Mark& mark) const {
    std::size_t at = start_of_value(mark);
    if (at >= text_.size() || (text_[at] != '"' && text_[at] != '\'')) return;
    const char quote = text_[at++];
    const std::string_view escape = quote == '"' ? "\\" : "''";
    while (at < text_.size()) {
      if (text_.compare(at, escape.size(), escape) == 0) {
        at += 2;
      } else if (text_[at++] == quote) {
        return;
      }
    }
    fail("yaml.syntax", fmt::format("{}: quoted text is not closed", placing_.at(mark).text()));
  }

  // yaml-cpp also starts a new document where content follows a complete one ("[1]\nkey: 2").
  [[noreturn]] void refuse_second_document(const YAML::Mark& mark) const {
    const std::string place = placing_.at(mark).text();
    const auto at = static_cast<std::size_t>(std::max(mark.pos, 0));
    const bool marked = at <= text_.size() && (text_.compare(at, 3, "---") == 0 || text_.find("\n...") < at);
    if (!marked) fail("yaml.syntax", fmt::format("{}: content after the end of the document", place));
    fail("yaml.multi", fmt::format("{}: only one document is allowed", place),
         "put the other document into its own file");
  }

  const Placing& placing_;
  const std::string& text_;
  bool started_ = false;
};

NodePtr read_document(const std::string& text, const Placing& placing) {
  std::istringstream stream(text);
  Events events(placing, text);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(events)) {
    }
  } catch (const YAML::Exception& e) {
    refuse_yaml(e, placing.at(e.mark), events.builder.open_flow(), text);
  }
  return events.builder.finish();
}

}  // namespace

NodePtr read_yaml(const std::string& text, const Source& source) {
  const NodePtr root = read_document(text, {.source = source});
  const bool nothing = !root || root->kind == Node::Kind::null;
  return nothing ? nullptr : root;
}

NodePtr read_yaml_value(const std::string& text, const Source& source) {
  if (const NodePtr root = read_document(text, {.source = source, .with_lines = false})) return root;
  auto null = std::make_shared<Node>();
  null->place = {source};
  return null;
}

}  // namespace lethe::config
