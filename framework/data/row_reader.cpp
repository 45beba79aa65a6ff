#include "framework/data/row_reader.h"

#include "framework/base/error.h"
#include "framework/base/text.h"

namespace lethe::data {
namespace {

constexpr std::size_t kMaxColumns = 64;  // remembered for the message only

std::string kind_of(Json value) {
  switch (value.type()) {
    case simdjson::dom::element_type::ARRAY:
      return "a list";
    case simdjson::dom::element_type::OBJECT:
      return "an object";
    case simdjson::dom::element_type::STRING:
      return "a string";
    case simdjson::dom::element_type::BOOL:
      return "true or false";
    case simdjson::dom::element_type::NULL_VALUE:
      return "null";
    default:
      return "a number";
  }
}

// Whatever goes on behind the prefix.
void insert_spaces(Sample& sample) {
  sample.answer.insert(0, " ");
  if (!sample.paraphrased_answer.empty()) sample.paraphrased_answer.insert(0, " ");
  for (auto* others : {&sample.perturbed_answers, &sample.alternate_answers})
    for (std::string& answer : *others) answer.insert(0, " ");
}

void keep_first(std::string& kept, std::string message) {
  if (kept.empty()) kept = std::move(message);
}

}  // namespace

// Of completions and text only the names differ: a prefix is asked, and its continuation answers.
RowReader::RowReader(const SourceOptions& source, std::string file)
    : source_(source), file_(std::move(file)) {
  if (source_.format == "qa") return;
  source_.question_key = source_.format == "completion" ? source_.prefix_key : "";
  source_.answer_key = source_.text_key;
}

void RowReader::read(Json row, std::int64_t number) {
  ++rows_;
  simdjson::dom::object fields;
  if (row.get(fields))
    return keep_first(wrong_shape_,
                      fmt::format("{}: row {} is {}, not an object", file_, number, kind_of(row)));
  Sample sample;
  sample.row = rows_ - 1;
  std::set<std::string_view> seen;
  for (const auto& [key, value] : fields) {
    if (!seen.insert(key).second)
      keep_first(wrong_shape_, fmt::format("{}: row {} has the field \"{}\" twice", file_, number, key));
    if (columns_.size() < kMaxColumns) columns_.emplace(key);
    note_field(sample, key, value, number);
  }
  seen.erase("");
  if (!seen.contains(source_.question_key) && missing_question_++ == 0) first_missing_question_ = number;
  if (!seen.contains(source_.answer_key) && missing_answer_++ == 0) first_missing_answer_ = number;
  if (source_.format == "completion") sample.max_continuation = source_.window;
  if (source_.format == "completion" && source_.insert_space) insert_spaces(sample);
  sample.id = sample_id(sample.question, sample.answer);
  samples_.push_back(std::move(sample));
}

void RowReader::note_field(Sample& sample, std::string_view key, Json value, std::int64_t number) {
  if (key.empty()) return;  // a column without a name; a key that is "" asks for no column
  const bool optional_null = value.is_null() && key != source_.question_key && key != source_.answer_key;
  if (optional_null) return;
  if (key == source_.question_key) read_text(sample.question, key, value, number);
  if (key == source_.answer_key) read_text(sample.answer, key, value, number);
  if (key == source_.paraphrased_question_key) read_text(sample.paraphrased_question, key, value, number);
  if (key == source_.paraphrased_answer_key) read_text(sample.paraphrased_answer, key, value, number);
  if (key == source_.perturbed_answer_key) read_texts(sample.perturbed_answers, key, value, number);
  if (key == source_.alternate_key) read_texts(sample.alternate_answers, key, value, number);
}

void RowReader::read_text(std::string& out, std::string_view key, Json value, std::int64_t number) {
  std::string_view text;
  if (value.get(text))
    return keep_first(wrong_type_, fmt::format("{}: row {}: {} is {}", file_, number, key, kind_of(value)));
  out = text;
}

void RowReader::read_texts(std::vector<std::string>& out, std::string_view key, Json value,
                           std::int64_t number) {
  simdjson::dom::array list;
  if (value.get(list)) {  // one wrong answer may stand without a list
    std::string text;
    read_text(text, key, value, number);
    return out.push_back(std::move(text));
  }
  for (const Json item : list) {
    std::string text;
    read_text(text, fmt::format("an item of {}", key), item, number);
    out.push_back(std::move(text));
  }
}

void RowReader::refuse_missing(const std::string& key, std::int64_t count, std::int64_t first) const {
  if (count == 0) return;
  const std::vector<std::string> columns(columns_.begin(), columns_.end());
  fail("data.column",
       fmt::format("{}: {} of {} rows have no \"{}\" (first: {}); columns found: {}", file_, count, rows_,
                   key, first, base::join(columns, ", ")),
       base::did_you_mean(key, columns));
}

std::vector<Sample> RowReader::finish() {
  if (!wrong_shape_.empty())
    fail("data.shape", wrong_shape_, "each row is an object with a question and an answer");
  // A completion without a prefix begins with its text, and so does running text.
  if (source_.format == "qa")
    refuse_missing(source_.question_key, missing_question_, first_missing_question_);
  refuse_missing(source_.answer_key, missing_answer_, first_missing_answer_);
  if (!wrong_type_.empty()) fail("data.type", wrong_type_, "questions and answers are strings");
  if (samples_.empty()) fail("data.empty", fmt::format("{} has no rows", file_));
  return std::move(samples_);
}

}  // namespace lethe::data
