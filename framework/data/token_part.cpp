#include "framework/data/token_part.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"

namespace lethe::data {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic = "LETHETOK";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kIdBytes = 32;
constexpr std::size_t kHashedHeader = offsetof(TokenPartHeader, content_hash);

std::string content_hash(std::span<const std::byte> file) {
  return base::Hasher().add(file.first(kHashedHeader)).add(file.subspan(sizeof(TokenPartHeader))).hex();
}

template <class T>
void append_raw(std::string& out, std::span<const T> values) {
  out.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

TokenPartHeader header_of(const TokenPartContent& content, std::uint64_t num_tokens) {
  LETHE_CHECK(content.key.size() == kIdBytes, "a store's key has 32 characters, not {}", content.key.size());
  LETHE_CHECK(content.samples.size() == content.sample_ids.size(), "{} samples, {} ids",
              content.samples.size(), content.sample_ids.size());
  TokenPartHeader header{};
  std::copy(kMagic.begin(), kMagic.end(), header.magic);
  header.version = kVersion;
  header.part = static_cast<std::uint32_t>(content.part);
  header.num_parts = static_cast<std::uint32_t>(content.num_parts);
  header.first_sample =
      static_cast<std::uint64_t>(part_begin(content.all_samples, content.part, content.num_parts));
  header.num_samples = content.samples.size();
  header.all_samples = static_cast<std::uint64_t>(content.all_samples);
  header.num_tokens = num_tokens;
  std::copy(content.key.begin(), content.key.end(), header.key);
  return header;
}

// Bytes of a file with this header, or nothing where the counts cannot be those of any file.
std::uint64_t expected_bytes(const TokenPartHeader& header) {
  constexpr std::uint64_t kMost = 1ull << 40;  // far below where the sum could wrap around
  if (header.num_samples > kMost || header.num_tokens > kMost) return 0;
  return sizeof(TokenPartHeader) + (header.num_samples + 1) * 8 + header.num_samples * (8 + kIdBytes) +
         header.num_tokens * 4;
}

[[noreturn]] void fail_part(const std::string& name, std::string_view what) {
  fail("data.store", fmt::format("{}: {}", name, what), "delete the file; it is made again from the data");
}

}  // namespace

std::int64_t part_begin(std::int64_t all, std::int64_t part, std::int64_t num_parts) {
  return all / num_parts * part + std::min(part, all % num_parts);
}

std::filesystem::path part_path(const std::filesystem::path& folder, std::string_view key, std::int64_t part,
                                std::int64_t num_parts) {
  return folder / fmt::format("{}.{}-of-{}.tokens", key, part, num_parts);
}

void write_token_part(const std::filesystem::path& folder, const TokenPartContent& content) {
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::int64_t> prompts;
  std::string ids, sample_ids;
  for (const TokenizedSample& sample : content.samples) {
    offsets.push_back(offsets.back() + sample.ids.size());
    prompts.push_back(sample.prompt_tokens);
    append_raw(ids, std::span(sample.ids));
  }
  for (const std::string& id : content.sample_ids) {
    LETHE_CHECK(id.size() == kIdBytes, "a sample's id has 32 characters, not {}", id.size());
    sample_ids += id;
  }
  TokenPartHeader header = header_of(content, offsets.back());
  std::string file(reinterpret_cast<const char*>(&header), sizeof header);
  append_raw(file, std::span<const std::uint64_t>(offsets));
  append_raw(file, std::span<const std::int64_t>(prompts));
  file.append(sample_ids).append(ids);
  const std::string hash = content_hash(std::as_bytes(std::span(file)));
  file.replace(kHashedHeader, hash.size(), hash);
  std::filesystem::create_directories(folder);
  base::write_file_atomically(part_path(folder, content.key, content.part, content.num_parts), file);
}

TokenPart::TokenPart(MappedFile file, const std::string& name) : file_(std::move(file)) {
  const auto bytes = file_.bytes();
  if (bytes.size() < sizeof(TokenPartHeader))
    fail_part(name, fmt::format("{} bytes are no token store", bytes.size()));
  header_ = reinterpret_cast<const TokenPartHeader*>(bytes.data());
  if (std::string_view(header_->magic, sizeof header_->magic) != kMagic)
    fail_part(name, "this is no token store");
  if (header_->version != kVersion)
    fail_part(name, fmt::format("written in version {}, this reads {}", header_->version, kVersion));
  const std::uint64_t expected = expected_bytes(*header_);
  if (bytes.size() != expected) fail_part(name, fmt::format("{} of {} bytes", bytes.size(), expected));
  const auto samples = static_cast<std::size_t>(header_->num_samples);
  const std::byte* at = bytes.data() + sizeof(TokenPartHeader);
  offsets_ = {reinterpret_cast<const std::uint64_t*>(at), samples + 1};
  prompts_ = {reinterpret_cast<const std::int64_t*>(at + offsets_.size_bytes()), samples};
  sample_ids_ = reinterpret_cast<const char*>(at + offsets_.size_bytes() + prompts_.size_bytes());
  ids_ = {reinterpret_cast<const std::int32_t*>(sample_ids_ + samples * kIdBytes),
          static_cast<std::size_t>(header_->num_tokens)};
  check(name);
}

void TokenPart::check(const std::string& name) const {
  if (content_hash(file_.bytes()) != std::string_view(header_->content_hash, sizeof header_->content_hash))
    fail_part(name, "its hash differs from its content");
  if (std::count(std::begin(header_->padding), std::end(header_->padding), '\0') != sizeof header_->padding)
    fail_part(name, "its header does not end in zeros");
  if (header_->num_parts == 0 || header_->part >= header_->num_parts)
    fail_part(name, "its part number is impossible");
  if (offsets_.front() != 0 || offsets_.back() != header_->num_tokens)
    fail_part(name, "its offsets do not fit");
  if (!std::is_sorted(offsets_.begin(), offsets_.end())) fail_part(name, "its offsets are out of order");
  for (std::int64_t i = 0; i < size(); ++i)
    if (prompt_tokens(i) < 0 || prompt_tokens(i) > num_tokens(i))
      fail_part(name, "a prompt is longer than its sample");
}

std::span<const std::int32_t> TokenPart::ids(std::int64_t i) const {
  return ids_.subspan(offsets_[static_cast<std::size_t>(i)], static_cast<std::size_t>(num_tokens(i)));
}

std::int64_t TokenPart::num_tokens(std::int64_t i) const {
  const auto at = static_cast<std::size_t>(i);
  return static_cast<std::int64_t>(offsets_[at + 1] - offsets_[at]);
}

std::int64_t TokenPart::prompt_tokens(std::int64_t i) const { return prompts_[static_cast<std::size_t>(i)]; }

std::string_view TokenPart::sample_id(std::int64_t i) const {
  return {sample_ids_ + static_cast<std::size_t>(i) * kIdBytes, kIdBytes};
}

}  // namespace lethe::data
