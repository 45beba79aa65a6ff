#include "framework/data/tokenizer/decoder.h"

#include <charconv>
#include <utility>

#include "framework/base/error.h"
#include "framework/data/tokenizer/byte_level.h"
#include "framework/data/tokenizer/normalizer.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data {
namespace {

std::string joined_texts(const std::vector<std::string>& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

class ByteLevelDecoder final : public Decoder {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    std::string bytes;
    for (const std::string& token : tokens) bytes += characters_to_bytes(token).value_or(token);
    tokens.assign(1, replace_invalid_utf8(bytes));
  }
};

class ByteFallbackDecoder final : public Decoder {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    std::vector<std::string> out;
    std::string bytes;
    for (std::string& token : tokens) {
      if (const auto byte = byte_of(token)) {
        bytes += *byte;
        continue;
      }
      flush(bytes, out);
      out.push_back(std::move(token));
    }
    flush(bytes, out);
    tokens = std::move(out);
  }

 private:
  static std::optional<char> byte_of(std::string_view token) {
    if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>')) return std::nullopt;
    unsigned value = 0;
    const auto result = std::from_chars(token.data() + 3, token.data() + 5, value, 16);
    return result.ptr == token.data() + 5 ? std::optional(static_cast<char>(value)) : std::nullopt;
  }
  static void flush(std::string& bytes, std::vector<std::string>& out) {
    if (bytes.empty()) return;
    if (first_invalid_utf8(bytes))
      out.insert(out.end(), bytes.size(), "\uFFFD");
    else
      out.push_back(bytes);
    bytes.clear();
  }
};

class FuseDecoder final : public Decoder {
 public:
  void decode(std::vector<std::string>& tokens) const override { tokens.assign(1, joined_texts(tokens)); }
};

class ReplaceDecoder final : public Decoder {
 public:
  explicit ReplaceDecoder(std::unique_ptr<Normalizer> replace) : replace_(std::move(replace)) {}
  void decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) replace_->normalize(token);
  }

 private:
  std::unique_ptr<Normalizer> replace_;
};

class MetaspaceDecoder final : public Decoder {
 public:
  MetaspaceDecoder(std::string replacement, bool prepends)
      : replacement_(std::move(replacement)), prepends_(prepends) {}

  void decode(std::vector<std::string>& tokens) const override {
    bool drops = prepends_;  // the first token's markers are the prefix that encoding put there
    for (std::string& token : tokens)
      token = spaces_for_markers(token, std::exchange(drops, false) ? "" : " ");
  }

 private:
  std::string spaces_for_markers(std::string_view token, std::string_view space) const {
    std::string text;
    std::size_t at = 0;
    for (auto next = token.find(replacement_); next != std::string_view::npos;
         next = token.find(replacement_, at)) {
      text.append(token.substr(at, next - at)).append(space);
      at = next + replacement_.size();
    }
    return text.append(token.substr(at));
  }

  std::string replacement_;
  bool prepends_;
};

class StripDecoder final : public Decoder {
 public:
  StripDecoder(std::string content, std::int64_t start, std::int64_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}

  void decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      for (auto i = start_; i > 0 && !content_.empty() && token.starts_with(content_); --i)
        token.erase(0, content_.size());
      for (auto i = stop_; i > 0 && !content_.empty() && token.ends_with(content_); --i)
        token.resize(token.size() - content_.size());
    }
  }

 private:
  std::string content_;
  std::int64_t start_, stop_;
};

class DecoderSequence final : public Decoder {
 public:
  explicit DecoderSequence(std::vector<std::unique_ptr<Decoder>> steps) : steps_(std::move(steps)) {}
  void decode(std::vector<std::string>& tokens) const override {
    for (const auto& step : steps_) step->decode(tokens);
  }

 private:
  std::vector<std::unique_ptr<Decoder>> steps_;
};

std::unique_ptr<Decoder> make_decoder_sequence(Json component) {
  std::vector<std::unique_ptr<Decoder>> steps;
  for (const Json step : array_member(component, "decoders")) steps.push_back(make_decoder(step));
  return std::make_unique<DecoderSequence>(std::move(steps));
}

}  // namespace

std::unique_ptr<Decoder> make_decoder(std::optional<Json> component) {
  if (!component) return nullptr;
  const std::string type = component_type(*component);
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "ByteFallback") return std::make_unique<ByteFallbackDecoder>();
  if (type == "Fuse") return std::make_unique<FuseDecoder>();
  if (type == "Replace") return std::make_unique<ReplaceDecoder>(make_normalizer(component));
  if (type == "Metaspace")
    return std::make_unique<MetaspaceDecoder>(
        text_member(*component, "replacement", "\u2581"),
        text_member(*component, "prepend_scheme", "always") != "never" &&
            flag_member(*component, "add_prefix_space", true));
  if (type == "Strip")
    return std::make_unique<StripDecoder>(text_member(*component, "content", " "),
                                          integer_member(*component, "start").value_or(0),
                                          integer_member(*component, "stop").value_or(0));
  if (type == "Sequence") return make_decoder_sequence(*component);
  refuse_component("decoder", type);
}

}  // namespace lethe::data
