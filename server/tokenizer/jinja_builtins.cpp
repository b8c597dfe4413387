// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/jinja_builtins.h"

#include <utf8proc.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace streamtensor::server::jinja {
namespace {

constexpr size_t kMaxElements = size_t{1} << 20;  // that a string is taken apart into

[[noreturn]] void FailTooLarge(std::string_view what) {
  throw EvaluationError{absl::StatusCode::kResourceExhausted,
                        absl::StrCat(std::string(what), " is larger than ", kMaxValueBytes, " bytes")};
}

// Like text.find(), but in linear time, whatever the texts: 10 ns a byte at worst, which is a
// character's cost.
size_t FindText(std::string_view text, std::string_view what, size_t from = 0) {
  const void* found = memmem(text.data() + from, text.size() - from, what.data(), what.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

const Value* Find(const Arguments& arguments, size_t position, std::string_view keyword = "") {
  if (position < arguments.size() && arguments[position].first.empty()) return &arguments[position].second;
  for (const auto& [name, value] : arguments) {
    if (!keyword.empty() && name == keyword) return &value;
  }
  return nullptr;
}

const std::string& String(const Value& value, std::string_view who) {
  if (!value.is_string()) Fail(absl::StrCat(std::string(who), " needs a string, found ", TypeName(value)));
  return value.get_ref<const std::string&>();
}

// Bytes of the last code point of a text that has one.
size_t LastCodePointLength(std::string_view text) {
  if (static_cast<unsigned char>(text.back()) < 0x80) return 1;
  for (size_t length = 4; length > 1; --length) {
    if (length <= text.size() && CodePointLength(text, text.size() - length) == length) return length;
  }
  return 1;
}

utf8proc_int32_t DecodeCodePoint(std::string_view point) {
  utf8proc_int32_t code_point = 0;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(point.data()),
                   static_cast<utf8proc_ssize_t>(point.size()), &code_point);
  return code_point;
}

template <class Map>
std::string MapCodePoints(std::string_view text, Budget& budget, Map map) {
  budget.SpendCharacters(2 * text.size());
  std::string out;
  bool after_letter = false;
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t code_point = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                         static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
    if (length <= 0) {
      out.push_back(text[at++]);
      continue;
    }
    utf8proc_uint8_t buffer[4];
    const auto written = utf8proc_encode_char(map(code_point, after_letter), buffer);
    out.append(reinterpret_cast<const char*>(buffer), static_cast<size_t>(written));
    const auto category = utf8proc_category(code_point);
    after_letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
    at += static_cast<size_t>(length);
  }
  return out;
}

std::string Upper(std::string_view text, Budget& budget) {
  return MapCodePoints(text, budget, [](utf8proc_int32_t c, bool) { return utf8proc_toupper(c); });
}
std::string Lower(std::string_view text, Budget& budget) {
  return MapCodePoints(text, budget, [](utf8proc_int32_t c, bool) { return utf8proc_tolower(c); });
}
std::string Title(std::string_view text, Budget& budget) {
  return MapCodePoints(text, budget, [](utf8proc_int32_t c, bool inside) {
    return inside ? utf8proc_tolower(c) : utf8proc_totitle(c);
  });
}
std::string Capitalize(std::string_view text, Budget& budget) {
  if (text.empty()) return "";
  const size_t first = CodePointLength(text, 0);
  return Title(text.substr(0, first), budget) + Lower(text.substr(first), budget);
}

// Python's str.isspace() for one code point.
bool IsPythonSpace(utf8proc_int32_t c) {
  return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

std::string Strip(std::string_view text, const Value* characters, bool left, bool right, Budget& budget) {
  absl::flat_hash_set<std::string_view> set;
  const bool has_set = characters != nullptr && !characters->is_null();
  if (has_set) {
    const std::string_view wanted = String(*characters, "strip()");
    budget.SpendCharacters(2 * wanted.size());
    for (size_t at = 0; at < wanted.size(); at += CodePointLength(wanted, at)) {
      set.insert(wanted.substr(at, CodePointLength(wanted, at)));
    }
  }
  const auto strips = [&](std::string_view point) {
    budget.Spend(Budget::kCostOfElement);
    return has_set ? set.contains(point) : IsPythonSpace(DecodeCodePoint(point));
  };
  while (left && !text.empty()) {
    const size_t length = CodePointLength(text, 0);
    if (!strips(text.substr(0, length))) break;
    text.remove_prefix(length);
  }
  while (right && !text.empty()) {
    const size_t length = LastCodePointLength(text);
    if (!strips(text.substr(text.size() - length))) break;
    text.remove_suffix(length);
  }
  budget.Spend(text.size());
  return std::string(text);
}

std::string ReplaceAll(const std::string& text, const std::string& from, const std::string& to,
                       Budget& budget) {
  if (from.empty()) Fail("replace() of an empty string is outside the supported subset");
  budget.SpendCharacters(text.size());
  std::string out;
  size_t at = 0;
  for (size_t next; (next = FindText(text, from, at)) != std::string::npos; at = next + from.size()) {
    budget.Spend(Budget::kCostOfElement + to.size());
    out.append(text, at, next - at).append(to);
    if (out.size() > kMaxValueBytes) FailTooLarge("what replace() makes");
  }
  return out.append(text, at);
}

void AddPart(Value& parts, std::string part, Budget& budget) {
  budget.Spend(Budget::kCostOfElement + part.size());
  if (parts.size() == kMaxElements) FailTooLarge("what split() makes");
  parts.push_back(std::move(part));
}

Value Split(const std::string& text, const Arguments& arguments, Budget& budget) {
  Value parts = Value::array();
  const Value* separator = Find(arguments, 0, "sep");
  if (Find(arguments, 1, "maxsplit") != nullptr) Fail("split() with a limit is outside the supported subset");
  if (separator == nullptr || separator->is_null()) {
    budget.SpendCharacters(text.size());
    size_t begin = 0;
    const auto end_word = [&](size_t end) {
      if (end > begin) AddPart(parts, text.substr(begin, end - begin), budget);
    };
    for (size_t at = 0; at < text.size();) {
      const size_t length = CodePointLength(text, at);
      if (IsPythonSpace(DecodeCodePoint(std::string_view(text).substr(at, length)))) {
        end_word(at);
        begin = at + length;
      }
      at += length;
    }
    end_word(text.size());
    return parts;
  }
  const std::string& by = String(*separator, "split()");
  if (by.empty()) Fail("split() by an empty string");
  budget.SpendCharacters(text.size());
  size_t at = 0;
  for (size_t next; (next = FindText(text, by, at)) != std::string::npos; at = next + by.size()) {
    AddPart(parts, text.substr(at, next - at), budget);
  }
  AddPart(parts, text.substr(at), budget);
  return parts;
}

// json.dumps(value, ensure_ascii=False), as the transformers library defines `tojson`.
void AppendJson(const Value& value, Budget& budget, std::string& out) {
  budget.Spend(Budget::kCostOfElement);
  if (value.is_structured()) {
    out += value.is_array() ? '[' : '{';
    bool first = true;
    for (const auto& item : value.items()) {
      if (!first) out += ", ";
      first = false;
      if (value.is_object()) out += Value(item.key()).dump() + ": ";
      AppendJson(item.value(), budget, out);
    }
    out += value.is_array() ? ']' : '}';
    return;
  }
  if (IsUndefined(value)) Fail("tojson of an undefined value");
  if (value.is_string()) budget.SpendCharacters(value.get_ref<const std::string&>().size());
  out += value.dump(-1, ' ', false, Value::error_handler_t::replace);
  if (out.size() > kMaxValueBytes) FailTooLarge("what tojson makes");
}

Value Length(const Value& value, Budget& budget) {
  if (IsUndefined(value)) return 0;
  if (!value.is_string() && !value.is_array() && !value.is_object()) {
    Fail(absl::StrCat("length of ", TypeName(value)));
  }
  return value.is_string() ? CountCodePoints(value.get_ref<const std::string&>(), budget) : value.size();
}

Value Join(const Value& value, const Arguments& arguments, Budget& budget) {
  const Value* separator = Find(arguments, 0, "d");
  const std::string between = separator == nullptr ? "" : Text(*separator);
  std::string out;
  bool first = true;
  for (const Value& element : Elements(value, budget)) {
    if (!std::exchange(first, false)) out += between;
    out += Text(element);
    budget.Spend(Budget::kCostOfElement + between.size());
    if (out.size() > kMaxValueBytes) FailTooLarge("what join() makes");
  }
  return out;
}

Value End(const Value& value, bool last, Budget& budget) {
  if (value.is_string()) {
    const std::string_view text = value.get_ref<const std::string&>();
    if (text.empty()) return Undefined();
    return last ? text.substr(text.size() - LastCodePointLength(text))
                : text.substr(0, CodePointLength(text, 0));
  }
  if (value.is_array() && !value.empty()) {
    const Value& end = last ? value.back() : value.front();
    budget.Spend(ValueBytes(end, budget));
    return end;
  }
  const std::vector<Value> elements = Elements(value, budget);
  if (elements.empty()) return Undefined();
  return last ? elements.back() : elements.front();
}

Value Default(const Value& value, const Arguments& arguments) {
  const Value* boolean = Find(arguments, 1, "boolean");
  const bool replace = IsUndefined(value) || (boolean != nullptr && Truthy(*boolean) && !Truthy(value));
  const Value* other = Find(arguments, 0, "default_value");
  return !replace ? value : other != nullptr ? *other : Value("");
}

// Value pairs, as dict.items() and the filter give them.
Value Items(const Value& object, Budget& budget) {
  if (!object.is_object()) Fail("items of something that is not a mapping");
  budget.Spend(ValueBytes(object, budget) + 2 * Budget::kCostOfElement * object.size());
  Value items = Value::array();
  for (const auto& item : object.items()) items.push_back(Value::array({item.key(), item.value()}));
  return items;
}

using Filter = std::function<Value(const Value&, const Arguments&, Budget&)>;

// Text(), accounted for.
std::string Printed(const Value& value, Budget& budget) {
  std::string text = Text(value);
  budget.Spend(text.size());
  return text;
}

const std::map<std::string_view, Filter>& Filters() {
  static const auto* filters = new std::map<std::string_view, Filter>{
      {"trim",
       [](const Value& v, const Arguments& a, Budget& b) -> Value {
         return Strip(Printed(v, b), Find(a, 0, "chars"), true, true, b);
       }},
      {"upper", [](const Value& v, const Arguments&, Budget& b) -> Value { return Upper(Printed(v, b), b); }},
      {"lower", [](const Value& v, const Arguments&, Budget& b) -> Value { return Lower(Printed(v, b), b); }},
      {"capitalize",
       [](const Value& v, const Arguments&, Budget& b) -> Value { return Capitalize(Printed(v, b), b); }},
      {"length", [](const Value& v, const Arguments&, Budget& b) { return Length(v, b); }},
      {"count", [](const Value& v, const Arguments&, Budget& b) { return Length(v, b); }},
      {"string", [](const Value& v, const Arguments&, Budget& b) -> Value { return Printed(v, b); }},
      {"safe", [](const Value& v, const Arguments&, Budget&) { return v; }},
      {"tojson",
       [](const Value& v, const Arguments& a, Budget& b) -> Value {
         if (!a.empty()) Fail("tojson with arguments is outside the supported subset");
         std::string out;
         AppendJson(v, b, out);
         return out;
       }},
      {"join", Join},
      {"first", [](const Value& v, const Arguments&, Budget& b) { return End(v, false, b); }},
      {"last", [](const Value& v, const Arguments&, Budget& b) { return End(v, true, b); }},
      {"default", [](const Value& v, const Arguments& a, Budget&) { return Default(v, a); }},
      {"d", [](const Value& v, const Arguments& a, Budget&) { return Default(v, a); }},
      {"list", [](const Value& v, const Arguments&, Budget& b) -> Value { return Elements(v, b); }},
      {"items",
       [](const Value& v, const Arguments&, Budget& b) -> Value {
         return IsUndefined(v) ? Value::array() : Items(v, b);
       }},
      {"replace",
       [](const Value& v, const Arguments& a, Budget& b) -> Value {
         if (Find(a, 0, "old") == nullptr || Find(a, 1, "new") == nullptr) Fail("replace needs two strings");
         return ReplaceAll(Printed(v, b), Printed(*Find(a, 0, "old"), b), Printed(*Find(a, 1, "new"), b), b);
       }},
  };
  return *filters;
}

using Test = std::function<bool(const Value&, const Arguments&, Budget&)>;

const Value& Operand(const Arguments& arguments) {
  const Value* operand = Find(arguments, 0);
  if (operand == nullptr) Fail("this test needs an argument");
  return *operand;
}

const std::map<std::string_view, Test>& Tests() {
  auto equal = [](const Value& v, const Arguments& a, Budget& b) {
    return Truthy(ApplyBinary("==", v, Operand(a), b));
  };
  static const auto* tests = new std::map<std::string_view, Test>{
      {"defined", [](const Value& v, const Arguments&, Budget&) { return !IsUndefined(v); }},
      {"undefined", [](const Value& v, const Arguments&, Budget&) { return IsUndefined(v); }},
      {"none", [](const Value& v, const Arguments&, Budget&) { return v.is_null(); }},
      {"string", [](const Value& v, const Arguments&, Budget&) { return v.is_string(); }},
      {"mapping", [](const Value& v, const Arguments&, Budget&) { return v.is_object(); }},
      {"number", [](const Value& v, const Arguments&, Budget&) { return v.is_number() || v.is_boolean(); }},
      {"integer", [](const Value& v, const Arguments&, Budget&) { return v.is_number_integer(); }},
      {"boolean", [](const Value& v, const Arguments&, Budget&) { return v.is_boolean(); }},
      {"true", [](const Value& v, const Arguments&, Budget&) { return v.is_boolean() && v.get<bool>(); }},
      {"false", [](const Value& v, const Arguments&, Budget&) { return v.is_boolean() && !v.get<bool>(); }},
      {"sequence", [](const Value& v, const Arguments&,
                      Budget&) { return v.is_array() || v.is_string() || v.is_object(); }},
      {"iterable", [](const Value& v, const Arguments&,
                      Budget&) { return v.is_array() || v.is_string() || v.is_object() || IsUndefined(v); }},
      {"equalto", equal},
      {"eq", equal},
      {"ne", [equal](const Value& v, const Arguments& a, Budget& b) { return !equal(v, a, b); }},
      {"in", [](const Value& v, const Arguments& a,
                Budget& b) { return Truthy(ApplyBinary("in", v, Operand(a), b)); }},
      {"odd", [](const Value& v, const Arguments&, Budget& b) { return Truthy(ApplyBinary("%", v, 2, b)); }},
      {"even",
       [](const Value& v, const Arguments&, Budget& b) { return !Truthy(ApplyBinary("%", v, 2, b)); }},
      {"divisibleby", [](const Value& v, const Arguments& a,
                         Budget& b) { return !Truthy(ApplyBinary("%", v, Operand(a), b)); }},
  };
  return *tests;
}

constexpr std::string_view kMethods[] = {"strip", "lstrip", "rstrip", "startswith", "endswith", "split",
                                         "upper", "lower",  "title",  "capitalize", "replace",  "join",
                                         "get",   "items",  "keys",   "values"};

int64_t Integer(const Value& value) { return value.is_boolean() ? value.get<bool>() : value.get<int64_t>(); }
bool IsIntegral(const Value& value) { return value.is_number_integer() || value.is_boolean(); }
bool IsNumeric(const Value& value) { return value.is_number() || value.is_boolean(); }
double Real(const Value& value) {
  return IsIntegral(value) ? static_cast<double>(Integer(value)) : value.get<double>();
}

Value Arithmetic(std::string_view op, const Value& left, const Value& right) {
  if (IsIntegral(left) && IsIntegral(right) && op != "/") {
    const int64_t a = Integer(left), b = Integer(right);
    int64_t result = 0;
    bool overflow = false;
    if (op == "+") overflow = __builtin_add_overflow(a, b, &result);
    if (op == "-") overflow = __builtin_sub_overflow(a, b, &result);
    if (op == "*") overflow = __builtin_mul_overflow(a, b, &result);
    if (op == "//" || op == "%") {
      if (b == 0) Fail("division by zero");
      if (b == -1) {
        overflow = __builtin_sub_overflow(int64_t{0}, a, &result);
        if (op == "%") return 0;
      } else {
        // Python rounds the quotient down; the remainder takes the divisor's sign.
        const bool rounded_up = a % b != 0 && (a % b < 0) != (b < 0);
        result = op == "%" ? a % b + (rounded_up ? b : 0) : a / b - (rounded_up ? 1 : 0);
      }
    }
    if (overflow) Fail("integer overflow");
    return result;
  }
  const double a = Real(left), b = Real(right);
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (b == 0) Fail("division by zero");
  if (op == "/") return a / b;
  return op == "//" ? std::floor(a / b) : a - std::floor(a / b) * b;
}

bool IsEqual(const Value& left, const Value& right, Budget& budget) {
  if (IsUndefined(left) || IsUndefined(right)) return IsUndefined(left) && IsUndefined(right);
  if (IsNumeric(left) && IsNumeric(right)) return Real(left) == Real(right);
  if (left.type() != right.type() || left.size() != right.size()) return false;
  budget.Spend(ValueBytes(left, budget));
  return left == right;
}

bool Contains(const Value& element, const Value& container, Budget& budget) {
  if (container.is_string()) {
    const auto& text = container.get_ref<const std::string&>();
    budget.SpendCharacters(text.size());
    return FindText(text, String(element, "'in' a string")) != std::string::npos;
  }
  if (container.is_object()) {
    return element.is_string() &&
           FindMember(container, element.get_ref<const std::string&>(), budget) != nullptr;
  }
  if (container.is_array()) {
    return std::any_of(container.begin(), container.end(), [&](const Value& each) {
      budget.Spend(Budget::kCostOfElement);
      return IsEqual(each, element, budget);
    });
  }
  if (IsUndefined(container)) return false;
  Fail(absl::StrCat("'in' needs a string, a list or a dictionary, found ", TypeName(container)));
}

}  // namespace

void Budget::FailExhausted() {
  throw EvaluationError{absl::StatusCode::kResourceExhausted,
                        absl::StrCat("more than ", kMaxCost, " bytes of work")};
}

void Fail(std::string message) {
  throw EvaluationError{absl::StatusCode::kInvalidArgument, std::move(message)};
}

bool Truthy(const Value& value) {
  if (IsUndefined(value) || value.is_null()) return false;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return Real(value) != 0;
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.empty();
}

std::string TypeName(const Value& value) {
  if (IsUndefined(value)) return "an undefined value";
  if (value.is_null()) return "none";
  if (value.is_boolean()) return "a boolean";
  if (value.is_number()) return "a number";
  if (value.is_string()) return "a string";
  return value.is_array() ? "a list" : "a dictionary";
}

std::string Text(const Value& value) {
  if (IsUndefined(value)) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "None";
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_number_integer()) return absl::StrCat(value.get<int64_t>());
  if (value.is_number()) return value.dump();
  Fail(absl::StrCat("printing ", TypeName(value), " is outside the supported subset; use tojson or join"));
}

