#include "framework/data/tokenizer/special_tokens.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include "framework/base/error.h"
#include "framework/data/tokenizer/json_file.h"

namespace lethe::data {
namespace {

using MaybeFile = std::unique_ptr<JsonFile>;

MaybeFile open_if_there(const std::filesystem::path& path) {
  return std::filesystem::exists(path) ? std::make_unique<JsonFile>(path) : nullptr;
}

// A special token is written as "text" or as {"content": "text", …}.
std::optional<std::string> token_named(const MaybeFile& file, std::string_view key) {
  const auto value = file ? member(file->root(), key) : std::nullopt;
  if (!value) return std::nullopt;
  if (value->is_object()) return text_member(*value, "content", "");
  return text_member(file->root(), key, "");
}

std::vector<std::int32_t> generation_stops(const MaybeFile& file) {
  const auto value = file ? member(file->root(), "eos_token_id") : std::nullopt;
  std::vector<std::int32_t> ids;
  if (!value) return ids;
  const auto add = [&](Json id) {
    std::int64_t number = 0;
    if (id.get(number) || number < 0 || number > INT32_MAX)
      fail("tokenizer.json", "generation_config.json: `eos_token_id` is not an id or a list of ids");
    ids.push_back(static_cast<std::int32_t>(number));
  };
  simdjson::dom::array list;
  if (value->get(list))
    add(*value);
  else
    for (const Json id : list) add(id);
  return ids;
}

class SpecialReader {
 public:
  SpecialReader(const std::filesystem::path& directory,
                const std::function<std::optional<std::int32_t>(std::string_view)>& id_of)
      : config_(open_if_there(directory / "tokenizer_config.json")),
        map_(open_if_there(directory / "special_tokens_map.json")),
        id_of_(id_of) {}

  void read(const std::string& key, const std::optional<std::string>& given, std::optional<std::int32_t>& id,
            std::string& token) const {
    auto text = given;
    if (!text) text = token_named(config_, key);
    if (!text) text = token_named(map_, key);
    if (!text || text->empty()) return;
    id = id_of_(*text);
    if (!id) fail("tokenizer.special", fmt::format("{} \"{}\" is not in the vocabulary", key, *text));
    token = *text;
  }

 private:
  MaybeFile config_, map_;
  const std::function<std::optional<std::int32_t>(std::string_view)>& id_of_;
};

// "49152" is 49152; anything else is no id.
std::optional<std::int32_t> id_named(std::string_view key) {
  std::int32_t id = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
  if (error != std::errc() || end != key.data() + key.size()) return std::nullopt;
  return id;
}

}  // namespace

void refuse_tokens_left_out(const std::filesystem::path& directory,
                            const std::function<std::optional<std::int32_t>(std::string_view)>& added_id_of) {
  const auto file = open_if_there(directory / "tokenizer_config.json");
  const auto entries = file ? member(file->root(), "added_tokens_decoder") : std::nullopt;
  simdjson::dom::object tokens;
  if (!entries || entries->get(tokens)) return;
  for (const auto& [key, entry] : tokens) {
    const std::string content = entry.is_object() ? text_member(entry, "content", "") : "";
    if (content.empty() || added_id_of(content) == id_named(key)) continue;
    fail("tokenizer.id",
         fmt::format("tokenizer_config.json adds \"{}\" as token {}, tokenizer.json does not", content, key),
         "save both again with transformers: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)");
  }
}

SpecialTokens read_special_tokens(const std::filesystem::path& directory, const SpecialTokenNames& names,
                                  const std::function<std::optional<std::int32_t>(std::string_view)>& id_of,
                                  const std::function<std::string(std::int32_t)>& token_of) {
  const SpecialReader reader(directory, id_of);
  SpecialTokens tokens;
  reader.read("bos_token", names.bos_token, tokens.bos_id, tokens.bos_token);
  reader.read("eos_token", names.eos_token, tokens.eos_id, tokens.eos_token);
  reader.read("pad_token", names.pad_token, tokens.pad_id, tokens.pad_token);
  tokens.stop_ids = generation_stops(open_if_there(directory / "generation_config.json"));
  if (!tokens.eos_id && !tokens.stop_ids.empty()) {
    tokens.eos_id = tokens.stop_ids.front();
    tokens.eos_token = token_of(*tokens.eos_id);
  }
  const bool listed =
      tokens.eos_id && std::count(tokens.stop_ids.begin(), tokens.stop_ids.end(), *tokens.eos_id) > 0;
  if (tokens.eos_id && !listed) tokens.stop_ids.insert(tokens.stop_ids.begin(), *tokens.eos_id);
  return tokens;
}

}  // namespace lethe::data
