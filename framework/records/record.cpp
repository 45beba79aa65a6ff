#include "framework/records/record.h"

#include <fmt/chrono.h>

#include <array>
#include <chrono>

namespace lethe::records {
namespace {

template <class R>
concept HasStep = requires(const R& r) {
  r.step;
};

template <class R>
Record read_as(const Json& json, const std::string& where) {
  R record;
  FieldReader reader(json, where);
  describe(reader, record);
  return record;
}

// One row for each alternative of the variant, so a new kind cannot be forgotten here.
template <class... R>
std::optional<Record> read_kind(std::variant<R...>*, std::string_view kind, const Json& json,
                                const std::string& where) {
  std::optional<Record> result;
  ((kind == R::kKind ? (result = read_as<R>(json, where), true) : false) || ...);
  return result;
}

void check_schema(const Json& json, const std::string& where) {
  const auto schema = json.find("schema");
  if (schema == json.end() || !schema->is_number_integer())
    fail("records.json", fmt::format("{}: the line has no \"schema\" number", where));
  if (const auto version = schema->get<std::int64_t>(); version > kSchema || version < 1)
    fail(
        "records.schema",
        fmt::format("{}: written with records schema {}, this lethe reads up to {}", where, version, kSchema),
        "read it with the lethe that wrote it, or a newer one");
}

}  // namespace

std::string_view kind_of(const Record& record) {
  return std::visit([](const auto& r) { return std::string_view(r.kKind); }, record);
}

std::optional<std::int64_t> step_of(const Record& record) {
  return std::visit(
      [](const auto& r) -> std::optional<std::int64_t> {
        if constexpr (HasStep<decltype(r)>) return r.step;
        return std::nullopt;
      },
      record);
}

std::string to_line(const Entry& entry) {
  Json json{{"schema", kSchema}, {"kind", kind_of(entry.record)}, {"time", entry.time}};
  FieldWriter writer(json);
  std::visit([&writer](const auto& r) { describe(writer, r); }, entry.record);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Entry> parse_line(std::string_view line, const std::string& where) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) fail("records.json", fmt::format("{}: the line is not a JSON object", where));
  check_schema(json, where);
  const auto kind = json.find("kind");
  if (kind == json.end() || !kind->is_string())
    fail("records.json", fmt::format("{}: the line has no \"kind\"", where));
  auto record = read_kind(static_cast<Record*>(nullptr), kind->get<std::string>(), json, where);
  if (!record) return std::nullopt;
  const auto time = json.find("time");
  return Entry{time != json.end() && time->is_string() ? time->get<std::string>() : "", std::move(*record)};
}

bool may_hold_forget_text(std::string_view set) {
  constexpr std::array kept{"retain", "general", "real_authors", "world_facts", "holdout", "model"};
  for (const std::string_view name : kept)
    if (set == name) return false;
  return true;
}

bool is_to_be_forgotten(std::string_view set) { return set == "forget" || set.starts_with("forget_"); }

std::string utc_now() {
  const auto now = std::chrono::system_clock::now();
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)),
                     milliseconds);
}

}  // namespace lethe::records
