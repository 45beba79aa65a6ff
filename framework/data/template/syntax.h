// The tree of a template. Nodes are plain; what they mean is in interpreter.h.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "framework/data/template/value.h"

namespace lethe::data::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

enum class ExpressionKind {
  literal,      // value
  name,         // text
  list,         // operands
  tuple,        // operands
  mapping,      // operands: key, value, key, value, …
  attribute,    // operands[0].text
  subscript,    // operands[0][operands[1]]
  slice,        // operands[0][operands[1]:operands[2]:operands[3]], each bound may be null
  call,         // operands[0](operands[1…], keywords)
  filter,       // operands[0] | text(operands[1…], keywords)
  test,         // operands[0] is text(operands[1…]); `is not` is wrapped in logical_not
  conditional,  // operands[0] if operands[1] else operands[2], which may be null
  logical_and,
  logical_or,
  logical_not,
  compare,  // operands joined by operators
  binary,   // operands[0] text operands[1]
  unary,    // text operands[0]
};

struct Expression {
  ExpressionKind kind = ExpressionKind::literal;
  int line = 1;
  int depth = 1;  // levels of nodes below and with this one; bounded, because evaluating recurses
  std::string text;
  Value value;
  std::vector<ExpressionPtr> operands;
  std::vector<std::string> operators;
  std::vector<std::pair<std::string, ExpressionPtr>> keywords;
};

struct Statement;
using Block = std::vector<Statement>;

enum class StatementKind { data, output, conditional, loop, assign, assign_block, leave, proceed, group };

struct Branch {
  ExpressionPtr condition;  // null: else
  Block body;
};

struct Statement {
  StatementKind kind = StatementKind::data;
  int line = 1;
  std::string text;  // data
  std::vector<std::string>
      targets;  // loop, assign: names; `space.name` when the second part is in `attribute`
  std::string attribute;
  ExpressionPtr expression;      // output, loop (what is walked), assign
  ExpressionPtr condition;       // loop: `if`
  std::vector<Branch> branches;  // conditional
  Block body, otherwise;         // loop, assign_block, group; loop's else
};

}  // namespace lethe::data::jinja
