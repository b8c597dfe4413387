// SPDX-License-Identifier: Apache-2.0
#include "server/access/client_tokens.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/printable.h"
#include "base/sha256.h"

namespace streamtensor::server {
namespace {

constexpr size_t kLeastTokenBytes = 16;
constexpr std::streamoff kMaxFileBytes = 16 << 20;

bool IsName(std::string_view text) {
  return text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '@';
         });
}

}  // namespace

absl::StatusOr<ClientTokens> ClientTokens::Read(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) {
    return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  if (S_ISDIR(status.st_mode))
    return absl::NotFoundError(absl::StrCat(path, ": is a folder; a file is needed"));
  if ((status.st_mode & 077) != 0) {
    return absl::PermissionDeniedError(absl::StrFormat(
        "%s: other users can read or write it (mode %04o); chmod 600 it", path, status.st_mode & 07777));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file || status.st_size > kMaxFileBytes) {
    return absl::NotFoundError(
        absl::StrCat(path, ": cannot be read, or is larger than ", kMaxFileBytes, " bytes"));
  }
  return Parse(std::string(std::istreambuf_iterator<char>(file), {}), path);
}

absl::StatusOr<ClientTokens> ClientTokens::Parse(std::string_view text, const std::string& name) {
  ClientTokens tokens;
  std::set<std::string> names;
  int line_number = 0;
  const std::vector<std::string> lines = absl::StrSplit(std::string(text), '\n');
  for (const std::string& line : lines) {
    ++line_number;
    const std::string kept = line.substr(0, line.find('#'));
    const std::vector<std::string> words = absl::StrSplit(kept, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.empty()) continue;
    const auto error = [&](const std::string& what) {
      return absl::InvalidArgumentError(absl::StrCat(name, ":", line_number, ": ", what));
    };
    if (words.size() < 2) return error("a line is NAME TOKEN [MODEL...]");
    if (!IsName(words[0])) return error("a name has up to 64 letters, digits and - _ . @");
    if (words[1].size() < kLeastTokenBytes) {
      return error(absl::StrCat("the token of ", words[0], " has ", words[1].size(), " characters; at least ",
                                kLeastTokenBytes, " are needed"));
    }
    if (!base::IsPrintableAscii(words[1])) {
      return error(absl::StrCat("the token of ", words[0], " must be printable ASCII"));
    }
    if (!names.insert(words[0]).second) return error(absl::StrCat(words[0], " is listed twice"));
    TokenHolder holder{words[0], {words.begin() + 2, words.end()}};
    if (!tokens.by_digest_.emplace(base::Sha256Of(words[1]), std::move(holder)).second) {
      return error(absl::StrCat("the token of ", words[0], " also belongs to another client"));
    }
  }
  if (tokens.size() == 0) return absl::InvalidArgumentError(absl::StrCat(name, ": lists no client"));
  return tokens;
}

const TokenHolder* ClientTokens::Find(std::string_view token) const {
  const auto found = by_digest_.find(base::Sha256Of(token));
  return found == by_digest_.end() ? nullptr : &found->second;
}

}  // namespace streamtensor::server
