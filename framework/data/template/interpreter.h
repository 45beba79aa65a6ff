// Runs a template's tree: Jinja's scopes (a loop's body has its own, an `if` has none) over immutable values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "framework/data/template/budget.h"
#include "framework/data/template/builtins.h"
#include "framework/data/template/syntax.h"

namespace lethe::data::jinja {

class Interpreter {
 public:
  // `variables`: what the caller of the template gives it. `clock`: what strftime_now answers from.
  Interpreter(Members variables, const Clock& clock);

  // Errors: template.raised, template.type, template.budget, template.construct.
  [[nodiscard]] std::string run(const Block& block);

 private:
  enum class Flow { on, leave, proceed };

  // statements
  Flow run_block(const Block& block);
  Flow run_statement(const Statement& node);
  Flow run_conditional(const Statement& node);
  Flow run_loop(const Statement& node);
  Flow run_items(const Statement& node, const Items& items);
  Items loop_items(const Statement& node);
  Value loop_variable(const Items& items, std::size_t index) const;
  void assign(const Statement& node);
  void assign_block(const Statement& node);
  void set_targets(const Statement& node, const Value& value);
  void write(const std::string& text);

  // expressions
  Value evaluate(const Expression& node);
  Value evaluate_container(const Expression& node);
  void spend_access(const Value& object);
  Value evaluate_attribute(const Expression& node);
  Value evaluate_subscript(const Expression& node);
  Value evaluate_slice(const Expression& node);
  Value evaluate_call(const Expression& node);
  Value evaluate_compare(const Expression& node);
  Value lookup(const std::string& name);
  Arguments arguments(const Expression& node);

  Budget budget_;
  CallContext context_;
  std::vector<Members> scopes_;
  std::string out_;
};

}  // namespace lethe::data::jinja
