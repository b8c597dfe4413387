// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/tokenizer/jinja_syntax.h"

namespace streamtensor::server::jinja {
namespace {

constexpr size_t kMaxSourceBytes = size_t{1} << 20;
constexpr int kMaxDepth = 100;
// Operators, subscripts, calls and filters that one statement may chain: they nest the tree to the left.
constexpr int kMaxLinks = 500;

// Thrown and caught within this file: the grammar is recursive and every rule can fail.
struct SyntaxError {
  absl::StatusCode code;
  std::string message;
};

struct Token {
  enum class Kind {
    kText,
    kName,
    kString,
    kNumber,
    kSymbol,
    kOutputBegin,
    kOutputEnd,
    kTagBegin,
    kTagEnd,
    kEnd
  };
  Kind kind;
  std::string text;
  Value number;
  int line, column;
};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {
    if (!source_.empty() && source_.back() == '\n') source_.remove_suffix(1);
  }

  std::vector<Token> Run() {
    while (at_ < source_.size()) {
      LexText();
      if (at_ >= source_.size()) break;
      const char kind = source_[at_ + 1];
      if (kind == '#') {
        SkipComment();
      } else {
        LexInside(kind == '{');
      }
    }
    Add(Token::Kind::kEnd, "end of template");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void Fail(std::string_view what) const {
    throw SyntaxError{absl::StatusCode::kInvalidArgument,
                      absl::StrCat("chat template: line ", line_, ":", column_, ": ", std::string(what))};
  }

  void Advance(size_t count) {
    for (; count > 0 && at_ < source_.size(); --count, ++at_) {
      if (source_[at_] == '\n') {
        ++line_;
        column_ = 1;
      } else {
        ++column_;
      }
    }
  }

  bool StartsWith(std::string_view text) const { return source_.substr(at_, text.size()) == text; }

  void Add(Token::Kind kind, std::string text, Value number = nullptr) {
    tokens_.push_back({kind, std::move(text), std::move(number), line_, column_});
  }

  // Text up to the next opening, less the white space that the tags on either side take.
  void LexText() {
    size_t end = at_;
    while (end + 1 < source_.size() &&
           !(source_[end] == '{' &&
             (source_[end + 1] == '{' || source_[end + 1] == '%' || source_[end + 1] == '#'))) {
      ++end;
    }
    const bool found = end + 1 < source_.size();
    if (!found) end = source_.size();
    std::string_view text = source_.substr(at_, end - at_);
    const size_t whole = text.size();
    if (strip_next_) {
      while (!text.empty() && absl::ascii_isspace(text.front())) text.remove_prefix(1);
    } else if (trim_newline_ && !text.empty() && text.front() == '\n') {
      text.remove_prefix(1);
    }
    if (found) {
      const char mark = end + 2 < source_.size() ? source_[end + 2] : '\0';
      if (mark == '-') {
        while (!text.empty() && absl::ascii_isspace(text.back())) text.remove_suffix(1);
      } else if (source_[end + 1] != '{' && mark != '+') {
        // lstrip_blocks: only where the tag is the first thing on its line.
        size_t keep = text.size();
        while (keep > 0 && (text[keep - 1] == ' ' || text[keep - 1] == '\t')) --keep;
        const size_t line_begin = static_cast<size_t>(text.data() - source_.data()) + keep;
        if (line_begin == 0 || source_[line_begin - 1] == '\n') text = text.substr(0, keep);
      }
    }
    if (!text.empty()) Add(Token::Kind::kText, std::string(text));
    Advance(whole);
    strip_next_ = trim_newline_ = false;
  }

  void SkipComment() {
    const size_t end = source_.find("#}", at_ + 2);
    if (end == std::string_view::npos) Fail("comment without #}");
    strip_next_ = source_[end - 1] == '-' && end - 1 > at_ + 1;
    trim_newline_ = !strip_next_;
    Advance(end + 2 - at_);
  }

  void LexInside(bool output) {
    Add(output ? Token::Kind::kOutputBegin : Token::Kind::kTagBegin, output ? "{{" : "{%");
    Advance(2);
    if (StartsWith("-") || StartsWith("+")) Advance(1);
    const std::string_view close = output ? "}}" : "%}";
    int nesting = 0;
    while (true) {
      while (at_ < source_.size() && absl::ascii_isspace(source_[at_])) Advance(1);
      if (at_ >= source_.size())
        Fail(absl::StrCat("expected ", std::string(close), ", found the end of the template"));
      if (nesting == 0) {
        const bool strip = StartsWith("-") && source_.substr(at_ + 1, 2) == close;
        const bool plus = StartsWith("+") && source_.substr(at_ + 1, 2) == close;
        if (strip || plus || StartsWith(close)) {
          Add(output ? Token::Kind::kOutputEnd : Token::Kind::kTagEnd, std::string(close));
          Advance(strip || plus ? 3 : 2);
          strip_next_ = strip;
          trim_newline_ = !output && !strip && !plus;
          return;
        }
      }
      const char c = source_[at_];
      if (absl::ascii_isalpha(c) || c == '_') {
        LexName();
      } else if (absl::ascii_isdigit(c)) {
        LexNumber();
      } else if (c == '\'' || c == '"') {
        LexString(c);
      } else {
        LexSymbol(nesting);
      }
    }
  }

  void LexName() {
    size_t end = at_;
    while (end < source_.size() && (absl::ascii_isalnum(source_[end]) || source_[end] == '_')) ++end;
    Add(Token::Kind::kName, std::string(source_.substr(at_, end - at_)));
    Advance(end - at_);
  }

  void LexNumber() {
    size_t end = at_;
    bool real = false;
    while (end < source_.size() &&
           (absl::ascii_isdigit(source_[end]) || (!real && source_[end] == '.' && end + 1 < source_.size() &&
                                                  absl::ascii_isdigit(source_[end + 1])))) {
      real |= source_[end] == '.';
      ++end;
    }
    const char* first = source_.data() + at_;
    const char* last = source_.data() + end;
    if (real) {
      double value = 0;
      if (std::from_chars(first, last, value).ec != std::errc()) Fail("number out of range");
      Add(Token::Kind::kNumber, std::string(first, last), value);
    } else {
      int64_t value = 0;
      if (std::from_chars(first, last, value).ec != std::errc()) Fail("number out of range");
      Add(Token::Kind::kNumber, std::string(first, last), value);
    }
    Advance(end - at_);
  }

  void LexString(char quote) {
    std::string text;
    size_t end = at_ + 1;
    for (; end < source_.size() && source_[end] != quote; ++end) {
      if (source_[end] != '\\' || end + 1 >= source_.size()) {
        text.push_back(source_[end]);
        continue;
      }
      const char escaped = source_[++end];
      switch (escaped) {
        case 'n':
          text.push_back('\n');
          break;
        case 't':
          text.push_back('\t');
          break;
        case 'r':
          text.push_back('\r');
          break;
        case '\\':
        case '\'':
        case '"':
          text.push_back(escaped);
          break;
        case 'u':
        case 'x':
        case 'U':
        case 'N':
          Fail(absl::StrCat("escape \\", std::string(1, escaped),
                            " is outside the subset; write the character itself"));
        default:
          text.push_back('\\');
          text.push_back(escaped);
      }
    }
    if (end >= source_.size()) Fail("string without its closing quote");
    Add(Token::Kind::kString, std::move(text));
    Advance(end + 1 - at_);
  }

  void LexSymbol(int& nesting) {
    static constexpr std::string_view kTwo[] = {"==", "!=", "<=", ">=", "//", "**"};
    for (std::string_view symbol : kTwo) {
      if (!StartsWith(symbol)) continue;
      Add(Token::Kind::kSymbol, std::string(symbol));
      return Advance(2);
    }
    const char c = source_[at_];
    if (std::string_view("()[]{}.,:|+-*/%~<>=").find(c) == std::string_view::npos) {
      Fail(absl::StrCat("unexpected character '", std::string(1, c), "'"));
    }
    if (c == '(' || c == '[' || c == '{') ++nesting;
    if (c == ')' || c == ']' || c == '}') {
      if (--nesting < 0) Fail(absl::StrCat("'", std::string(1, c), "' closes nothing"));
    }
    Add(Token::Kind::kSymbol, std::string(1, c));
    Advance(1);
  }

  std::string_view source_;
  size_t at_ = 0;
  int line_ = 1, column_ = 1;
  bool strip_next_ = false, trim_newline_ = false;
  std::vector<Token> tokens_;
};

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
                                   token.text.substr(0, 30), "', expected ", std::string(expected))};
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
    return Parser(Lexer(source).Run()).Run();
  } catch (const SyntaxError& error) {
    return absl::Status(error.code, error.message);
  }
}

}  // namespace streamtensor::server::jinja
