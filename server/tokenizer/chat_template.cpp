// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/chat_template.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "server/tokenizer/jinja_builtins.h"
#include "server/tokenizer/jinja_syntax.h"

namespace streamtensor::server {
namespace {

using namespace jinja;  // NOLINT: this file is the evaluator of that tree

constexpr size_t kMaxOutputBytes = size_t{16} << 20;
constexpr size_t kMaxReasonBytes = 1000;  // of a refusal's text
constexpr size_t kCostOfMadeByte = 2;     // looked at once more, at the least
// What a message takes as a value, besides its text.
constexpr size_t kBytesOfMessage = 3 * sizeof(Value) + 2 * sizeof(std::string);

constexpr std::string_view kFunctions[] = {"raise_exception", "namespace", "range", "dict"};

// --- what Create() refuses ---------------------------------------------------------------------------

absl::Status Unsupported(int line, const std::string& kind, const std::string& name) {
  return absl::UnimplementedError(absl::StrCat("chat template: line ", line, ": ", kind, " '", name,
                                               "' is outside the subset of Jinja that is supported"));
}

absl::Status CheckExpression(const Expression* expression) {
  if (expression == nullptr) return absl::OkStatus();
  using Kind = Expression::Kind;
  if (expression->kind == Kind::kFilter && !HasFilter(expression->name)) {
    return Unsupported(expression->line, "filter", expression->name);
  }
  if (expression->kind == Kind::kTest && !HasTest(expression->name)) {
    return Unsupported(expression->line, "test", expression->name);
  }
  if (expression->kind == Kind::kCall) {
    const Expression& callee = *expression->operands[0];
    if (callee.kind == Kind::kName &&
        std::find(std::begin(kFunctions), std::end(kFunctions), callee.name) == std::end(kFunctions)) {
      return Unsupported(expression->line, "function", callee.name);
    }
    if (callee.kind == Kind::kAttribute && !HasMethod(callee.name)) {
      return Unsupported(expression->line, "method", callee.name);
    }
    if (callee.kind != Kind::kName && callee.kind != Kind::kAttribute) {
      return Unsupported(expression->line, "a call of", "an expression");
    }
  }
  for (const ExpressionPtr& operand : expression->operands) {
    RETURN_IF_ERROR(CheckExpression(operand.get()));
  }
  for (const auto& [keyword, argument] : expression->arguments) {
    RETURN_IF_ERROR(CheckExpression(argument.get()));
  }
  return absl::OkStatus();
}

absl::Status CheckBlock(const Block& block) {
  for (const Statement& statement : block) {
    for (const Expression* expression : {statement.expression.get(), statement.condition.get()}) {
      RETURN_IF_ERROR(CheckExpression(expression));
    }
    for (const Block* inner : {&statement.body, &statement.otherwise}) {
      RETURN_IF_ERROR(CheckBlock(*inner));
    }
  }
  return absl::OkStatus();
}

// --- rendering ---------------------------------------------------------------------------------------

class Evaluator {
 public:
  using Scope = std::map<std::string, Value, std::less<>>;

  Evaluator(Scope globals, Budget* budget) : budget_(*budget) { scopes_.push_back(std::move(globals)); }

  std::string Run(const Block& block) {
    Render(block);
    return std::move(output_);
  }

  int line() const { return line_; }

 private:
  enum class Flow { kNext, kBreak, kContinue };

  void Charge() { budget_.Spend(Budget::kCostOfOperation); }

  // Every value that comes into being is counted, so that neither one nor all of them grow without bound.
  Value Charge(Value value) {
    const size_t bytes = ValueBytes(value, budget_);
    if (bytes > kMaxValueBytes) FailTooLarge();
    budget_.Spend(kCostOfMadeByte * bytes);
    return value;
  }

  [[noreturn]] static void FailTooLarge() {
    throw EvaluationError{absl::StatusCode::kResourceExhausted,
                          absl::StrCat("a value of more than ", kMaxValueBytes, " bytes")};
  }

  void Print(std::string_view text) {
    if (output_.size() + text.size() > kMaxOutputBytes) {
      throw EvaluationError{absl::StatusCode::kResourceExhausted,
                            absl::StrCat("more than ", kMaxOutputBytes, " bytes of text")};
    }
    budget_.Spend(text.size());
    output_ += text;
  }

