#include "framework/data/tokenizer/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "framework/base/error.h"
#include "framework/data/tokenizer/regex.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data {
namespace {

class UnicodeForm final : public Normalizer {
 public:
  explicit UnicodeForm(int options) : options_(static_cast<utf8proc_option_t>(options)) {}

  void normalize(std::string& text) const override {
    if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
      return;
    utf8proc_uint8_t* result = nullptr;
    const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &result, options_);
    if (size < 0) fail("tokenizer.encoding", utf8proc_errmsg(size));
    text.assign(reinterpret_cast<const char*>(result), static_cast<std::size_t>(size));
    std::free(result);
  }

 private:
  utf8proc_option_t options_;
};

class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  void normalize(std::string& text) const override {
    if (!text.empty()) text.insert(0, prefix_);
  }

 private:
  std::string prefix_;
};

class Replace final : public Normalizer {
 public:
  Replace(const std::string& pattern, std::string content)
      : pattern_(pattern), content_(std::move(content)) {}

  void normalize(std::string& text) const override {
    std::string replaced;
    std::size_t at = 0;
    pattern_.for_each_match(text, [&](std::size_t begin, std::size_t end) {
      replaced.append(text, at, begin - at).append(content_);
      at = end;
    });
    if (at == 0 && replaced.empty()) return;
    text = replaced.append(text, at);
  }

 private:
  Regex pattern_;
  std::string content_;
};

class Strip final : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}

  void normalize(std::string& text) const override {
    std::size_t begin = 0, end = text.size();
    for (std::size_t at = 0; left_ && at < end && is_white_space(next_code_point(text, at));) begin = at;
    for (std::size_t at = end; right_ && at > begin && is_white_space(previous_code_point(text, at));)
      end = at;
    text = text.substr(begin, end - begin);
  }

 private:
  bool left_, right_;
};

class NormalizerSequence final : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> steps) : steps_(std::move(steps)) {}
  void normalize(std::string& text) const override {
    for (const auto& step : steps_) step->normalize(text);
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

std::unique_ptr<Normalizer> make_normalizer_sequence(Json component) {
  std::vector<std::unique_ptr<Normalizer>> steps;
  for (const Json step : array_member(component, "normalizers")) steps.push_back(make_normalizer(step));
  return std::make_unique<NormalizerSequence>(std::move(steps));
}

}  // namespace

std::string pattern_member(Json component) {
  const auto pattern = member(component, "pattern");
  if (!pattern) fail("tokenizer.json", "`pattern` is missing");
  if (member(*pattern, "Regex")) return text_member(*pattern, "Regex", "");
  if (member(*pattern, "String")) return escape_regex(text_member(*pattern, "String", ""));
  fail("tokenizer.json", "`pattern` has neither `String` nor `Regex`");
}

std::unique_ptr<Normalizer> make_normalizer(std::optional<Json> component) {
  if (!component) return nullptr;
  const std::string type = component_type(*component);
  constexpr int kCompose = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
                kDecompose = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
  if (type == "NFC") return std::make_unique<UnicodeForm>(kCompose);
  if (type == "NFD") return std::make_unique<UnicodeForm>(kDecompose);
  if (type == "NFKC") return std::make_unique<UnicodeForm>(kCompose | UTF8PROC_COMPAT);
  if (type == "NFKD") return std::make_unique<UnicodeForm>(kDecompose | UTF8PROC_COMPAT);
  if (type == "Prepend") return std::make_unique<Prepend>(text_member(*component, "prepend", ""));
  if (type == "Replace")
    return std::make_unique<Replace>(pattern_member(*component), text_member(*component, "content", ""));
  if (type == "Strip")
    return std::make_unique<Strip>(flag_member(*component, "strip_left", true),
                                   flag_member(*component, "strip_right", true));
  if (type == "Sequence") return make_normalizer_sequence(*component);
  refuse_component("normalizer", type);
}

}  // namespace lethe::data
