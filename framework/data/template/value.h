// Values of a template: Python's, as far as chat templates need them. Immutable but for namespaces; cheap to
// copy.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lethe::data::jinja {

class Value;
using Items = std::vector<Value>;
using Members = std::vector<std::pair<std::string, Value>>;  // in the order of insertion

struct List {
  Items items;
  bool tuple = false;
};
struct Mapping {
  Members members;
};
struct Namespace {
  Members members;
};
struct Undefined {
  std::string name;
};
struct Function {
  std::string name;
};

class Value {
 public:
  using Text = std::shared_ptr<const std::string>;
  using Variant =
      std::variant<Undefined, std::nullptr_t, bool, std::int64_t, double, Text, std::shared_ptr<const List>,
                   std::shared_ptr<const Mapping>, std::shared_ptr<Namespace>, Function>;

  Value() : data_(nullptr) {}  // none
  explicit Value(bool flag) : data_(flag) {}
  explicit Value(std::int64_t number) : data_(number) {}
  explicit Value(double number) : data_(number) {}
  explicit Value(std::string text) : data_(std::make_shared<const std::string>(std::move(text))) {}
  explicit Value(Undefined undefined) : data_(std::move(undefined)) {}
  explicit Value(Function function) : data_(std::move(function)) {}
  explicit Value(std::shared_ptr<Namespace> space) : data_(std::move(space)) {}
  // Errors: template.budget when values lie more than 100 deep, or print as more than 16 MiB: lists share
  // their items, so a few lines could make one that takes years to print or compare.
  static Value list(Items items, bool tuple = false);
  static Value mapping(Members members);

  bool is_undefined() const { return std::holds_alternative<Undefined>(data_); }
  bool is_none() const { return std::holds_alternative<std::nullptr_t>(data_); }
  const bool* flag() const { return std::get_if<bool>(&data_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data_); }
  const double* real() const { return std::get_if<double>(&data_); }
  const std::string* text() const;
  const List* list() const;
  const Mapping* mapping() const;
  Namespace* space() const;
  const Function* function() const { return std::get_if<Function>(&data_); }
  const std::string& undefined_name() const { return std::get<Undefined>(data_).name; }

  // Booleans count as 0 and 1, as in Python.
  std::optional<std::int64_t> as_integer() const;
  std::optional<double> as_number() const;

  [[nodiscard]] bool truthy() const;
  [[nodiscard]] std::string type_name() const;  // as an error message calls it
  [[nodiscard]] int depth() const noexcept { return depth_; }
  [[nodiscard]] std::size_t weight() const;  // bytes that it prints as, about

 private:
  Variant data_;
  int depth_ = 0;
  std::size_t weight_ = 8;

  void hold(const Value& item);
};

[[nodiscard]] bool equal(const Value& a, const Value& b);
[[nodiscard]] const Value* find_member(const Members& members, std::string_view key);

// Python's str() and repr(), and json.dumps(ensure_ascii=False). `indent` < 0: on one line.
[[nodiscard]] std::string to_text(const Value& value);
[[nodiscard]] std::string to_repr(const Value& value);
[[nodiscard]] std::string to_json(const Value& value, std::int64_t indent, int line);
[[nodiscard]] std::string real_to_text(double number);

}  // namespace lethe::data::jinja