  Flow Render(const Block& block) {
    for (const Statement& statement : block) {
      Charge();
      if (statement.line != 0) line_ = statement.line;
      Flow flow = Flow::kNext;
      switch (statement.kind) {
        case Statement::Kind::kText:
          Print(statement.text);
          break;
        case Statement::Kind::kOutput:
          Output(*statement.expression);
          break;
        case Statement::Kind::kIf:
          flow = Render(IsTrue(*statement.expression) ? statement.body : statement.otherwise);
          break;
        case Statement::Kind::kFor:
          flow = RenderFor(statement);
          break;
        case Statement::Kind::kSet:
          Set(statement);
          break;
        case Statement::Kind::kBreak:
          return Flow::kBreak;
        case Statement::Kind::kContinue:
          return Flow::kContinue;
      }
      if (flow != Flow::kNext) return flow;
    }
    return Flow::kNext;
  }

  void Output(const Expression& expression) {
    Value computed;
    const Value& value = Refer(expression, computed);
    if (value.is_string()) return Print(value.get_ref<const std::string&>());
    Print(Text(value));
  }

  bool IsTrue(const Expression& expression) {
    Value computed;
    return Truthy(Refer(expression, computed));
  }

  void BindTargets(const Statement& statement, const Value& element, Scope& scope) {
    budget_.Spend(ValueBytes(element, budget_));
    if (statement.targets.size() == 1) {
      scope[statement.targets[0]] = element;
      return;
    }
    if (!element.is_array() || element.size() != statement.targets.size()) {
      Fail(absl::StrCat("a loop over ", statement.targets.size(),
                        " variables needs elements of as many values"));
    }
    for (size_t i = 0; i < statement.targets.size(); ++i) scope[statement.targets[i]] = element[i];
  }

  // A break or continue ends with this loop: the caller always goes on.
  Flow RenderFor(const Statement& statement) {
    Value computed;
    std::vector<Value> elements = Elements(Refer(*statement.expression, computed), budget_);
    if (statement.condition) {
      std::vector<Value> kept;
      for (Value& element : elements) {
        Charge();
        scopes_.emplace_back();
        BindTargets(statement, element, scopes_.back());
        if (IsTrue(*statement.condition)) kept.push_back(std::move(element));
        scopes_.pop_back();
      }
      elements = std::move(kept);
    }
    if (elements.empty()) return Render(statement.otherwise);
    for (size_t i = 0; i < elements.size(); ++i) {
      Charge();
      scopes_.emplace_back();
      BindTargets(statement, elements[i], scopes_.back());
      scopes_.back()["loop"] = Charge(LoopValue(elements, i));
      const Flow flow = Render(statement.body);
      scopes_.pop_back();
      if (flow == Flow::kBreak) break;
    }
    return Flow::kNext;
  }

  static Value LoopValue(const std::vector<Value>& elements, size_t i) {
    Value loop = Value::object();
    const size_t count = elements.size();
    loop["index"] = static_cast<int64_t>(i + 1);
    loop["index0"] = static_cast<int64_t>(i);
    loop["revindex"] = static_cast<int64_t>(count - i);
    loop["revindex0"] = static_cast<int64_t>(count - i - 1);
    loop["first"] = i == 0;
    loop["last"] = i + 1 == count;
    loop["length"] = static_cast<int64_t>(count);
    if (i > 0) loop["previtem"] = elements[i - 1];
    if (i + 1 < count) loop["nextitem"] = elements[i + 1];
    return loop;
  }

  Value* Lookup(std::string_view name) {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      if (auto found = scope->find(name); found != scope->end()) return &found->second;
    }
    return nullptr;
  }

  void Set(const Statement& statement) {
    Value value;
    if (statement.expression) {
      value = Evaluate(*statement.expression);
    } else {
      std::string outer = std::exchange(output_, "");
      Render(statement.body);
      value = std::exchange(output_, std::move(outer));
    }
    if (statement.attribute.empty()) {
      scopes_.back()[statement.targets[0]] = std::move(value);
      return;
    }
    Value* target = Lookup(statement.targets[0]);
    if (target == nullptr || !target->is_object()) {
      Fail(absl::StrCat("'", statement.targets[0], "' is not a namespace"));
    }
    AddMember(*target, statement.attribute, budget_) = std::move(value);
  }

