// How a record becomes JSON and back. Each record states its fields once, in a `describe` function that any
// visitor can walk; writing, reading and purging are visitors, so they can never disagree about what a record
// holds.
//
//   template <class V, OneOf<StepRecord> R> void describe(V& visit, R& r) { visit("step", r.step); … }
//
// `visit(name, member)` is a plain field; `visit.text(name, member)` a field that may quote a sample. Numbers
// that JSON cannot hold are the strings "nan", "inf" and "-inf". An empty optional is left out.
#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "framework/base/error.h"

namespace lethe::records {

using Json = nlohmann::ordered_json;

template <class R, class T>
concept OneOf = std::same_as<std::remove_const_t<R>, T>;

class FieldWriter {
 public:
  explicit FieldWriter(Json& out) : out_(out) {}

  template <class T>
  void operator()(const char* name, const T& value) {
    out_[name] = encode(value);
  }
  template <class T>
  void operator()(const char* name, const std::optional<T>& value) {
    if (value) out_[name] = encode(*value);
  }
  template <class T>
  void text(const char* name, const T& value) {
    (*this)(name, value);
  }
  // Named numbers that stand beside the record's own fields instead of in an object of their own.
  void numbers(const std::map<std::string, double>& values) {
    for (const auto& [name, value] : values) out_[name] = encode(value);
  }

 private:
  static Json encode(double value) {
    if (std::isfinite(value)) return value;
    return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  }
  static Json encode(const std::string& value) { return value; }
  template <std::integral T>
  static Json encode(T value) {
    return value;
  }
  template <class T>
  static Json encode(const std::vector<T>& values) {
    Json array = Json::array();
    for (const T& value : values) array.push_back(encode(value));
    return array;
  }
  template <class T>
  static Json encode(const std::map<std::string, T>& values) {
    Json object = Json::object();
    for (const auto& [name, value] : values) object[name] = encode(value);
    return object;
  }
  template <class T>
  requires std::is_class_v<T>
  static Json encode(const T& value) {
    Json object = Json::object();
    FieldWriter writer(object);
    describe(writer, value);
    return object;
  }

  Json& out_;
};

// Lenient: a missing field keeps its default, an unknown one is passed over. A field of the wrong type is an
// error (records.type) that `where` (file:line) locates.
class FieldReader {
 public:
  FieldReader(const Json& in, std::string where) : in_(in), where_(std::move(where)) {}

  template <class T>
  void operator()(const char* name, T& value) {
    if (const auto found = in_.find(name); found != in_.end()) decode(*found, value, name);
  }
  template <class T>
  void operator()(const char* name, std::optional<T>& value) {
    if (const auto found = in_.find(name); found != in_.end()) decode(*found, value.emplace(), name);
  }
  template <class T>
  void text(const char* name, T& value) {
    (*this)(name, value);
  }
  // Every number whose name no other field has taken: visit it last.
  void numbers(std::map<std::string, double>& values) {
    for (const auto& [name, value] : in_.items())
      if (!taken_.contains(name) && (value.is_number() || is_special(value)))
        decode(value, values[name], name);
  }

 private:
  static bool is_special(const Json& value) { return value == "nan" || value == "inf" || value == "-inf"; }

  [[noreturn]] void wrong_type(const std::string& name, const char* expected) const {
    fail("records.type", fmt::format("{}: field \"{}\" is not {}", where_, name, expected));
  }
  void decode(const Json& in, double& value, const std::string& name) {
    taken_[name] = true;
    if (in.is_number())
      value = in.template get<double>();
    else if (in == "nan")
      value = std::numeric_limits<double>::quiet_NaN();
    else if (in == "inf")
      value = std::numeric_limits<double>::infinity();
    else if (in == "-inf")
      value = -std::numeric_limits<double>::infinity();
    else
      wrong_type(name, "a number");
  }
  void decode(const Json& in, bool& value, const std::string& name) {
    taken_[name] = true;
    if (!in.is_boolean()) wrong_type(name, "true or false");
    value = in.template get<bool>();
  }
  template <std::integral T>
  void decode(const Json& in, T& value, const std::string& name) {
    taken_[name] = true;
    const bool fits = in.is_number_unsigned()
                          ? std::in_range<T>(in.template get<std::uint64_t>())
                          : in.is_number_integer() && std::in_range<T>(in.template get<std::int64_t>());
    if (!fits) wrong_type(name, "an integer in range");
    value = in.template get<T>();
  }
  void decode(const Json& in, std::string& value, const std::string& name) {
    taken_[name] = true;
    if (!in.is_string()) wrong_type(name, "text");
    value = in.template get<std::string>();
  }
  template <class T>
  void decode(const Json& in, std::vector<T>& values, const std::string& name) {
    taken_[name] = true;
    if (!in.is_array()) wrong_type(name, "a list");
    values.clear();
    for (const Json& item : in) decode(item, values.emplace_back(), name);
  }
  template <class T>
  void decode(const Json& in, std::map<std::string, T>& values, const std::string& name) {
    taken_[name] = true;
    if (!in.is_object()) wrong_type(name, "an object");
    values.clear();
    for (const auto& [key, item] : in.items()) decode(item, values[key], key);
  }
  template <class T>
  requires std::is_class_v<T>
  void decode(const Json& in, T& value, const std::string& name) {
    taken_[name] = true;
    if (!in.is_object()) wrong_type(name, "an object");
    FieldReader reader(in, where_);
    describe(reader, value);
  }

  const Json& in_;
  std::string where_;
  std::map<std::string, bool> taken_;
};

}  // namespace lethe::records
