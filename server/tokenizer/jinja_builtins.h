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

// What one value may take: a template can double one with every step. Twice what a request can carry.
inline constexpr size_t kMaxValueBytes = size_t{8} << 20;
inline constexpr int kMaxValueDepth = 100;

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
// Views into `text`; each byte that is not UTF-8 is one by itself.
std::vector<std::string_view> CodePoints(std::string_view text);
// About what `value` takes in memory, or some number above kMaxValueBytes. Fails beyond kMaxValueDepth.
size_t ValueBytes(const Value& value, int depth = 0);

bool HasFilter(std::string_view name);
bool HasTest(std::string_view name);
bool HasMethod(std::string_view name);
Value ApplyFilter(std::string_view name, const Value& value, const Arguments& arguments);
bool ApplyTest(std::string_view name, const Value& value, const Arguments& arguments);
Value CallMethod(const Value& object, std::string_view name, const Arguments& arguments);
// `left op right` for every binary operator that evaluates both sides.
Value ApplyBinary(std::string_view op, const Value& left, const Value& right);

}  // namespace streamtensor::server::jinja
