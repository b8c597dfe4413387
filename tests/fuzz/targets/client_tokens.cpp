// SPDX-License-Identifier: Apache-2.0
// The file of bearer tokens.
#include "server/access/client_tokens.h"

#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

std::vector<std::string> Seeds() {
  return {"# clients\nalice 0123456789abcdef0123 smollm2 other\n\nbob   fedcba98765432100123\r\n"};
}

bool Accepts(std::string_view input) {
  const auto tokens = server::ClientTokens::Parse(input, "tokens");
  if (!tokens.ok()) return Refused(tokens.status(), {"tokens:"});
  tokens->Find("0123456789abcdef0123");
  return true;
}

}  // namespace streamtensor::fuzz
