// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "server/tokenizer/jinja_lexer.h"
#include "server/tokenizer/jinja_syntax.h"

namespace streamtensor::server::jinja {
namespace {

constexpr size_t kMaxSourceBytes = size_t{1} << 20;
constexpr int kMaxDepth = 100;
// Operators, subscripts, calls and filters that one statement may chain: they nest the tree to the left.
constexpr int kMaxLinks = 500;

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Block Run() {
    Block block = ParseBlock({});
    if (Peek().kind != Token::Kind::kEnd) Fail("text, an output or a tag");
    return block;
  }

 private:
  using Kind = Expression::Kind;

  const Token& Peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  const Token& Next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }

  [[noreturn]] void Fail(std::string_view expected) const {
    const Token& token = Peek();
    throw SyntaxError{absl::StatusCode::kInvalidArgument,
                      absl::StrCat("chat template: line ", token.line, ":", token.column, ": found '",
                                   base::Printable(token.text, 30), "', expected ", std::string(expected))};
  }
  [[noreturn]] void Unsupported(std::string_view what) const {
    throw SyntaxError{absl::StatusCode::kUnimplemented,
                      absl::StrCat("chat template: line ", Peek().line, ": ", std::string(what),
                                   " is outside the subset of Jinja that is supported")};
  }

  bool IsName(std::string_view name, size_t ahead = 0) const {
    return Peek(ahead).kind == Token::Kind::kName && Peek(ahead).text == name;
  }
  bool IsSymbol(std::string_view symbol) const {
    return Peek().kind == Token::Kind::kSymbol && Peek().text == symbol;
  }
  bool AcceptName(std::string_view name) { return IsName(name) && (Next(), true); }
  bool AcceptSymbol(std::string_view symbol) { return IsSymbol(symbol) && (Next(), true); }
  void ExpectSymbol(std::string_view symbol) {
    if (!AcceptSymbol(symbol)) Fail(absl::StrCat("'", std::string(symbol), "'"));
  }
  std::string ExpectName(std::string_view what) {
    if (Peek().kind != Token::Kind::kName) Fail(what);
    return Next().text;
  }
  void ExpectTagEnd() {
    if (Peek().kind != Token::Kind::kTagEnd) Fail("'%}'");
    Next();
  }

  // Guards the recursion of blocks and expressions.
  struct Depth {
    explicit Depth(Parser& parser) : parser(parser) {
      if (++parser.depth_ > kMaxDepth) {
        throw SyntaxError{
            absl::StatusCode::kInvalidArgument,
            absl::StrCat("chat template: line ", parser.Peek().line, ": nested deeper than ", kMaxDepth)};
      }
    }
    ~Depth() { --parser.depth_; }
    Parser& parser;
  };

  // Statements up to a tag named in `ends`, which is left to the caller (after its name).
  Block ParseBlock(const std::vector<std::string_view>& ends) {
    Depth depth(*this);
    Block block;
    while (true) {
      const Token& token = Peek();
      if (token.kind == Token::Kind::kText) {
        Statement& text = block.emplace_back();
        text.text = Next().text;
      } else if (token.kind == Token::Kind::kOutputBegin) {
        links_ = 0;
        Next();
        Statement& output = block.emplace_back();
        output.kind = Statement::Kind::kOutput;
        output.line = token.line;
        output.expression = ParseExpression();
        if (Peek().kind != Token::Kind::kOutputEnd) Fail("'}}'");
        Next();
      } else if (token.kind == Token::Kind::kTagBegin) {
        const std::string& name = Peek(1).text;
        if (std::find(ends.begin(), ends.end(), name) != ends.end()) {
          Next();
          return block;
        }
        Next();
        ParseTag(block);
      } else if (token.kind == Token::Kind::kEnd && ends.empty()) {
        return block;
      } else {
        Fail(ends.empty() ? "text, an output or a tag"
                          : absl::StrCat("{% ", std::string(ends.back()), " %}"));
      }
    }
  }