  Arguments EvaluateArguments(const Expression& call) {
    Arguments arguments;
    for (const auto& [keyword, argument] : call.arguments)
      arguments.emplace_back(keyword, Evaluate(*argument));
    return arguments;
  }

  Value Evaluate(const Expression& expression) { return Charge(EvaluateOnce(expression)); }

  // The value of a name, a member or an element without a copy of what it is part of; anything else is
  // computed into `computed`. Valid until the next Set().
  const Value& Refer(const Expression& expression, Value& computed) {
    using Kind = Expression::Kind;
    if (expression.kind == Kind::kName) {
      Charge();
      if (const Value* value = Lookup(expression.name)) return *value;
    } else if (expression.kind == Kind::kAttribute) {
      Charge();
      const Value& object = Refer(*expression.operands[0], computed);
      if (&object != &computed && object.is_object()) {
        if (const Value* found = FindMember(object, expression.name, budget_); found != nullptr)
          return *found;
      }
      line_ = expression.line;
      return computed = Member(object, expression.name);
    } else if (expression.kind == Kind::kIndex) {
      Charge();
      const Value& object = Refer(*expression.operands[0], computed);
      const Value index = Evaluate(*expression.operands[1]);
      line_ = expression.line;
      if (&object != &computed && object.is_array() && index.is_number_integer()) {
        const auto size = static_cast<int64_t>(object.size());
        const auto at = index.get<int64_t>();
        if (at >= -size && at < size) return object[static_cast<size_t>(at < 0 ? at + size : at)];
      }
      return computed = Index(object, index);
    }
    return computed = Evaluate(expression);
  }

  Value EvaluateOnce(const Expression& expression) {
    using Kind = Expression::Kind;
    Charge();
    line_ = expression.line;
    const auto& operands = expression.operands;
    switch (expression.kind) {
      case Kind::kLiteral:
        return expression.value;
      case Kind::kName: {
        const Value* value = Lookup(expression.name);
        return value != nullptr ? *value : Undefined();
      }
      case Kind::kList: {
        Value list = Value::array();
        for (const ExpressionPtr& operand : operands) list.push_back(Evaluate(*operand));
        return list;
      }
      case Kind::kDict: {
        Value dict = Value::object();
        for (size_t i = 0; i + 1 < operands.size(); i += 2) {
          const std::string key = Text(Evaluate(*operands[i]));
          Value value = Evaluate(*operands[i + 1]);
          AddMember(dict, key, budget_) = std::move(value);
        }
        return dict;
      }
      case Kind::kAttribute:
      case Kind::kIndex: {
        Value computed;
        return Refer(expression, computed);
      }
      case Kind::kSlice:
        return Slice(expression);
      case Kind::kCall:
        return Call(expression);
      case Kind::kFilter: {
        Value computed;
        const Value& value = Refer(*operands[0], computed);
        return ApplyFilter(expression.name, value, EvaluateArguments(expression), budget_);
      }
      case Kind::kTest: {
        Value computed;
        const Value& value = Refer(*operands[0], computed);
        return ApplyTest(expression.name, value, EvaluateArguments(expression), budget_) !=
               expression.negated;
      }
      case Kind::kUnary: {
        Value computed;
        const Value& value = Refer(*operands[0], computed);
        if (expression.name == "not") return !Truthy(value);
        return expression.name == "-" ? ApplyBinary("-", 0, value, budget_) : value;
      }
      case Kind::kBinary:
        return Binary(expression);
      case Kind::kCondition:
        if (IsTrue(*operands[1])) return Evaluate(*operands[0]);
        return operands[2] ? Evaluate(*operands[2]) : Undefined();
    }
    return Undefined();
  }

  Value Binary(const Expression& expression) {
    Value computed_left;
    const Value& left = Refer(*expression.operands[0], computed_left);
    if (expression.name == "and") return Truthy(left) ? Evaluate(*expression.operands[1]) : left;
    if (expression.name == "or") return Truthy(left) ? left : Evaluate(*expression.operands[1]);
    Value computed_right;
    const Value& right = Refer(*expression.operands[1], computed_right);
    line_ = expression.line;
    return ApplyBinary(expression.name, left, right, budget_);
  }