size_t CodePointLength(std::string_view text, size_t at) {
  utf8proc_int32_t code_point;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                       static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
  return length > 0 ? static_cast<size_t>(length) : 1;
}

size_t CountCodePoints(std::string_view text, Budget& budget) {
  budget.SpendCharacters(text.size());
  size_t count = 0;
  for (size_t at = 0; at < text.size(); at += CodePointLength(text, at)) ++count;
  return count;
}

size_t ValueBytes(const Value& value, Budget& budget, int depth) {
  if (value.is_string()) return value.get_ref<const std::string&>().size();
  if (!value.is_structured()) return 0;
  if (depth == kMaxValueDepth) Fail(absl::StrCat("a value nested deeper than ", kMaxValueDepth));
  size_t bytes = 0;
  for (const Value& element : value) {
    budget.Spend(sizeof(Value));
    bytes += sizeof(Value) + ValueBytes(element, budget, depth + 1);
    if (bytes > kMaxValueBytes) break;
  }
  if (value.is_object()) {
    for (const auto& item : value.items()) bytes += item.key().size() + sizeof(std::string);
  }
  return bytes;
}

std::vector<Value> Elements(const Value& value, Budget& budget) {
  std::vector<Value> elements;
  if (value.is_array()) {
    budget.Spend(2 * ValueBytes(value, budget));
    elements.assign(value.begin(), value.end());
  } else if (value.is_object()) {
    budget.Spend(Budget::kCostOfElement * value.size());
    for (const auto& item : value.items()) elements.emplace_back(item.key());
  } else if (value.is_string()) {
    const std::string_view text = value.get_ref<const std::string&>();
    for (size_t at = 0; at < text.size(); at += CodePointLength(text, at)) {
      if (elements.size() == kMaxElements) FailTooLarge("the list of a text's characters");
      budget.Spend(Budget::kCostOfElement);
      elements.emplace_back(text.substr(at, CodePointLength(text, at)));
    }
  } else if (!IsUndefined(value)) {
    Fail(absl::StrCat(TypeName(value), " has no elements"));
  }
  return elements;
}