  void ParseTag(Block& block) {
    links_ = 0;
    const int line = Peek().line;
    if (AcceptName("if")) {
      block.push_back(ParseIf(line));
    } else if (AcceptName("for")) {
      block.push_back(ParseFor(line));
    } else if (AcceptName("set")) {
      block.push_back(ParseSet(line));
    } else if (IsName("break") || IsName("continue")) {
      Statement& jump = block.emplace_back();
      jump.kind = Next().text == "break" ? Statement::Kind::kBreak : Statement::Kind::kContinue;
      ExpectTagEnd();
    } else if (AcceptName("generation")) {  // marks the reply for training; renders as it stands
      ExpectTagEnd();
      for (Statement& inner : ParseBlock({"endgeneration"})) block.push_back(std::move(inner));
      Next();
      ExpectTagEnd();
    } else if (Peek().kind == Token::Kind::kName) {
      const std::string& name = Peek().text;
      if (name.starts_with("end") || name == "else" || name == "elif") Fail("a tag that opens something");
      Unsupported(absl::StrCat("tag {% ", name, " %}"));
    } else {
      Fail("the name of a tag");
    }
  }

  Statement ParseIf(int line) {
    Statement statement;
    statement.kind = Statement::Kind::kIf;
    statement.line = line;
    statement.expression = ParseExpression();
    ExpectTagEnd();
    statement.body = ParseBlock({"elif", "else", "endif"});
    if (AcceptName("elif")) {
      Depth depth(*this);
      statement.otherwise.push_back(ParseIf(Peek().line));
      return statement;
    }
    if (AcceptName("else")) {
      ExpectTagEnd();
      statement.otherwise = ParseBlock({"endif"});
    }
    Next();  // endif
    ExpectTagEnd();
    return statement;
  }

  Statement ParseFor(int line) {
    Statement statement;
    statement.kind = Statement::Kind::kFor;
    statement.line = line;
    do statement.targets.push_back(ExpectName("the name of a loop variable"));
    while (AcceptSymbol(","));
    if (!AcceptName("in")) Fail("'in'");
    statement.expression = ParseOr();
    if (AcceptName("if")) statement.condition = ParseExpression();
    if (IsName("recursive")) Unsupported("a recursive loop");
    ExpectTagEnd();
    statement.body = ParseBlock({"else", "endfor"});
    if (AcceptName("else")) {
      ExpectTagEnd();
      statement.otherwise = ParseBlock({"endfor"});
    }
    Next();  // endfor
    ExpectTagEnd();
    return statement;
  }

  Statement ParseSet(int line) {
    Statement statement;
    statement.kind = Statement::Kind::kSet;
    statement.line = line;
    statement.targets.push_back(ExpectName("the name of a variable"));
    if (AcceptSymbol(".")) statement.attribute = ExpectName("the name of an attribute");
    if (IsSymbol(",")) Unsupported("setting several variables at once");
    if (AcceptSymbol("=")) {
      statement.expression = ParseExpression();
      ExpectTagEnd();
      return statement;
    }
    ExpectTagEnd();
    statement.body = ParseBlock({"endset"});
    Next();
    ExpectTagEnd();
    return statement;
  }

  ExpressionPtr Make(Kind kind, std::string name = "") {
    if (kind != Kind::kLiteral && ++links_ > kMaxLinks) {
      throw SyntaxError{absl::StatusCode::kInvalidArgument,
                        absl::StrCat("chat template: line ", Peek().line, ": one statement with more than ",
                                     kMaxLinks, " operations")};
    }
    auto expression = std::make_unique<Expression>();
    expression->kind = kind;
    expression->line = Peek().line;
    expression->name = std::move(name);
    return expression;
  }
  ExpressionPtr MakeBinary(std::string name, ExpressionPtr left, ExpressionPtr right) {
    ExpressionPtr binary = Make(Kind::kBinary, std::move(name));
    binary->operands.push_back(std::move(left));
    binary->operands.push_back(std::move(right));
    return binary;
  }

  ExpressionPtr ParseExpression() {
    Depth depth(*this);
    ExpressionPtr value = ParseOr();
    while (AcceptName("if")) {
      ExpressionPtr condition = Make(Kind::kCondition);
      condition->operands.push_back(std::move(value));
      condition->operands.push_back(ParseOr());
      condition->operands.push_back(AcceptName("else") ? ParseExpression() : nullptr);
      value = std::move(condition);
    }
    return value;
  }

