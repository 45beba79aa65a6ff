// Formulas over metrics, for stopping and for choosing the best checkpoint:
//   forget.probability < 0.1 and model_utility > 0.55
// Names, numbers, + - * / and parentheses, < <= > >= == !=, and or not, min(a, b) max(a, b) abs(a) hmean(…).
// A name with other characters than letters, digits, _ and . stands in single quotes: 'retain-2.probability'.
// Comparisons are 1 or 0.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::evaluation {

class Formula {
 public:
  // Errors: config.formula, with the column of the fault.
  static Formula parse(std::string text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] const std::set<std::string>& names() const noexcept { return names_; }
  // Nothing where a name that decides has no value (`and` and `or` do without, where the other side settles
  // it).
  [[nodiscard]] std::optional<double> value(const std::map<std::string, double>& metrics) const;
  // Errors: config.formula for a name that is none of `known`, with a suggestion.
  void check_names(const std::vector<std::string>& known) const;

  struct Node;

 private:
  std::string text_;
  std::set<std::string> names_;
  std::shared_ptr<const Node> root_;
};

}  // namespace lethe::evaluation
