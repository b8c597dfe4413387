// SPDX-License-Identifier: Apache-2.0
// A chat template as tokens. Part of the parser: failures are thrown, Parse() turns them into a status.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/tokenizer/jinja_syntax.h"

namespace streamtensor::server::jinja {

// Thrown by lexer and parser, caught in Parse(): the grammar is recursive and every rule can fail.
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

// With trim_blocks and lstrip_blocks on; ends with a token kEnd. Throws SyntaxError.
std::vector<Token> Lex(std::string_view source);

}  // namespace streamtensor::server::jinja