  ExpressionPtr ParseOr() {
    ExpressionPtr left = ParseAnd();
    while (AcceptName("or")) left = MakeBinary("or", std::move(left), ParseAnd());
    return left;
  }

  ExpressionPtr ParseAnd() {
    ExpressionPtr left = ParseNot();
    while (AcceptName("and")) left = MakeBinary("and", std::move(left), ParseNot());
    return left;
  }

  ExpressionPtr ParseNot() {
    if (!AcceptName("not")) return ParseComparison();
    Depth depth(*this);
    ExpressionPtr inverse = Make(Kind::kUnary, "not");
    inverse->operands.push_back(ParseNot());
    return inverse;
  }

  ExpressionPtr ParseComparison() {
    ExpressionPtr left = ParseSum();
    while (true) {
      if (Peek().kind == Token::Kind::kSymbol && (IsSymbol("==") || IsSymbol("!=") || IsSymbol("<") ||
                                                  IsSymbol(">") || IsSymbol("<=") || IsSymbol(">="))) {
        std::string name = Next().text;
        left = MakeBinary(std::move(name), std::move(left), ParseSum());
      } else if (AcceptName("in")) {
        left = MakeBinary("in", std::move(left), ParseSum());
      } else if (IsName("not") && IsName("in", 1)) {
        Next();
        Next();
        left = MakeBinary("not in", std::move(left), ParseSum());
      } else {
        return left;
      }
    }
  }

  ExpressionPtr ParseSum() {
    ExpressionPtr left = ParseConcatenation();
    while (IsSymbol("+") || IsSymbol("-")) {
      std::string name = Next().text;
      left = MakeBinary(std::move(name), std::move(left), ParseConcatenation());
    }
    return left;
  }

  ExpressionPtr ParseConcatenation() {
    ExpressionPtr left = ParseProduct();
    while (AcceptSymbol("~")) left = MakeBinary("~", std::move(left), ParseProduct());
    return left;
  }

  ExpressionPtr ParseProduct() {
    ExpressionPtr left = ParseUnary();
    while (IsSymbol("*") || IsSymbol("/") || IsSymbol("//") || IsSymbol("%")) {
      std::string name = Next().text;
      left = MakeBinary(std::move(name), std::move(left), ParseUnary());
    }
    if (IsSymbol("**")) Unsupported("operator **");
    return left;
  }

  ExpressionPtr ParseUnary() {
    if (!IsSymbol("-") && !IsSymbol("+")) return ParseFilters(ParsePostfix(ParsePrimary()));
    Depth depth(*this);
    ExpressionPtr unary = Make(Kind::kUnary, Next().text);
    unary->operands.push_back(ParseUnary());
    return unary;
  }

  ExpressionPtr ParseFilters(ExpressionPtr value) {
    while (true) {
      if (AcceptSymbol("|")) {
        ExpressionPtr filter = Make(Kind::kFilter, ExpectName("the name of a filter"));
        filter->operands.push_back(std::move(value));
        if (AcceptSymbol("(")) ParseArguments(*filter);
        value = ParsePostfix(std::move(filter));
      } else if (AcceptName("is")) {
        ExpressionPtr test = Make(Kind::kTest);
        test->negated = AcceptName("not");
        test->name = ExpectName("the name of a test");
        test->operands.push_back(std::move(value));
        if (AcceptSymbol("(")) {
          ParseArguments(*test);
        } else if (const Token& token = Peek();
                   token.kind == Token::Kind::kString || token.kind == Token::Kind::kNumber ||
                   (token.kind == Token::Kind::kName && token.text != "and" && token.text != "or" &&
                    token.text != "if" && token.text != "else" && token.text != "is" && token.text != "in" &&
                    token.text != "not")) {
          test->arguments.emplace_back("", ParsePostfix(ParsePrimary()));
        }
        value = std::move(test);
      } else {
        return value;
      }
    }
  }

  void ParseArguments(Expression& call) {
    while (!AcceptSymbol(")")) {
      if (!call.arguments.empty()) {
        ExpectSymbol(",");
        if (AcceptSymbol(")")) return;
      }
      std::string keyword;
      if (Peek().kind == Token::Kind::kName && Peek(1).kind == Token::Kind::kSymbol && Peek(1).text == "=") {
        keyword = Next().text;
        Next();
      }
      if (IsSymbol("*")) Unsupported("argument unpacking");
      call.arguments.emplace_back(std::move(keyword), ParseExpression());
    }
  }

