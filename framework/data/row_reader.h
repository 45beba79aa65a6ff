// From JSON objects to samples. What is wrong is collected over all rows and said once.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "framework/data/options.h"
#include "framework/data/sample.h"
#include "framework/data/tokenizer/json_file.h"

namespace lethe::data {

class RowReader {
 public:
  RowReader(const SourceOptions& source, std::string file);

  // `number`: the row or line for messages, from 1.
  void read(Json row, std::int64_t number);

  // Errors: data.shape, data.column, data.type, by the first kind that occurred.
  [[nodiscard]] std::vector<Sample> finish();

 private:
  void note_field(Sample& sample, std::string_view key, Json value, std::int64_t number);
  void read_text(std::string& out, std::string_view key, Json value, std::int64_t number);
  void read_texts(std::vector<std::string>& out, std::string_view key, Json value, std::int64_t number);
  void refuse_missing(const std::string& key, std::int64_t count, std::int64_t first) const;

  SourceOptions source_;
  std::string file_;
  std::vector<Sample> samples_;
  std::set<std::string> columns_;
  std::int64_t rows_ = 0;
  std::int64_t missing_question_ = 0, first_missing_question_ = 0;
  std::int64_t missing_answer_ = 0, first_missing_answer_ = 0;
  std::string wrong_type_, wrong_shape_;  // the first of each
};

}  // namespace lethe::data
