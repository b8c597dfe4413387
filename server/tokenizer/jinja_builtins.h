// SPDX-License-Identifier: Apache-2.0
// Filters, tests, methods and text forms of the supported subset of Jinja. Failures are thrown as
// EvaluationError, which ChatTemplate::Render() turns into a status: nothing else may call these.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/tokenizer/jinja_syntax.h"

namespace streamtensor::server::jinja {

struct EvaluationError {
  absl::StatusCode code;
  std::string message;  // without the line
};
[[noreturn]] void Fail(std::string message);

inline Value Undefined() { return Value(nlohmann::json::value_t::discarded); }
inline bool IsUndefined(const Value& value) { return value.is_discarded(); }

// Positional arguments first; keyword empty for those.
using Arguments = std::vector<std::pair<std::string, Value>>;

bool Truthy(const Value& value);
// What {{ value }} prints.
std::string Text(const Value& value);
std::string TypeName(const Value& value);
// Code points of a string, elements of a list, keys of a dictionary.
std::vector<Value> Elements(const Value& value);

bool HasFilter(std::string_view name);
bool HasTest(std::string_view name);
bool HasMethod(std::string_view name);
Value ApplyFilter(std::string_view name, const Value& value, const Arguments& arguments);
bool ApplyTest(std::string_view name, const Value& value, const Arguments& arguments);
Value CallMethod(const Value& object, std::string_view name, const Arguments& arguments);
// `left op right` for every binary operator that evaluates both sides.
Value ApplyBinary(std::string_view op, const Value& left, const Value& right);

}  // namespace streamtensor::server::jinja
