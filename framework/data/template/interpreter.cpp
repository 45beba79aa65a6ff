// Statements. Expressions are in evaluate.cpp.
#include "framework/data/template/interpreter.h"

#include "framework/base/error.h"
#include "framework/data/template/operators.h"

namespace lethe::data::jinja {
namespace {

void put(Members& members, const std::string& name, Value value) {
  for (auto& member : members)
    if (member.first == name) return void(member.second = std::move(value));
  members.emplace_back(name, std::move(value));
}

}  // namespace

Interpreter::Interpreter(Members variables, const Clock& clock)
    : context_{budget_, clock}, scopes_{std::move(variables), {}} {}

std::string Interpreter::run(const Block& block) {
  run_block(block);
  return std::move(out_);
}

void Interpreter::write(const std::string& text) {
  budget_.spend_bytes(text.size());
  out_ += text;
}

Interpreter::Flow Interpreter::run_block(const Block& block) {
  for (const Statement& node : block)
    if (const Flow flow = run_statement(node); flow != Flow::on) return flow;
  return Flow::on;
}

Interpreter::Flow Interpreter::run_statement(const Statement& node) {
  budget_.spend();
  switch (node.kind) {
    case StatementKind::data:
      write(node.text);
      break;
    case StatementKind::output:
      write(to_text(evaluate(*node.expression)));
      break;
    case StatementKind::conditional:
      return run_conditional(node);
    case StatementKind::loop:
      return run_loop(node);
    case StatementKind::assign:
      assign(node);
      break;
    case StatementKind::assign_block:
      assign_block(node);
      break;
    case StatementKind::leave:
      return Flow::leave;
    case StatementKind::proceed:
      return Flow::proceed;
    case StatementKind::group:
      return run_block(node.body);
  }
  return Flow::on;
}

Interpreter::Flow Interpreter::run_conditional(const Statement& node) {
  for (const Branch& branch : node.branches)
    if (!branch.condition || evaluate(*branch.condition).truthy()) return run_block(branch.body);
  return Flow::on;
}

Interpreter::Flow Interpreter::run_loop(const Statement& node) {
  const Items items = loop_items(node);
  if (items.empty()) return run_block(node.otherwise);
  return run_items(node, items);
}

Interpreter::Flow Interpreter::run_items(const Statement& node, const Items& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    budget_.spend();
    scopes_.emplace_back();
    set_targets(node, items[i]);
    put(scopes_.back(), "loop", loop_variable(items, i));
    const Flow flow = run_block(node.body);
    scopes_.pop_back();
    if (flow == Flow::leave) break;
  }
  return Flow::on;
}

// With `if`, the loop counts only what passes.
Items Interpreter::loop_items(const Statement& node) {
  context_.line = node.line;
  Items items = items_of(evaluate(*node.expression), node.line);
  budget_.spend(static_cast<std::int64_t>(items.size()));
  if (!node.condition) return items;
  Items kept;
  for (const Value& item : items) {
    scopes_.emplace_back();
    set_targets(node, item);
    if (evaluate(*node.condition).truthy()) kept.push_back(item);
    scopes_.pop_back();
  }
  return kept;
}

Value Interpreter::loop_variable(const Items& items, std::size_t index) const {
  const auto i = static_cast<std::int64_t>(index), size = static_cast<std::int64_t>(items.size());
  const auto neighbour = [&](bool there, std::size_t at, const char* name) {
    return there ? items[at] : Value(Undefined{name});
  };
  auto loop = std::make_shared<Namespace>();
  loop->members = {{"index", Value(i + 1)},
                   {"index0", Value(i)},
                   {"revindex", Value(size - i)},
                   {"revindex0", Value(size - i - 1)},
                   {"first", Value(i == 0)},
                   {"last", Value(i + 1 == size)},
                   {"length", Value(size)},
                   {"depth", Value(std::int64_t{1})},
                   {"previtem", neighbour(i > 0, index - 1, "previtem")},
                   {"nextitem", neighbour(i + 1 < size, index + 1, "nextitem")}};
  return Value(std::move(loop));
}

void Interpreter::assign(const Statement& node) {
  const Value value = evaluate(*node.expression);
  set_targets(node, value);
}

void Interpreter::assign_block(const Statement& node) {
  std::string outer = std::exchange(out_, {});
  scopes_.emplace_back();
  run_block(node.body);
  scopes_.pop_back();
  Value value(std::exchange(out_, std::move(outer)));
  set_targets(node, value);
}

void Interpreter::set_targets(const Statement& node, const Value& value) {
  if (!node.attribute.empty()) {
    Namespace* space = lookup(node.targets[0]).space();
    if (space == nullptr) fail_type(node.line, fmt::format("`{}` is not a namespace", node.targets[0]));
    if (value.space() != nullptr) refuse_construct(node.line, "a namespace inside a namespace");
    return put(space->members, node.attribute, value);
  }
  if (node.targets.size() == 1) return put(scopes_.back(), node.targets[0], value);
  const Items parts = items_of(value, node.line);
  if (parts.size() != node.targets.size())
    fail_type(node.line, fmt::format("{} values for {} names", parts.size(), node.targets.size()));
  for (std::size_t i = 0; i < parts.size(); ++i) put(scopes_.back(), node.targets[i], parts[i]);
}

}  // namespace lethe::data::jinja
