// SPDX-License-Identifier: Apache-2.0
// Which clients there are, by the bearer tokens they show.
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

// Immutable, so thread-safe. Keeps digests, not tokens.
class ClientTokens {
 public:
  // A client a line: NAME TOKEN [MODEL...]; '#' begins a comment. Nobody but the file's owner may have
  // access.
  //  NOT_FOUND, PERMISSION_DENIED (mode), INVALID_ARGUMENT: FILE:LINE, never the token
  static absl::StatusOr<ClientTokens> Read(const std::string& path);
  static absl::StatusOr<ClientTokens> Parse(std::string_view text, const std::string& name);

  // nullptr: nobody has this token.
  const TokenHolder* Find(std::string_view token) const;

  size_t size() const { return by_digest_.size(); }

 private:
  // Looking a digest up tells nothing about how much of a token was right.
  std::map<base::Sha256Digest, TokenHolder> by_digest_;
};

}  // namespace streamtensor::server
