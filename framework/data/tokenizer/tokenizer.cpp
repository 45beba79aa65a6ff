#include "framework/data/tokenizer/tokenizer.h"

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/log.h"
#include "framework/data/tokenizer/added_tokens.h"
#include "framework/data/tokenizer/bpe.h"
#include "framework/data/tokenizer/decoder.h"
#include "framework/data/tokenizer/post_processor.h"
#include "framework/data/tokenizer/pre_tokenizer.h"
#include "framework/data/tokenizer/unicode.h"
#include "framework/data/tokenizer/word_cache.h"

namespace lethe::data {

struct Tokenizer::Parts {
  explicit Parts(Json root)
      : model(model_of(root)),
        normalizer(make_normalizer(member(root, "normalizer"))),
        added(root, model.vocabulary(), normalizer.get()),
        pre_tokenizer(make_pre_tokenizer(member(root, "pre_tokenizer"))),
        frame(read_post_processor(member(root, "post_processor"))),
        decoder(make_decoder(member(root, "decoder"))) {
    model.vocabulary().refuse_gaps();
  }

  static Json model_of(Json root) {
    const auto found = member(root, "model");
    if (!found) fail("tokenizer.json", "tokenizer.json has no `model`");
    return *found;
  }

  std::vector<Piece> words(std::string_view text) const;
  void append_word(std::string_view word, std::vector<std::int32_t>& ids) const;

  Bpe model;
  std::unique_ptr<Normalizer> normalizer;
  AddedTokens added;
  std::unique_ptr<PreTokenizer> pre_tokenizer;
  SpecialFrame frame;
  std::unique_ptr<Decoder> decoder;
  SpecialTokens special;
  std::string hash;
  WordCache cache;
};

namespace {

std::filesystem::path tokenizer_file(const std::filesystem::path& directory) {
  const auto path = directory / "tokenizer.json";
  std::error_code error;
  if (std::filesystem::exists(path, error)) return path;
  if (error)
    fail("model.permission", fmt::format("cannot read {}: {}", path.string(), error.message()),
         "check the permissions of the folders above it (ls -ld)");
  if (std::filesystem::is_symlink(path))
    fail("model.blob",
         fmt::format("{}: snapshot link points to a missing blob (unfinished download)", path.string()),
         "run `hf download` again for this model");
  const bool sentencepiece = std::filesystem::exists(directory / "tokenizer.model");
  fail("tokenizer.format",
       fmt::format("{} has no tokenizer.json{}", directory.string(),
                   sentencepiece ? " (only tokenizer.model)" : ""),
       "convert with transformers: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)");
}

// Lengths are the business of data options, and nothing is padded here: said, because the file asks for it.
void mention_ignored(Json root, const std::string& path) {
  for (const char* key : {"truncation", "padding"})
    if (member(root, key))
      base::warn_once(fmt::format("tokenizer.{}", key),
                      fmt::format("{}: its `{}` is not applied", path, key));
}

std::string hash_of(const std::filesystem::path& path, const SpecialTokens& special) {
  base::Hasher hasher;
  hasher.add(base::hash_file(path)).add(special.bos_token).add(special.eos_token).add(special.pad_token);
  return hasher.hex();
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::load(const std::filesystem::path& directory, const SpecialTokenNames& names) {
  const auto path = tokenizer_file(directory);
  const JsonFile file(path);
  mention_ignored(file.root(), path.string());
  Tokenizer tokenizer(std::make_unique<Parts>(file.root()));
  refuse_tokens_left_out(directory, [&](std::string_view token) -> std::optional<std::int32_t> {
    const AddedToken* added = tokenizer.parts_->added.find(token);
    return added == nullptr ? std::nullopt : std::optional(added->id);
  });
  tokenizer.parts_->special = read_special_tokens(
      directory, names, [&](std::string_view token) { return tokenizer.token_id(token); },
      [&](std::int32_t id) { return tokenizer.token(id); });
  tokenizer.parts_->hash = hash_of(path, tokenizer.special_tokens());
  return tokenizer;
}

std::vector<Piece> Tokenizer::Parts::words(std::string_view text) const {
  std::vector<Piece> pieces = added.extract(text, normalizer.get());
  if (!pre_tokenizer) return pieces;
  std::vector<Piece> words;
  words.reserve(text.size() / 4);
  for (Piece& piece : pieces) {
    if (piece.token >= 0)
      words.push_back(std::move(piece));
    else
      pre_tokenizer->split(std::move(piece), words);
  }
  return words;
}

void Tokenizer::Parts::append_word(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (cache.append(word, ids)) return;
  std::vector<std::int32_t> fresh;
  model.encode(word, fresh);
  ids.insert(ids.end(), fresh.begin(), fresh.end());
  cache.remember(word, std::move(fresh));
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, bool add_special_tokens) const {
  if (const auto bad = first_invalid_utf8(text))
    fail("tokenizer.encoding", fmt::format("byte {} (0x{:02x}) of the text is not UTF-8", *bad,
                                           static_cast<unsigned char>(text[*bad])));
  std::vector<std::int32_t> ids;
  if (add_special_tokens) ids = parts_->frame.before;
  for (const Piece& word : parts_->words(text)) {
    if (word.token >= 0)
      ids.push_back(word.token);
    else
      parts_->append_word(word.text, ids);
  }
  const auto& after = parts_->frame.after;
  if (add_special_tokens) ids.insert(ids.end(), after.begin(), after.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool skip_special_tokens) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const std::int32_t id : ids) {
    if (const AddedToken* added = parts_->added.find(id)) {
      if (!skip_special_tokens || !added->special) tokens.push_back(added->pattern);
    } else if (const std::string* token = parts_->model.vocabulary().token(id)) {
      tokens.push_back(*token);
    }
  }
  if (parts_->decoder) parts_->decoder->decode(tokens);
  return fmt::format("{}", fmt::join(tokens, parts_->decoder ? "" : " "));
}

std::optional<std::int32_t> Tokenizer::token_id(std::string_view token) const {
  if (const AddedToken* added = parts_->added.find(token)) return added->id;
  return parts_->model.vocabulary().id(token);
}

std::string Tokenizer::token(std::int32_t id) const {
  if (const AddedToken* added = parts_->added.find(id)) return added->content;
  const std::string* token = parts_->model.vocabulary().token(id);
  return token == nullptr ? std::string() : *token;
}

std::int64_t Tokenizer::vocab_size() const {
  return parts_->model.vocabulary().size() + parts_->added.beyond_vocabulary();
}

const SpecialTokens& Tokenizer::special_tokens() const { return parts_->special; }

std::int32_t Tokenizer::eos_id() const {
  if (!parts_->special.eos_id)
    fail("tokenizer.special", "eos_token is not set; give tokenizer.eos_token",
         "it is the text of the token that ends an answer, and stands in tokenizer_config.json otherwise");
  return *parts_->special.eos_id;
}

std::int32_t Tokenizer::pad_id() const {
  return parts_->special.pad_id.has_value() ? *parts_->special.pad_id : eos_id();
}

const std::string& Tokenizer::hash() const { return parts_->hash; }

}  // namespace lethe::data