// A dictionary is a list of its members: finding one looks at all.
const Value* FindMember(const Value& object, const std::string& key, Budget& budget) {
  budget.Spend(sizeof(Value) * object.size());
  const auto found = object.find(key);
  return found != object.end() ? &*found : nullptr;
}

Value& AddMember(Value& object, const std::string& key, Budget& budget) {
  budget.Spend(sizeof(Value) * object.size() + Budget::kCostOfElement);
  return object[key];
}

bool HasFilter(std::string_view name) { return Filters().contains(name); }
bool HasTest(std::string_view name) { return Tests().contains(name); }
bool HasMethod(std::string_view name) {
  return std::find(std::begin(kMethods), std::end(kMethods), name) != std::end(kMethods);
}

Value ApplyFilter(std::string_view name, const Value& value, const Arguments& arguments, Budget& budget) {
  return Filters().at(name)(value, arguments, budget);
}

bool ApplyTest(std::string_view name, const Value& value, const Arguments& arguments, Budget& budget) {
  return Tests().at(name)(value, arguments, budget);
}

Value CallMethod(const Value& object, std::string_view name, const Arguments& arguments, Budget& budget) {
  if (object.is_object()) {
    if (name == "items") return Items(object, budget);
    if (name == "keys") return Elements(object, budget);
    if (name == "get") {
      const Value* key = Find(arguments, 0);
      if (key == nullptr || !key->is_string()) Fail("get() needs a string");
      const Value* const found = FindMember(object, key->get_ref<const std::string&>(), budget);
      if (found != nullptr) return *found;
      const Value* other = Find(arguments, 1);
      return other != nullptr ? *other : Value(nullptr);
    }
    if (name == "values") {
      budget.Spend(2 * ValueBytes(object, budget));
      Value values = Value::array();
      for (const auto& item : object.items()) values.push_back(item.value());
      return values;
    }
  }
  if (!object.is_string()) Fail(absl::StrCat(TypeName(object), " has no method ", std::string(name), "()"));
  const auto& text = object.get_ref<const std::string&>();
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    return Strip(text, Find(arguments, 0), name != "rstrip", name != "lstrip", budget);
  }
  if (name == "upper") return Upper(text, budget);
  if (name == "lower") return Lower(text, budget);
  if (name == "title") return Title(text, budget);
  if (name == "capitalize") return Capitalize(text, budget);
  if (name == "split") return Split(text, arguments, budget);
  const Value* first = Find(arguments, 0);
  if (first == nullptr) Fail(absl::StrCat(std::string(name), "() needs an argument"));
  if (name == "startswith") return text.starts_with(String(*first, "startswith()"));
  if (name == "endswith") return text.ends_with(String(*first, "endswith()"));
  if (name == "join") return Join(*first, {{"", object}}, budget);
  if (name == "replace" && Find(arguments, 1) != nullptr) {
    return ReplaceAll(text, String(*first, "replace()"), String(*Find(arguments, 1), "replace()"), budget);
  }
  Fail(
      absl::StrCat("a string has no method ", std::string(name), "() with ", arguments.size(), " arguments"));
}

