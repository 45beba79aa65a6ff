// Expressions.
#include <algorithm>

#include "framework/base/error.h"
#include "framework/data/template/interpreter.h"
#include "framework/data/template/names.h"
#include "framework/data/template/operators.h"

namespace lethe::data::jinja {

Value Interpreter::lookup(const std::string& name) {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    budget_.spend(static_cast<std::int64_t>(scope->size() / 32));
    if (const Value* found = find_member(*scope, name)) return *found;
  }
  if (known_function(name)) return Value(Function{name});
  return Value(Undefined{name});
}

Value Interpreter::evaluate(const Expression& node) {
  budget_.spend();
  const auto& operands = node.operands;
  switch (node.kind) {
    case ExpressionKind::literal:
      return node.value;
    case ExpressionKind::name:
      return lookup(node.text);
    case ExpressionKind::list:
    case ExpressionKind::tuple:
    case ExpressionKind::mapping:
      return evaluate_container(node);
    case ExpressionKind::attribute:
      return evaluate_attribute(node);
    case ExpressionKind::subscript:
      return evaluate_subscript(node);
    case ExpressionKind::slice:
      return evaluate_slice(node);
    case ExpressionKind::call:
      return evaluate_call(node);
    case ExpressionKind::filter: {
      const Value input = evaluate(*operands[0]);
      const Arguments given = arguments(node);
      context_.line = node.line;
      return apply_filter(node.text, input, given, context_);
    }
    case ExpressionKind::test: {
      const Value input = evaluate(*operands[0]);
      const Arguments given = arguments(node);
      context_.line = node.line;
      return Value(apply_test(node.text, input, given, context_));
    }
    case ExpressionKind::conditional:
      if (evaluate(*operands[1]).truthy()) return evaluate(*operands[0]);
      return operands[2] ? evaluate(*operands[2]) : Value(Undefined{"the missing else"});
    case ExpressionKind::logical_and: {
      const Value left = evaluate(*operands[0]);
      return left.truthy() ? evaluate(*operands[1]) : left;
    }
    case ExpressionKind::logical_or: {
      const Value left = evaluate(*operands[0]);
      return left.truthy() ? left : evaluate(*operands[1]);
    }
    case ExpressionKind::logical_not:
      return Value(!evaluate(*operands[0]).truthy());
    case ExpressionKind::compare:
      return evaluate_compare(node);
    case ExpressionKind::unary:
      return apply_unary(node.text, evaluate(*operands[0]), node.line);
    case ExpressionKind::binary:
      break;
  }
  const Value left = evaluate(*operands[0]);
  return apply_binary(node.text, left, evaluate(*operands[1]), budget_, node.line);
}

Value Interpreter::evaluate_container(const Expression& node) {
  if (node.kind != ExpressionKind::mapping) {
    Items items;
    for (const auto& operand : node.operands) items.push_back(evaluate(*operand));
    return Value::list(std::move(items), node.kind == ExpressionKind::tuple);
  }
  Members members;
  for (std::size_t i = 0; i < node.operands.size(); i += 2) {
    const Value key = evaluate(*node.operands[i]);
    if (!key.text()) refuse_construct(node.line, "a mapping key that is not a string");
    Value value = evaluate(*node.operands[i + 1]);
    const auto known =
        std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.first == *key.text(); });
    if (known != members.end())
      known->second = std::move(value);
    else
      members.emplace_back(*key.text(), std::move(value));
  }
  return Value::mapping(std::move(members));
}

// Characters of a text and members of a mapping are found by walking.
void Interpreter::spend_access(const Value& object) {
  if (object.text()) budget_.spend_bytes(object.text()->size() * 16);
  if (object.mapping()) budget_.spend(static_cast<std::int64_t>(object.mapping()->members.size() / 32));
}

Value Interpreter::evaluate_attribute(const Expression& node) {
  const Value object = evaluate(*node.operands[0]);
  spend_access(object);
  return get_attribute(object, node.text, node.line);
}

Value Interpreter::evaluate_subscript(const Expression& node) {
  const Value object = evaluate(*node.operands[0]);
  const Value key = evaluate(*node.operands[1]);
  spend_access(object);
  return get_item(object, key, node.line);
}

Value Interpreter::evaluate_slice(const Expression& node) {
  const Value object = evaluate(*node.operands[0]);
  const auto bound = [&](std::size_t i) { return node.operands[i] ? evaluate(*node.operands[i]) : Value(); };
  spend_access(object);
  if (object.list()) budget_.spend(static_cast<std::int64_t>(object.list()->items.size()));
  const Value start = bound(1), stop = bound(2), step = bound(3);
  return get_slice(object, start, stop, step, node.line);
}

Value Interpreter::evaluate_call(const Expression& node) {
  const Expression& callee = *node.operands[0];
  const bool method = callee.kind == ExpressionKind::attribute;
  const Value object = method ? evaluate(*callee.operands[0]) : lookup(callee.text);
  const Arguments given = arguments(node);
  context_.line = node.line;
  if (method) return call_method(callee.text, object, given, context_);
  if (!object.function()) fail_type(node.line, fmt::format("`{}` is not a function", callee.text));
  return call_function(object.function()->name, given, context_);
}

Value Interpreter::evaluate_compare(const Expression& node) {
  Value left = evaluate(*node.operands[0]);
  for (std::size_t i = 0; i < node.operators.size(); ++i) {
    Value right = evaluate(*node.operands[i + 1]);
    budget_.spend_bytes((left.weight() + right.weight()) * 4);
    if (!apply_compare(node.operators[i], left, right, node.line)) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Arguments Interpreter::arguments(const Expression& node) {
  Arguments given;
  for (std::size_t i = 1; i < node.operands.size(); ++i)
    given.positional.push_back(evaluate(*node.operands[i]));
  for (const auto& [name, operand] : node.keywords) given.keywords.emplace_back(name, evaluate(*operand));
  return given;
}

}  // namespace lethe::data::jinja
