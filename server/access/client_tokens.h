// SPDX-License-Identifier: Apache-2.0
// The clients, identified by bearer tokens.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/sha256.h"

namespace streamtensor::server {

struct TokenHolder {
  std::string name;
  std::vector<std::string> models;  // empty: all
};

// Immutable and therefore thread-safe. Stores digests, not tokens.
class ClientTokens {
 public:
  // One client per line: NAME TOKEN [MODEL...]; '#' begins a comment. Only the file's owner may have access.
  //   NOT_FOUND, PERMISSION_DENIED (file mode), INVALID_ARGUMENT: FILE:LINE, never the token
  static absl::StatusOr<ClientTokens> Read(const std::string& path);
  static absl::StatusOr<ClientTokens> Parse(std::string_view text, const std::string& name);

  // nullptr: unknown token.
  const TokenHolder* Find(std::string_view token) const;

  size_t size() const { return by_digest_.size(); }

 private:
  // Comparing digests reveals nothing about how much of a guessed token is right.
  std::map<base::Sha256Digest, TokenHolder> by_digest_;
};

}  // namespace streamtensor::server