  Value Member(const Value& object, const std::string& name) {
    if (IsUndefined(object)) Fail(absl::StrCat("'", name, "' of an undefined value"));
    if (!object.is_object()) return Undefined();
    const Value* const found = FindMember(object, name, budget_);
    return found != nullptr ? *found : Undefined();
  }

  Value Index(const Value& object, const Value& index) {
    if (object.is_object() && index.is_string()) return Member(object, index.get<std::string>());
    if (IsUndefined(object)) Fail("an index into an undefined value");
    if (!index.is_number_integer() || (!object.is_array() && !object.is_string())) return Undefined();
    const auto size = static_cast<int64_t>(
        object.is_string() ? CountCodePoints(object.get_ref<const std::string&>(), budget_) : object.size());
    auto at = index.get<int64_t>();
    if (at < -size || at >= size) return Undefined();
    if (at < 0) at += size;
    if (!object.is_string()) return object[static_cast<size_t>(at)];
    std::string_view text = object.get_ref<const std::string&>();
    while (at-- > 0) text.remove_prefix(CodePointLength(text, 0));
    return text.substr(0, CodePointLength(text, 0));
  }

  // Views into `text`; each byte that is not UTF-8 is one by itself.
  std::vector<std::string_view> CodePoints(std::string_view text) {
    budget_.SpendCharacters(text.size());
    std::vector<std::string_view> points;
    for (size_t at = 0; at < text.size(); at += points.back().size()) {
      points.push_back(text.substr(at, CodePointLength(text, at)));
    }
    return points;
  }

  Value Slice(const Expression& expression) {
    Value computed;
    const Value& object = Refer(*expression.operands[0], computed);
    if (!object.is_array() && !object.is_string()) Fail(absl::StrCat("a slice of ", TypeName(object)));
    std::vector<std::string_view> points;
    if (object.is_string()) points = CodePoints(object.get_ref<const std::string&>());
    const auto size = static_cast<int64_t>(object.is_string() ? points.size() : object.size());
    auto part = [&](size_t i) -> std::optional<int64_t> {
      if (!expression.operands[i]) return std::nullopt;
      const Value value = Evaluate(*expression.operands[i]);
      if (value.is_null()) return std::nullopt;
      if (!value.is_number_integer()) Fail(absl::StrCat("a slice by ", TypeName(value)));
      return value.get<int64_t>();
    };
    const int64_t step = std::clamp<int64_t>(part(3).value_or(1), -size - 1, size + 1);
    if (step == 0) Fail("a slice with step 0");
    const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
    auto bound = [&](std::optional<int64_t> value, int64_t otherwise) {
      if (!value) return otherwise;
      return std::clamp(*value < 0 ? std::max(*value, -size - 1) + size : *value, low, high);
    };
    int64_t at = bound(part(1), step > 0 ? low : high);
    const int64_t end = bound(part(2), step > 0 ? high : low);
    Value list = Value::array();
    std::string text;
    for (; step > 0 ? at < end : at > end; at += step) {
      budget_.Spend(Budget::kCostOfElement);
      if (object.is_string())
        text += points[static_cast<size_t>(at)];
      else
        list.push_back(object[static_cast<size_t>(at)]);
    }
    return object.is_string() ? Value(std::move(text)) : list;
  }

  Value Call(const Expression& expression) {
    const Expression& callee = *expression.operands[0];
    if (callee.kind == Expression::Kind::kAttribute) {
      Value computed;
      const Value& object = Refer(*callee.operands[0], computed);
      Arguments arguments = EvaluateArguments(expression);
      line_ = expression.line;
      return CallMethod(object, callee.name, arguments, budget_);
    }
    Arguments arguments = EvaluateArguments(expression);
    line_ = expression.line;
    if (callee.name == "raise_exception") {
      Fail(arguments.empty() ? "the template refuses this conversation" : Reason(Text(arguments[0].second)));
    }
    if (callee.name == "range") return Range(arguments);
    Value object = Value::object();  // namespace(), dict()
    for (auto& [keyword, value] : arguments) {
      if (keyword.empty()) Fail(absl::StrCat(callee.name, "() takes keyword arguments only"));
      AddMember(object, keyword, budget_) = std::move(value);
    }
    return object;
  }