  ExpressionPtr ParsePostfix(ExpressionPtr value) {
    while (true) {
      if (AcceptSymbol(".")) {
        if (Peek().kind == Token::Kind::kNumber) Unsupported("an index written as .0");
        ExpressionPtr attribute = Make(Kind::kAttribute, ExpectName("the name of an attribute"));
        attribute->operands.push_back(std::move(value));
        value = std::move(attribute);
      } else if (AcceptSymbol("[")) {
        value = ParseSubscript(std::move(value));
      } else if (AcceptSymbol("(")) {
        ExpressionPtr call = Make(Kind::kCall);
        call->operands.push_back(std::move(value));
        ParseArguments(*call);
        value = std::move(call);
      } else {
        return value;
      }
    }
  }

  ExpressionPtr ParseSubscript(ExpressionPtr value) {
    ExpressionPtr first = IsSymbol(":") ? nullptr : ParseExpression();
    if (!IsSymbol(":")) {
      ExpectSymbol("]");
      ExpressionPtr index = Make(Kind::kIndex);
      index->operands.push_back(std::move(value));
      index->operands.push_back(std::move(first));
      return index;
    }
    ExpressionPtr slice = Make(Kind::kSlice);
    slice->operands.push_back(std::move(value));
    slice->operands.push_back(std::move(first));
    while (AcceptSymbol(":") && slice->operands.size() < 4) {
      slice->operands.push_back(IsSymbol(":") || IsSymbol("]") ? nullptr : ParseExpression());
    }
    slice->operands.resize(4);
    ExpectSymbol("]");
    return slice;
  }

  ExpressionPtr ParsePrimary() {
    Depth depth(*this);
    const Token& token = Peek();
    if (token.kind == Token::Kind::kString) {
      ExpressionPtr literal = Make(Kind::kLiteral);
      std::string text = Next().text;
      while (Peek().kind == Token::Kind::kString) text += Next().text;
      literal->value = std::move(text);
      return literal;
    }
    if (token.kind == Token::Kind::kNumber) {
      ExpressionPtr literal = Make(Kind::kLiteral);
      literal->value = Next().number;
      return literal;
    }
    if (token.kind == Token::Kind::kName) return ParseNameOrConstant();
    if (AcceptSymbol("(")) {
      ExpressionPtr inner = ParseExpression();
      if (IsSymbol(",")) Unsupported("a tuple");
      ExpectSymbol(")");
      return inner;
    }
    if (AcceptSymbol("[")) return ParseSequence(Kind::kList, "]");
    if (AcceptSymbol("{")) return ParseSequence(Kind::kDict, "}");
    Fail("a value");
  }

  ExpressionPtr ParseNameOrConstant() {
    const std::string name = Next().text;
    ExpressionPtr literal = Make(Kind::kLiteral);
    if (name == "true" || name == "True") {
      literal->value = true;
    } else if (name == "false" || name == "False") {
      literal->value = false;
    } else if (name == "none" || name == "None") {
      literal->value = nullptr;
    } else {
      literal->kind = Kind::kName;
      literal->name = name;
    }
    return literal;
  }

  ExpressionPtr ParseSequence(Kind kind, std::string_view close) {
    ExpressionPtr sequence = Make(kind);
    while (!AcceptSymbol(close)) {
      if (!sequence->operands.empty()) {
        ExpectSymbol(",");
        if (AcceptSymbol(close)) break;
      }
      sequence->operands.push_back(ParseExpression());
      if (kind == Kind::kDict) {
        ExpectSymbol(":");
        sequence->operands.push_back(ParseExpression());
      }
    }
    return sequence;
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  int links_ = 0;
};

}  // namespace

absl::StatusOr<Block> Parse(std::string_view source) {
  if (source.size() > kMaxSourceBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("chat template: ", source.size(), " bytes, expected at most ", kMaxSourceBytes));
  }
  try {
    return Parser(Lex(source)).Run();
  } catch (const SyntaxError& error) {
    return absl::Status(error.code, error.message);
  }
}

}  // namespace streamtensor::server::jinja
