// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/jinja_builtins.h"

#include <utf8proc.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>

#include "absl/strings/str_cat.h"

namespace streamtensor::server::jinja {
namespace {

constexpr size_t kMaxElements = size_t{1} << 20;      // that a string is taken apart into
constexpr size_t kMaxStripCharacters = size_t{1024};  // each is compared with each character at an end

[[noreturn]] void FailTooLarge(std::string_view what) {
  throw EvaluationError{absl::StatusCode::kResourceExhausted,
                        absl::StrCat(std::string(what), " is larger than ", kMaxValueBytes, " bytes")};
}

// Like text.find(), but in linear time, whatever the texts.
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

size_t CodePointLength(std::string_view text, size_t at) {
  utf8proc_int32_t code_point;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                       static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
  return length > 0 ? static_cast<size_t>(length) : 1;
}

template <class Map>
std::string MapCodePoints(std::string_view text, Map map) {
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

std::string Upper(std::string_view text) {
  return MapCodePoints(text, [](utf8proc_int32_t c, bool) { return utf8proc_toupper(c); });
}
std::string Lower(std::string_view text) {
  return MapCodePoints(text, [](utf8proc_int32_t c, bool) { return utf8proc_tolower(c); });
}
std::string Title(std::string_view text) {
  return MapCodePoints(text, [](utf8proc_int32_t c, bool inside) {
    return inside ? utf8proc_tolower(c) : utf8proc_totitle(c);
  });
}
std::string Capitalize(std::string_view text) {
  if (text.empty()) return "";
  const size_t first = CodePointLength(text, 0);
  return Title(text.substr(0, first)) + Lower(text.substr(first));
}

// Python's str.isspace() for one code point.
bool IsPythonSpace(utf8proc_int32_t c) {
  return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

std::string Strip(std::string_view text, const Value* characters, bool left, bool right) {
  const std::vector<std::string_view> points = CodePoints(text);
  std::vector<std::string_view> set;
  if (characters != nullptr && !characters->is_null()) {
    set = CodePoints(String(*characters, "strip()"));
    if (set.size() > kMaxStripCharacters)
      Fail(absl::StrCat("strip() of more than ", kMaxStripCharacters, " different characters"));
  }
  auto strips = [&](std::string_view point) {
    if (characters != nullptr && !characters->is_null()) {
      return std::find(set.begin(), set.end(), point) != set.end();
    }
    utf8proc_int32_t c = 0;
    utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(point.data()),
                     static_cast<utf8proc_ssize_t>(point.size()), &c);
    return IsPythonSpace(c);
  };
  size_t begin = 0, end = points.size();
  while (left && begin < end && strips(points[begin])) ++begin;
  while (right && begin < end && strips(points[end - 1])) --end;
  if (begin == end) return "";
  return std::string(points[begin].data(), points[end - 1].data() + points[end - 1].size());
}

std::string ReplaceAll(const std::string& text, const std::string& from, const std::string& to) {
  if (from.empty()) Fail("replace() of an empty string is outside the supported subset");
  std::string out;
  size_t at = 0;
  for (size_t next; (next = FindText(text, from, at)) != std::string::npos; at = next + from.size()) {
    out.append(text, at, next - at).append(to);
    if (out.size() > kMaxValueBytes) FailTooLarge("what replace() makes");
  }
  return out.append(text, at);
}

void AddPart(Value& parts, std::string part) {
  if (parts.size() == kMaxElements) FailTooLarge("what split() makes");
  parts.push_back(std::move(part));
}

Value Split(const std::string& text, const Arguments& arguments) {
  Value parts = Value::array();
  const Value* separator = Find(arguments, 0, "sep");
  if (Find(arguments, 1, "maxsplit") != nullptr) Fail("split() with a limit is outside the supported subset");
  if (separator == nullptr || separator->is_null()) {
    std::string word;
    for (const std::string_view point : CodePoints(text)) {
      utf8proc_int32_t c = 0;
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(point.data()),
                       static_cast<utf8proc_ssize_t>(point.size()), &c);
      if (!IsPythonSpace(c)) {
        word += point;
      } else if (!word.empty()) {
        AddPart(parts, std::exchange(word, ""));
      }
    }
    if (!word.empty()) AddPart(parts, std::move(word));
    return parts;
  }
  const std::string& by = String(*separator, "split()");
  if (by.empty()) Fail("split() by an empty string");
  size_t at = 0;
  for (size_t next; (next = FindText(text, by, at)) != std::string::npos; at = next + by.size()) {
    AddPart(parts, text.substr(at, next - at));
  }
  AddPart(parts, text.substr(at));
  return parts;
}

// json.dumps(value, ensure_ascii=False), as the transformers library defines `tojson`.
std::string Json(const Value& value) {
  if (value.is_array() || value.is_object()) {
    std::string out(1, value.is_array() ? '[' : '{');
    bool first = true;
    for (const auto& item : value.items()) {
      if (!first) out += ", ";
      first = false;
      if (value.is_object()) out += Value(item.key()).dump() + ": ";
      out += Json(item.value());
    }
    return out + (value.is_array() ? ']' : '}');
  }
  if (IsUndefined(value)) Fail("tojson of an undefined value");
  return value.dump(-1, ' ', false, Value::error_handler_t::replace);
}

Value Length(const Value& value) {
  if (IsUndefined(value)) return 0;
  if (!value.is_string() && !value.is_array() && !value.is_object()) {
    Fail(absl::StrCat("length of ", TypeName(value)));
  }
  return value.is_string() ? CodePoints(value.get_ref<const std::string&>()).size() : value.size();
}

Value Join(const Value& value, const Arguments& arguments) {
  const Value* separator = Find(arguments, 0, "d");
  std::string out;
  bool first = true;
  for (const Value& element : Elements(value)) {
    if (!first && separator != nullptr) out += Text(*separator);
    first = false;
    out += Text(element);
    if (out.size() > kMaxValueBytes) FailTooLarge("what join() makes");
  }
  return out;
}

Value End(const Value& value, bool last) {
  const std::vector<Value> elements = Elements(value);
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
Value Items(const Value& object) {
  if (!object.is_object()) Fail("items of something that is not a mapping");
  Value items = Value::array();
  for (const auto& item : object.items()) items.push_back(Value::array({item.key(), item.value()}));
  return items;
}

using Filter = std::function<Value(const Value&, const Arguments&)>;

const std::map<std::string_view, Filter>& Filters() {
  static const auto* filters = new std::map<std::string_view, Filter>{
      {"trim",
       [](const Value& v, const Arguments& a) -> Value {
         return Strip(Text(v), Find(a, 0, "chars"), true, true);
       }},
      {"upper", [](const Value& v, const Arguments&) -> Value { return Upper(Text(v)); }},
      {"lower", [](const Value& v, const Arguments&) -> Value { return Lower(Text(v)); }},
      {"capitalize", [](const Value& v, const Arguments&) -> Value { return Capitalize(Text(v)); }},
      {"length", [](const Value& v, const Arguments&) { return Length(v); }},
      {"count", [](const Value& v, const Arguments&) { return Length(v); }},
      {"string", [](const Value& v, const Arguments&) -> Value { return Text(v); }},
      {"safe", [](const Value& v, const Arguments&) { return v; }},
      {"tojson",
       [](const Value& v, const Arguments& a) -> Value {
         if (!a.empty()) Fail("tojson with arguments is outside the supported subset");
         return Json(v);
       }},
      {"join", Join},
      {"first", [](const Value& v, const Arguments&) { return End(v, false); }},
      {"last", [](const Value& v, const Arguments&) { return End(v, true); }},
      {"default", Default},
      {"d", Default},
      {"list", [](const Value& v, const Arguments&) -> Value { return Elements(v); }},
      {"items",
       [](const Value& v, const Arguments&) -> Value { return IsUndefined(v) ? Value::array() : Items(v); }},
      {"replace",
       [](const Value& v, const Arguments& a) -> Value {
         if (Find(a, 0, "old") == nullptr || Find(a, 1, "new") == nullptr) Fail("replace needs two strings");
         return ReplaceAll(Text(v), Text(*Find(a, 0, "old")), Text(*Find(a, 1, "new")));
       }},
  };
  return *filters;
}

using Test = std::function<bool(const Value&, const Arguments&)>;

const Value& Operand(const Arguments& arguments) {
  const Value* operand = Find(arguments, 0);
  if (operand == nullptr) Fail("this test needs an argument");
  return *operand;
}

const std::map<std::string_view, Test>& Tests() {
  auto equal = [](const Value& v, const Arguments& a) { return Truthy(ApplyBinary("==", v, Operand(a))); };
  static const auto* tests = new std::map<std::string_view, Test>{
      {"defined", [](const Value& v, const Arguments&) { return !IsUndefined(v); }},
      {"undefined", [](const Value& v, const Arguments&) { return IsUndefined(v); }},
      {"none", [](const Value& v, const Arguments&) { return v.is_null(); }},
      {"string", [](const Value& v, const Arguments&) { return v.is_string(); }},
      {"mapping", [](const Value& v, const Arguments&) { return v.is_object(); }},
      {"number", [](const Value& v, const Arguments&) { return v.is_number() || v.is_boolean(); }},
      {"integer", [](const Value& v, const Arguments&) { return v.is_number_integer(); }},
      {"boolean", [](const Value& v, const Arguments&) { return v.is_boolean(); }},
      {"true", [](const Value& v, const Arguments&) { return v.is_boolean() && v.get<bool>(); }},
      {"false", [](const Value& v, const Arguments&) { return v.is_boolean() && !v.get<bool>(); }},
      {"sequence",
       [](const Value& v, const Arguments&) { return v.is_array() || v.is_string() || v.is_object(); }},
      {"iterable",
       [](const Value& v, const Arguments&) {
         return v.is_array() || v.is_string() || v.is_object() || IsUndefined(v);
       }},
      {"equalto", equal},
      {"eq", equal},
      {"ne", [equal](const Value& v, const Arguments& a) { return !equal(v, a); }},
      {"in", [](const Value& v, const Arguments& a) { return Truthy(ApplyBinary("in", v, Operand(a))); }},
      {"odd", [](const Value& v, const Arguments&) { return Truthy(ApplyBinary("%", v, 2)); }},
      {"even", [](const Value& v, const Arguments&) { return !Truthy(ApplyBinary("%", v, 2)); }},
      {"divisibleby",
       [](const Value& v, const Arguments& a) { return !Truthy(ApplyBinary("%", v, Operand(a))); }},
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

bool Contains(const Value& element, const Value& container) {
  if (container.is_string()) {
    return FindText(container.get_ref<const std::string&>(), String(element, "'in' a string")) !=
           std::string::npos;
  }
  if (container.is_object())
    return element.is_string() && container.contains(element.get_ref<const std::string&>());
  if (container.is_array()) return std::find(container.begin(), container.end(), element) != container.end();
  if (IsUndefined(container)) return false;
  Fail(absl::StrCat("'in' needs a string, a list or a dictionary, found ", TypeName(container)));
}

}  // namespace

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

std::vector<std::string_view> CodePoints(std::string_view text) {
  std::vector<std::string_view> points;
  for (size_t at = 0; at < text.size();) {
    const size_t length = CodePointLength(text, at);
    points.push_back(text.substr(at, length));
    at += length;
  }
  return points;
}

size_t ValueBytes(const Value& value, int depth) {
  if (value.is_string()) return value.get_ref<const std::string&>().size();
  if (!value.is_structured()) return 0;
  if (depth == kMaxValueDepth) Fail(absl::StrCat("a value nested deeper than ", kMaxValueDepth));
  size_t bytes = 0;
  for (const Value& element : value) {
    bytes += sizeof(Value) + ValueBytes(element, depth + 1);
    if (bytes > kMaxValueBytes) break;
  }
  if (value.is_object()) {
    for (const auto& item : value.items()) bytes += item.key().size() + sizeof(std::string);
  }
  return bytes;
}

std::vector<Value> Elements(const Value& value) {
  std::vector<Value> elements;
  if (value.is_array()) {
    elements.assign(value.begin(), value.end());
  } else if (value.is_object()) {
    for (const auto& item : value.items()) elements.emplace_back(item.key());
  } else if (value.is_string()) {
    const std::vector<std::string_view> points = CodePoints(value.get_ref<const std::string&>());
    if (points.size() > kMaxElements) FailTooLarge("the list of a text's characters");
    for (const std::string_view point : points) elements.emplace_back(point);
  } else if (!IsUndefined(value)) {
    Fail(absl::StrCat(TypeName(value), " has no elements"));
  }
  return elements;
}

bool HasFilter(std::string_view name) { return Filters().contains(name); }
bool HasTest(std::string_view name) { return Tests().contains(name); }
bool HasMethod(std::string_view name) {
  return std::find(std::begin(kMethods), std::end(kMethods), name) != std::end(kMethods);
}

Value ApplyFilter(std::string_view name, const Value& value, const Arguments& arguments) {
  return Filters().at(name)(value, arguments);
}

bool ApplyTest(std::string_view name, const Value& value, const Arguments& arguments) {
  return Tests().at(name)(value, arguments);
}

Value CallMethod(const Value& object, std::string_view name, const Arguments& arguments) {
  if (object.is_object()) {
    if (name == "items") return Items(object);
    if (name == "keys") return Elements(object);
    if (name == "get") {
      const Value* key = Find(arguments, 0);
      if (key == nullptr || !key->is_string()) Fail("get() needs a string");
      const auto found = object.find(key->get_ref<const std::string&>());
      if (found != object.end()) return *found;
      const Value* other = Find(arguments, 1);
      return other != nullptr ? *other : Value(nullptr);
    }
    if (name == "values") {
      Value values = Value::array();
      for (const auto& item : object.items()) values.push_back(item.value());
      return values;
    }
  }
  if (!object.is_string()) Fail(absl::StrCat(TypeName(object), " has no method ", std::string(name), "()"));
  const auto& text = object.get_ref<const std::string&>();
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    return Strip(text, Find(arguments, 0), name != "rstrip", name != "lstrip");
  }
  if (name == "upper") return Upper(text);
  if (name == "lower") return Lower(text);
  if (name == "title") return Title(text);
  if (name == "capitalize") return Capitalize(text);
  if (name == "split") return Split(text, arguments);
  const Value* first = Find(arguments, 0);
  if (first == nullptr) Fail(absl::StrCat(std::string(name), "() needs an argument"));
  if (name == "startswith") return text.starts_with(String(*first, "startswith()"));
  if (name == "endswith") return text.ends_with(String(*first, "endswith()"));
  if (name == "join") return Join(*first, {{"", object}});
  if (name == "replace" && Find(arguments, 1) != nullptr) {
    return ReplaceAll(text, String(*first, "replace()"), String(*Find(arguments, 1), "replace()"));
  }
  Fail(
      absl::StrCat("a string has no method ", std::string(name), "() with ", arguments.size(), " arguments"));
}

Value ApplyBinary(std::string_view op, const Value& left, const Value& right) {
  if (op == "==" || op == "!=") {
    const bool equal = IsUndefined(left) || IsUndefined(right) ? IsUndefined(left) && IsUndefined(right)
                       : IsNumeric(left) && IsNumeric(right)   ? Real(left) == Real(right)
                                                               : left == right;
    return equal == (op == "==");
  }
  if (op == "in") return Contains(left, right);
  if (op == "not in") return !Contains(left, right);
  if (op == "~") return Text(left) + Text(right);
  const bool strings = left.is_string() && right.is_string();
  const bool numbers = IsNumeric(left) && IsNumeric(right);
  if (op == "<" || op == ">" || op == "<=" || op == ">=") {
    if (!strings && !numbers)
      Fail(absl::StrCat("'", std::string(op), "' between ", TypeName(left), " and ", TypeName(right)));
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
