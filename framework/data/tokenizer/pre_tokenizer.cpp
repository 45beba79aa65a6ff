#include "framework/data/tokenizer/pre_tokenizer.h"

#include "framework/base/error.h"
#include "framework/data/tokenizer/byte_level.h"
#include "framework/data/tokenizer/normalizer.h"
#include "framework/data/tokenizer/regex.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data {
namespace {

constexpr const char* kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

class SplitPattern final : public PreTokenizer {
 public:
  SplitPattern(const std::string& pattern, SplitBehavior behavior, bool invert)
      : pattern_(pattern), behavior_(behavior), invert_(invert) {}

  void split(Piece piece, std::vector<Piece>& out) const override {
    const auto ranges = ranges_of(piece.text, invert_,
                                  [&](const Visit& visit) { pattern_.for_each_match(piece.text, visit); });
    append_parts(piece, merge_ranges(ranges, behavior_), out);
  }

 private:
  Regex pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class ByteLevel final : public PreTokenizer {
 public:
  ByteLevel(bool add_prefix_space, bool use_regex) : add_prefix_space_(add_prefix_space) {
    if (use_regex) words_ = std::make_unique<SplitPattern>(kGpt2Pattern, SplitBehavior::isolated, false);
  }

  void split(Piece piece, std::vector<Piece>& out) const override {
    if (add_prefix_space_ && !piece.text.starts_with(' ')) piece.text = ' ' + piece.text;
    const std::size_t first = out.size();
    if (words_)
      words_->split(std::move(piece), out);
    else
      out.push_back(std::move(piece));
    for (std::size_t i = first; i < out.size(); ++i) out[i].text = bytes_to_characters(out[i].text);
  }

 private:
  bool add_prefix_space_;
  std::unique_ptr<SplitPattern> words_;
};

class Digits final : public PreTokenizer {
 public:
  explicit Digits(bool individual) : individual_(individual) {}

  void split(Piece piece, std::vector<Piece>& out) const override {
    const auto ranges = ranges_of(piece.text, false, [&](const Visit& visit) {
      for (std::size_t at = 0; at < piece.text.size();) {
        const std::size_t begin = at;
        if (is_numeric(next_code_point(piece.text, at))) visit(begin, at);
      }
    });
    append_parts(
        piece, merge_ranges(ranges, individual_ ? SplitBehavior::isolated : SplitBehavior::contiguous), out);
  }

 private:
  bool individual_;
};

class Metaspace final : public PreTokenizer {
 public:
  Metaspace(std::string replacement, std::string prepend_scheme, bool split)
      : replacement_(std::move(replacement)), scheme_(std::move(prepend_scheme)) {
    if (split)
      words_ =
          std::make_unique<SplitPattern>(escape_regex(replacement_), SplitBehavior::merged_with_next, false);
  }

  void split(Piece piece, std::vector<Piece>& out) const override {
    std::string text;
    for (const char c : piece.text) c == ' ' ? text += replacement_ : text += c;
    const bool prepends = scheme_ == "always" || (scheme_ == "first" && piece.at_start);
    if (prepends && !text.starts_with(replacement_)) text = replacement_ + text;
    piece.text = std::move(text);
    words_ ? words_->split(std::move(piece), out) : out.push_back(std::move(piece));
  }

 private:
  std::string replacement_, scheme_;
  std::unique_ptr<SplitPattern> words_;
};

class PreTokenizerSequence final : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(std::vector<std::unique_ptr<PreTokenizer>> steps)
      : steps_(std::move(steps)) {}

  void split(Piece piece, std::vector<Piece>& out) const override {
    std::vector<Piece> pieces, next;
    pieces.push_back(std::move(piece));
    for (const auto& step : steps_) {
      next.clear();
      for (Piece& one : pieces) step->split(std::move(one), next);
      pieces.swap(next);
    }
    for (Piece& one : pieces) out.push_back(std::move(one));
  }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

std::unique_ptr<PreTokenizer> make_metaspace(Json component) {
  std::string scheme = text_member(component, "prepend_scheme", "always");
  if (scheme != "always" && scheme != "first" && scheme != "never")
    refuse_component("pre_tokenizer", "Metaspace with prepend_scheme " + scheme);
  if (!flag_member(component, "add_prefix_space", true)) scheme = "never";
  return std::make_unique<Metaspace>(text_member(component, "replacement", "\u2581"), scheme,
                                     flag_member(component, "split", true));
}

std::unique_ptr<PreTokenizer> make_pre_tokenizer_sequence(Json component) {
  std::vector<std::unique_ptr<PreTokenizer>> steps;
  for (const Json step : array_member(component, "pretokenizers")) steps.push_back(make_pre_tokenizer(step));
  return std::make_unique<PreTokenizerSequence>(std::move(steps));
}

}  // namespace

std::unique_ptr<PreTokenizer> make_pre_tokenizer(std::optional<Json> component) {
  if (!component) return nullptr;
  const std::string type = component_type(*component);
  if (type == "ByteLevel")
    return std::make_unique<ByteLevel>(flag_member(*component, "add_prefix_space", true),
                                       flag_member(*component, "use_regex", true));
  if (type == "Digits") return std::make_unique<Digits>(flag_member(*component, "individual_digits", false));
  if (type == "Split")
    return std::make_unique<SplitPattern>(pattern_member(*component),
                                          split_behavior(text_member(*component, "behavior", "")),
                                          flag_member(*component, "invert", false));
  if (type == "Metaspace") return make_metaspace(*component);
  if (type == "Sequence") return make_pre_tokenizer_sequence(*component);
  refuse_component("pre_tokenizer", type);
}

}  // namespace lethe::data