Value ApplyBinary(std::string_view op, const Value& left, const Value& right, Budget& budget) {
  if (op == "==" || op == "!=") return IsEqual(left, right, budget) == (op == "==");
  if (op == "in") return Contains(left, right, budget);
  if (op == "not in") return !Contains(left, right, budget);
  if (op == "~") return Printed(left, budget) + Printed(right, budget);
  const bool strings = left.is_string() && right.is_string();
  const bool numbers = IsNumeric(left) && IsNumeric(right);
  if (op == "<" || op == ">" || op == "<=" || op == ">=") {
    if (!strings && !numbers)
      Fail(absl::StrCat("'", std::string(op), "' between ", TypeName(left), " and ", TypeName(right)));
    if (strings) {
      budget.Spend(
          std::min(left.get_ref<const std::string&>().size(), right.get_ref<const std::string&>().size()));
    }
    const int order = strings
                          ? left.get_ref<const std::string&>().compare(right.get_ref<const std::string&>())
                          : (Real(left) > Real(right)) - (Real(left) < Real(right));
    return op == "<" ? order < 0 : op == ">" ? order > 0 : op == "<=" ? order <= 0 : order >= 0;
  }
  if (op == "+" && strings) return left.get_ref<const std::string&>() + right.get_ref<const std::string&>();
  if (op == "+" && left.is_array() && right.is_array()) {
    Value sum = left;
    for (const Value& element : right) sum.push_back(element);
    return sum;
  }
  if (!numbers)
    Fail(absl::StrCat("'", std::string(op), "' between ", TypeName(left), " and ", TypeName(right)));
  return Arithmetic(op, left, right);
}

}  // namespace streamtensor::server::jinja
