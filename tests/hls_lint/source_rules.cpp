// SPDX-License-Identifier: Apache-2.0
#include "tests/hls_lint/source_rules.h"

#include <cctype>
#include <set>
#include <vector>

#include "llvm/ADT/StringRef.h"

namespace hls_lint {
namespace {

struct Token {
  std::string text;  // a whole directive is one token
  unsigned line;
};

bool IsDirective(const Token& token) { return token.text[0] == '#'; }

std::vector<Token> Tokens(const std::string& text) {
  std::vector<Token> tokens;
  unsigned line = 1;
  size_t i = 0;
  const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  while (i < text.size()) {
    const size_t begin = i;
    const unsigned first_line = line;
    if (text[i] == '\n') {
      ++line, ++i;
    } else if (std::isspace(static_cast<unsigned char>(text[i]))) {
      ++i;
    } else if (text.compare(i, 2, "//") == 0) {
      while (i < text.size() && text[i] != '\n') ++i;
    } else if (text.compare(i, 2, "/*") == 0) {
      const size_t end = text.find("*/", i + 2);
      for (i = begin; i < std::min(text.size(), end == std::string::npos ? end : end + 2); ++i)
        line += text[i] == '\n';
    } else if (text[i] == '#') {
      while (i < text.size() && text[i] != '\n') {
        if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '\n') ++line, ++i;
        ++i;
      }
      tokens.push_back({text.substr(begin, i - begin), first_line});
    } else if (text[i] == '"' || text[i] == '\'') {
      const char quote = text[i++];
      while (i < text.size() && text[i] != quote) i += text[i] == '\\' ? 2 : 1;
      i = std::min(text.size(), i + 1);
      tokens.push_back({text.substr(begin, i - begin), first_line});
    } else if (word(text[i])) {
      while (i < text.size() && word(text[i])) ++i;
      tokens.push_back({text.substr(begin, i - begin), first_line});
    } else {
      const bool scope = text.compare(i, 2, "::") == 0;
      i += scope ? 2 : 1;
      tokens.push_back({text.substr(begin, i - begin), first_line});
    }
  }
  return tokens;
}

// A directive's words, without spaces in between: "#pragma HLS DATAFLOW" alike however it is spaced.
std::string Squeezed(const std::string& directive) {
  std::string result;
  for (char c : directive) {
    if (!std::isspace(static_cast<unsigned char>(c))) result += c;
  }
  return result;
}

class TopFunction {
 public:
  TopFunction(const std::vector<Token>& tokens, const std::string& name, Findings& findings)
      : tokens_(tokens), name_(name), findings_(findings) {}

  void Check(unsigned line) {
    FindTypes();
    // From the pragma back to the brace it stands in, and on to that brace's end.
    size_t pragma = 0;
    while (pragma < tokens_.size() &&
           (tokens_[pragma].line != line ||
            !llvm::StringRef(Squeezed(tokens_[pragma].text)).starts_with_insensitive("#pragmaHLSDATAFLOW"))) {
      ++pragma;
    }
    if (pragma == tokens_.size()) {
      findings_.Add("top-shape", name_, "#pragma HLS DATAFLOW does not stand in the text itself");
      return;
    }
    size_t at = pragma;
    for (int depth = 0; at > 0 && depth >= 0;) {
      --at;
      if (tokens_[at].text == "}") ++depth;
      if (tokens_[at].text == "{") --depth;
    }
    ++at;
    bool ended = false;
    while (at < tokens_.size() && tokens_[at].text != "}") at = Statement(at, &ended);
    if (!ended) Add(tokens_[std::min(at, tokens_.size() - 1)], "does not end with ST_DATAFLOW_END");
  }

 private:
  // Names that the text gives to stream types, of which st::weight_fifo is one.
  void FindTypes() {
    for (size_t i = 0; i + 1 < tokens_.size(); ++i) {
      if (tokens_[i].text != "typedef") continue;
      const size_t begin = i;
      while (i + 1 < tokens_.size() && tokens_[i + 1].text != ";") ++i;
      std::string type;
      for (size_t j = begin + 1; j < i && j < begin + 5; ++j) type += tokens_[j].text;
      if (type.rfind("hls", 0) == 0 || type.rfind("st::weight_fifo", 0) == 0 ||
          type.rfind("st::frame_fifo", 0) == 0) {
        stream_types_.insert(tokens_[i].text);
      }
    }
  }

  void Add(const Token& token, const std::string& what) {
    findings_.Add("top-shape", name_ + ":" + std::to_string(token.line), "the top function " + what);
  }

  // Index of the token after the statement at `at`.
  size_t Statement(size_t at, bool* ended) {
    const Token& first = tokens_[at];
    if (IsDirective(first)) {
      if (Squeezed(first.text).rfind("#pragmaHLS", 0) != 0) Add(first, "holds '" + first.text + "'");
      return at + 1;
    }
    if (*ended) Add(first, "goes on after ST_DATAFLOW_END");
    if (first.text == "ST_DATAFLOW_END") {
      *ended = true;
      return at + 1;
    }
    const bool allowed = first.text == "hls" || first.text == ";" || first.text == "ST_PROCESS" ||
                         stream_types_.count(first.text) != 0;
    if (!allowed) Add(first, "holds a statement that begins with '" + first.text + "'");
    int depth = 0;
    for (; at < tokens_.size(); ++at) {
      const std::string& text = tokens_[at].text;
      if (text == "(" || text == "{") ++depth;
      if (text == ")") --depth;
      if (text == "}") {
        if (depth == 0) return at;
        if (--depth == 0) return at + 1;
      }
      if (text == ";" && depth == 0) return at + 1;
    }
    return at;
  }

  const std::vector<Token>& tokens_;
  const std::string& name_;
  Findings& findings_;
  std::set<std::string> stream_types_;
};

}  // namespace

void CheckForks(const std::string& text, const std::string& name, Findings& findings) {
  static const char* const kForks[] = {"__SYNTHESIS__", "ST_FAST", "ST_PLAIN", "ST_FAST_VNNI"};
  for (const Token& token : Tokens(text)) {
    for (const char* fork : kForks) {
      const size_t at = token.text.find(fork);
      if (at == std::string::npos || token.text[0] == '"') continue;
      if (!IsDirective(token) && token.text != fork) continue;
      findings.Add("fork", name + ":" + std::to_string(token.line),
                   std::string("looks at ") + fork + ", which only kernels/st may");
      break;
    }
  }
}

void CheckTopText(const std::string& text, unsigned line, const std::string& name, Findings& findings) {
  const std::vector<Token> tokens = Tokens(text);
  TopFunction(tokens, name, findings).Check(line);
}

}  // namespace hls_lint
