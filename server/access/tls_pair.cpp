// SPDX-License-Identifier: Apache-2.0
#include "server/access/tls_pair.h"

#include <openssl/ssl.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace streamtensor::server {
namespace {

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();  // never throws, whatever `path` is
  if (!file.is_open() || text.str().empty())
    return absl::NotFoundError(absl::StrCat("TLS: ", path, " cannot be read, or is empty"));
  return text.str();
}

}  // namespace

absl::StatusOr<TlsPair> ReadTlsPair(const std::string& certificate_file, const std::string& key_file) {
  TlsPair pair;
  ASSIGN_OR_RETURN(pair.certificate, ReadPem(certificate_file));
  ASSIGN_OR_RETURN(pair.key, ReadPem(key_file));
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> trial(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (SSL_CTX_use_certificate_chain_file(trial.get(), certificate_file.c_str()) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("TLS: ", certificate_file, " is not a PEM certificate"));
  }
  if (SSL_CTX_use_PrivateKey_file(trial.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("TLS: ", key_file, " is not a PEM key, or does not match ", certificate_file));
  }
  return pair;
}

}  // namespace streamtensor::server
