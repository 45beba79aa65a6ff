#include "framework/data/token_store.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/log.h"

namespace lethe::data {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> part_files(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".tokens") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// The numbers of parts that the folder's file names promise for a key: "<key>.3-of-8.tokens".
std::set<std::int64_t> worlds_of(const fs::path& folder, const std::string& key) {
  std::set<std::int64_t> worlds;
  for (const fs::path& file : part_files(folder)) {
    const std::string name = file.stem().string();
    const auto of = name.rfind("-of-");
    if (!name.starts_with(key + ".") || of == std::string::npos) continue;
    std::int64_t world = 0;
    std::from_chars(name.data() + of + 4, name.data() + name.size(), world);
    if (world > 0 && file == part_path(folder, key, 0, world)) worlds.insert(world);
  }
  return worlds;
}

std::optional<TokenPart> try_part(const fs::path& path) {
  auto file = MappedFile::open(path);
  if (!file) return std::nullopt;
  return TokenPart(std::move(*file), path.string());
}

bool fits(const TokenPartHeader& header, const std::string& key, std::int64_t part, std::int64_t num_parts,
          const TokenPartHeader& first) {
  const auto all = static_cast<std::int64_t>(first.all_samples);
  const auto begin = part_begin(all, part, num_parts), end = part_begin(all, part + 1, num_parts);
  return std::string_view(header.key, sizeof header.key) == key &&
         header.part == static_cast<std::uint32_t>(part) &&
         header.num_parts == static_cast<std::uint32_t>(num_parts) &&
         header.all_samples == first.all_samples &&
         header.first_sample == static_cast<std::uint64_t>(begin) &&
         header.num_samples == static_cast<std::uint64_t>(end - begin);
}

TokenizedSample tokenize_named(const SampleTokenizer& tokenizer, const Sample& sample) {
  try {
    return tokenizer.tokenize(sample);
  } catch (const Error& e) {
    fail(e.key(), fmt::format("sample {}: {}", sample.row + 1, e.message()), e.hint());
  }
}

}  // namespace

std::string store_key(const std::string& data_hash, const SourceOptions& source,
                      const std::string& tokenizer_hash) {
  base::Hasher hasher;
  hasher.add("token store 1")
      .add(data_hash)
      .add(source.question_key)
      .add(source.answer_key)
      .add(source.records)
      .add(tokenizer_hash);
  if (source.format != "qa")
    hasher.add(source.format == "text" ? "text 2" : source.format)
        .add(source.prefix_key)
        .add(source.text_key)
        .add(fmt::format("{} {} {}", source.window, source.overlap, source.insert_space));
  return hasher.hex();
}

void write_part(const fs::path& folder, const std::string& key, std::span<const Sample> samples,
                const SampleTokenizer& tokenizer, std::int64_t part, std::int64_t num_parts) {
  const auto all = static_cast<std::int64_t>(samples.size());
  const auto begin = part_begin(all, part, num_parts), end = part_begin(all, part + 1, num_parts);
  std::vector<TokenizedSample> tokenized;
  std::vector<std::string> ids;
  for (const Sample& sample :
       samples.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin))) {
    tokenized.push_back(tokenize_named(tokenizer, sample));
    ids.push_back(sample.id);
  }
  write_token_part(folder, {.key = key,
                            .part = part,
                            .num_parts = num_parts,
                            .all_samples = all,
                            .samples = tokenized,
                            .sample_ids = ids});
}

std::optional<TokenStore> TokenStore::open(const fs::path& folder, const std::string& key) {
  for (const std::int64_t num_parts : worlds_of(folder, key))
    if (auto store = open_parts(folder, key, num_parts)) return store;
  return std::nullopt;
}

std::optional<TokenStore> TokenStore::open_parts(const fs::path& folder, const std::string& key,
                                                 std::int64_t num_parts) {
  TokenStore store;
  for (std::int64_t part = 0; part < num_parts; ++part) {
    const fs::path path = part_path(folder, key, part, num_parts);
    try {
      auto opened = try_part(path);
      if (!opened) return std::nullopt;
      const TokenPartHeader& first = part == 0 ? opened->header() : store.parts_[0].header();
      if (!fits(opened->header(), key, part, num_parts, first))
        fail("data.store", fmt::format("{}: holds another part than its name says", path.string()));
      for (std::int64_t i = 0; i < opened->size(); ++i)
        store.places_.push_back({static_cast<std::int32_t>(part), i});
      store.parts_.push_back(std::move(*opened));
      store.files_.push_back(path);
    } catch (const Error& e) {
      base::warn_here(e.key(), e.message() + "; it is made again");
      return std::nullopt;
    }
  }
  return store;
}

const TokenPart& TokenStore::part_of(std::int64_t i, std::int64_t& index) const {
  LETHE_CHECK(i >= 0 && i < size(), "sample {} of {}", i, size());
  const Place& place = places_[static_cast<std::size_t>(i)];
  index = place.index;
  return parts_[static_cast<std::size_t>(place.part)];
}

Document TokenStore::document(std::int64_t i) const {
  std::int64_t index = 0;
  const TokenPart& part = part_of(i, index);
  return {.ids = part.ids(index), .prompt_tokens = part.prompt_tokens(index)};
}

SampleLength TokenStore::length(std::int64_t i) const {
  std::int64_t index = 0;
  const TokenPart& part = part_of(i, index);
  return {.tokens = part.num_tokens(index), .prompt_tokens = part.prompt_tokens(index)};
}

std::string_view TokenStore::sample_id(std::int64_t i) const {
  std::int64_t index = 0;
  return part_of(i, index).sample_id(index);
}

std::vector<std::int64_t> samples_with_target(const TokenStore& store, double max_dropped,
                                              const std::string& set, const std::string& format) {
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < store.size(); ++i)
    if (store.document(i).scored_tokens() > 0) kept.push_back(i);
  const auto dropped = store.size() - static_cast<std::int64_t>(kept.size());
  if (dropped == 0) return kept;
  const auto message =
      fmt::format("{}: {} of {} samples have no target token after truncation", set, dropped, store.size());
  if (kept.empty() || static_cast<double>(dropped) > max_dropped * static_cast<double>(store.size()))
    fail("data.notarget", message,
         fmt::format("{}, or allow more with data.max_dropped",
                     format == "qa" ? "raise data.text.max_length"
                                    : "take out the rows whose text is empty or a single token"));
  base::warn_once("data.notarget", message);
  return kept;
}

std::vector<StoredPart> list_stored_parts(const fs::path& folder) {
  std::vector<StoredPart> stored;
  for (const fs::path& path : part_files(folder)) {
    StoredPart entry{.path = path, .sample_ids = {}, .damage = {}};
    try {
      if (const auto part = try_part(path))
        for (std::int64_t i = 0; i < part->size(); ++i) entry.sample_ids.emplace_back(part->sample_id(i));
    } catch (const Error& e) {
      entry.damage = e.message();
    }
    stored.push_back(std::move(entry));
  }
  return stored;
}

}  // namespace lethe::data
