// SPDX-License-Identifier: Apache-2.0
// Filters, tests, methods and text forms of the supported subset of Jinja. Failures are thrown as
// EvaluationError and Interruption, which ChatTemplate::Render() turns into a status: nothing else may call
// these.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/tokenizer/jinja_syntax.h"
#include "server/tokenizer/polled_work.h"

namespace streamtensor::server::jinja {

struct EvaluationError {
  absl::StatusCode code;
  std::string message;  // without the line
};
[[noreturn]] void Fail(std::string message);

// The request is not wanted any longer: what poll() returned.
struct Interruption {
  absl::Status status;
};

// What a rendering may cost, in about nanoseconds of a slow host, so that it ends within about half a second.
// Every function below accounts for the bytes that it looks at and makes.
class Budget {
 public:
  static constexpr size_t kCostOfOperation = 256;
  static constexpr size_t kCostOfElement = 64;
  static constexpr size_t kCostOfCharacter = 16;  // that is taken out of UTF-8, or searched
  static constexpr size_t kMaxCost = size_t{512} << 20;

  // `poll` may be null.
  explicit Budget(PolledWork::Poll poll) : work_(std::move(poll)) {}

  // Throws EvaluationError if the budget is used up, Interruption if the request is not wanted.
  void Spend(size_t cost) {
    spent_ += cost;
    if (spent_ > kMaxCost) FailExhausted();
    if (absl::Status status = work_.Spend(cost); !status.ok()) throw Interruption{std::move(status)};
  }
  void SpendCharacters(size_t bytes) { Spend(kCostOfCharacter * bytes); }

 private:
  [[noreturn]] static void FailExhausted();

  PolledWork work_;
  size_t spent_ = 0;
};

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
std::vector<Value> Elements(const Value& value, Budget& budget);
// Bytes of the code point at `at`, which is within `text`; each byte that is not UTF-8 is one by itself.
size_t CodePointLength(std::string_view text, size_t at);
size_t CountCodePoints(std::string_view text, Budget& budget);
// About what `value` takes in memory, or some number above kMaxValueBytes. Fails beyond kMaxValueDepth.
size_t ValueBytes(const Value& value, Budget& budget, int depth = 0);

bool HasFilter(std::string_view name);
bool HasTest(std::string_view name);
bool HasMethod(std::string_view name);
Value ApplyFilter(std::string_view name, const Value& value, const Arguments& arguments, Budget& budget);
bool ApplyTest(std::string_view name, const Value& value, const Arguments& arguments, Budget& budget);
Value CallMethod(const Value& object, std::string_view name, const Arguments& arguments, Budget& budget);
// `left op right` for every binary operator that evaluates both sides.
Value ApplyBinary(std::string_view op, const Value& left, const Value& right, Budget& budget);
// The member of a dictionary; null: it has none.
const Value* FindMember(const Value& object, const std::string& key, Budget& budget);
// The same, added if need be.
Value& AddMember(Value& object, const std::string& key, Budget& budget);

}  // namespace streamtensor::server::jinja