  // What a status may carry.
  static std::string Reason(const std::string& text) {
    std::string reason;
    const std::string_view kept = std::string_view(text).substr(0, kMaxReasonBytes);
    for (size_t at = 0; at < kept.size(); at += CodePointLength(kept, at)) {
      const std::string_view point = kept.substr(at, CodePointLength(kept, at));
      reason += base::PrintableBytes(point, 0) == point.size() ? point : std::string_view(" ");
    }
    return reason;
  }

  Value Range(const Arguments& arguments) {
    int64_t part[3] = {0, 0, 1};
    if (arguments.empty() || arguments.size() > 3) Fail("range() takes one to three integers");
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (!arguments[i].second.is_number_integer()) Fail("range() takes integers");
      part[arguments.size() == 1 ? 1 : i] = arguments[i].second.get<int64_t>();
    }
    if (part[2] == 0) Fail("range() with step 0");
    Value list = Value::array();
    for (int64_t at = part[0]; part[2] > 0 ? at < part[1] : at > part[1];) {
      budget_.Spend(Budget::kCostOfElement);
      if (list.size() * sizeof(Value) > kMaxValueBytes) FailTooLarge();
      list.push_back(at);
      if (__builtin_add_overflow(at, part[2], &at)) break;
    }
    return list;
  }

  std::vector<Scope> scopes_;
  std::string output_;
  Budget& budget_;
  int line_ = 0;
};

bool IsNameCharacter(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// The names in the template's string literals: 'user', "assistant".
std::set<std::string, std::less<>> QuotedNames(std::string_view source) {
  std::set<std::string, std::less<>> names;
  for (size_t at = 0; at < source.size(); ++at) {
    if (source[at] != '\'' && source[at] != '"') continue;
    size_t end = at + 1;
    while (end < source.size() && IsNameCharacter(source[end])) ++end;
    if (end < source.size() && source[end] == source[at]) names.emplace(source.substr(at + 1, end - at - 1));
  }
  return names;
}

}  // namespace

struct ChatTemplate::Impl {
  std::string source;
  std::set<std::string, std::less<>> quoted_names;
  Block block;
};

ChatTemplate::ChatTemplate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatTemplate::~ChatTemplate() = default;

absl::StatusOr<std::unique_ptr<ChatTemplate>> ChatTemplate::Create(std::string_view jinja_source) {
  ASSIGN_OR_RETURN(auto block, Parse(jinja_source));
  RETURN_IF_ERROR(CheckBlock(block));
  auto impl = std::make_unique<Impl>();
  impl->source = jinja_source;
  impl->quoted_names = QuotedNames(jinja_source);
  impl->block = std::move(block);
  return std::unique_ptr<ChatTemplate>(new ChatTemplate(std::move(impl)));
}

bool ChatTemplate::SourceHas(std::string_view text) const {
  return impl_->source.find(text) != std::string::npos;
}

size_t ChatTemplate::source_bytes() const { return impl_->source.size(); }

bool ChatTemplate::NamesRole(std::string_view role) const { return impl_->quoted_names.contains(role); }

absl::StatusOr<std::string> ChatTemplate::Render(std::span<const ChatMessage> messages,
                                                 bool add_generation_prompt, std::string_view bos_token,
                                                 std::string_view eos_token, PolledWork::Poll poll) const {
  size_t bytes = 0;
  for (const ChatMessage& message : messages) {
    bytes += kBytesOfMessage + message.role.size() + message.content.size();
    if (bytes <= kMaxValueBytes) continue;
    return absl::ResourceExhaustedError(absl::StrCat("chat template: the ", messages.size(),
                                                     " messages have more than ", kMaxValueBytes, " bytes"));
  }
  Budget budget(std::move(poll));
  Value list = Value::array();
  for (const ChatMessage& message : messages)
    list.push_back({{"role", message.role}, {"content", message.content}});
  Evaluator evaluator({{"messages", std::move(list)},
                       {"add_generation_prompt", add_generation_prompt},
                       {"bos_token", std::string(bos_token)},
                       {"eos_token", std::string(eos_token)}},
                      &budget);
  try {
    return evaluator.Run(impl_->block);
  } catch (const Interruption& interruption) {
    return interruption.status;
  } catch (const EvaluationError& error) {
    return absl::Status(error.code,
                        absl::StrCat("chat template: line ", evaluator.line(), ": ", error.message));
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("chat template: line ", evaluator.line(), ": ", error.what()));
  }
}

}  // namespace streamtensor::server
