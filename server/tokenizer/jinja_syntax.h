// SPDX-License-Identifier: Apache-2.0
// The syntax tree of a chat template: the subset of Jinja (https://jinja.palletsprojects.com, "Template
// Designer Documentation") that chat templates are written in.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace streamtensor::server::jinja {

// Strings are UTF-8; a discarded value represents Jinja's undefined.
using Value = nlohmann::ordered_json;

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Expression {
  enum class Kind {
    kLiteral,    // value
    kName,       // name
    kList,       // operands
    kDict,       // operands: key, value, key, value ...
    kAttribute,  // operands[0].name
    kIndex,      // operands[0][operands[1]]
    kSlice,      // operands[0][operands[1]:operands[2]:operands[3]], absent parts null
    kCall,       // operands[0](arguments)
    kFilter,     // operands[0] | name(arguments)
    kTest,       // operands[0] is name(arguments); `negated`: is not
    kUnary,      // name: "not", "-", "+"
    kBinary,     // name: "and", "or", "in", "not in", "==", "+", "~" ...
    kCondition,  // operands[0] if operands[1] else operands[2] (may be null)
  };
  Kind kind = Kind::kLiteral;
  int line = 0;
  bool negated = false;
  std::string name;
  Value value;
  std::vector<ExpressionPtr> operands;
  std::vector<std::pair<std::string, ExpressionPtr>> arguments;  // keyword empty: positional
};

struct Statement;
using Block = std::vector<Statement>;

struct Statement {
  enum class Kind {
    kText,    // text
    kOutput,  // expression
    kIf,      // expression ? body : otherwise
    kFor,     // targets in expression [if condition]: body, otherwise when empty
    kSet,     // targets[0] [.attribute] = expression, or the rendered body where expression is null
    kBreak,
    kContinue,
  };
  Kind kind = Kind::kText;
  int line = 0;
  std::string text;
  ExpressionPtr expression;
  ExpressionPtr condition;
  std::vector<std::string> targets;
  std::string attribute;
  Block body, otherwise;
};

// Parses with trim_blocks and lstrip_blocks on, as the transformers library does.
//  INVALID_ARGUMENT  line:column, what was found and what was expected
//  UNIMPLEMENTED     a tag outside the subset
absl::StatusOr<Block> Parse(std::string_view source);

}  // namespace streamtensor::server::jinja
