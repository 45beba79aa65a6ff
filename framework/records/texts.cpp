#include "framework/records/texts.h"

namespace lethe::records {
namespace {

struct TextCollector {
  std::vector<std::string> texts;
  template <class T>
  void operator()(const char*, const T&) {}
  void text(const char*, const std::string& value) {
    if (!value.empty()) texts.push_back(value);
  }
};

struct TextEraser {
  template <class T>
  void operator()(const char*, T&) {}
  void text(const char*, std::string& value) { value.clear(); }
};

std::string unread(const Json& written, const Json& read, const std::string& path) {
  if (written.is_object() && read.is_object()) {
    for (const auto& [name, value] : written.items()) {
      if (!read.contains(name)) return path + name;
      if (auto part = unread(value, read[name], path + name + "."); !part.empty()) return part;
    }
    return "";
  }
  if (written.is_array() && read.is_array() && written.size() == read.size()) {
    for (std::size_t i = 0; i < written.size(); ++i)
      if (auto part = unread(written[i], read[i], fmt::format("{}{}.", path, i)); !part.empty()) return part;
    return "";
  }
  return written == read ? "" : path.substr(0, path.size() - 1);
}

}  // namespace

std::vector<std::string> texts_of(const Record& record) {
  TextCollector collector;
  std::visit([&collector](const auto& r) { describe(collector, r); }, record);
  return std::move(collector.texts);
}

void erase_texts(Record& record) {
  TextEraser eraser;
  std::visit([&eraser](auto& r) { describe(eraser, r); }, record);
  if (auto* generation = std::get_if<GenerationRecord>(&record)) generation->purged = true;
}

bool quotes_forget_text(const Record& record) {
  const auto* generation = std::get_if<GenerationRecord>(&record);
  return generation != nullptr && may_hold_forget_text(generation->set) && !texts_of(record).empty();
}

std::vector<std::string> forget_ids_of(const Record& record) {
  std::vector<std::string> ids;
  if (const auto* data = std::get_if<DataRecord>(&record)) ids = data->forget_ids;
  if (const auto* score = std::get_if<ScoreRecord>(&record)) ids.push_back(score->id);
  if (const auto* generation = std::get_if<GenerationRecord>(&record);
      generation && may_hold_forget_text(generation->set))
    ids.push_back(generation->id);
  if (const auto* evaluation = std::get_if<EvaluationRecord>(&record);
      evaluation && may_hold_forget_text(evaluation->set))
    for (const SampleMetrics& sample : evaluation->samples) ids.push_back(sample.id);
  if (const auto* sampler = std::get_if<SamplerRecord>(&record))
    for (const SampleWeight& weight : sampler->weights) ids.push_back(weight.id);
  return ids;
}

std::string unread_part(std::string_view line, const Entry& entry) {
  return unread(Json::parse(line), Json::parse(to_line(entry)), "");
}

}  // namespace lethe::records
