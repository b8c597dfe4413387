// SPDX-License-Identifier: Apache-2.0
#include "server/access/tls_pair.h"

#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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

// As other servers demand: a key that belongs to the service's user is that user's alone; one that belongs to
// root is lent to the service through its group.
absl::Status CheckKeyMode(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return absl::OkStatus();  // reading it tells why
  const bool is_roots = status.st_uid == 0;
  if ((status.st_mode & (is_roots ? 037 : 077)) == 0 || S_ISDIR(status.st_mode)) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrFormat(
      "TLS: other users have access to the private key %s (mode %04o); chmod %s it", path,
      status.st_mode & 07777, is_roots ? "600 (or 640, for a group of root's choice)" : "600"));
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return absl::FromTM(parts, absl::UTCTimeZone());
}

// The time that all certificates of a PEM text are valid.
void ReadValidity(TlsPair& pair) {
  const std::unique_ptr<BIO, int (*)(BIO*)> text(
      BIO_new_mem_buf(pair.certificate.data(), static_cast<int>(pair.certificate.size())), &BIO_free);
  while (true) {
    const std::unique_ptr<X509, void (*)(X509*)> certificate(
        PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr), &X509_free);
    if (certificate == nullptr) return;
    pair.not_before = std::max(pair.not_before, TimeOf(X509_get0_notBefore(certificate.get())));
    pair.not_after = std::min(pair.not_after, TimeOf(X509_get0_notAfter(certificate.get())));
  }
}

}  // namespace

absl::StatusOr<TlsPair> ReadTlsPair(const std::string& certificate_file, const std::string& key_file) {
  TlsPair pair;
  ASSIGN_OR_RETURN(pair.certificate, ReadPem(certificate_file));
  RETURN_IF_ERROR(CheckKeyMode(key_file));
  ASSIGN_OR_RETURN(pair.key, ReadPem(key_file));
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> trial(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  if (SSL_CTX_use_certificate_chain_file(trial.get(), certificate_file.c_str()) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("TLS: ", certificate_file, " is not a PEM certificate"));
  }
  if (SSL_CTX_use_PrivateKey_file(trial.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("TLS: ", key_file, " is not a PEM key, or does not match ", certificate_file));
  }
  ReadValidity(pair);
  return pair;
}

TlsValidity CheckValidity(const TlsPair& pair, absl::Time now) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  if (now < pair.not_before) {
    return {false, absl::StrCat("is not valid before ", absl::FormatTime(pair.not_before, utc))};
  }
  if (now >= pair.not_after) {
    return {false, absl::StrCat("expired on ", absl::FormatTime(pair.not_after, utc))};
  }
  if (now + kExpiresSoon < pair.not_after) return {};
  return {true, absl::StrCat("expires on ", absl::FormatTime(pair.not_after, utc), ", in ",
                             absl::FormatDuration(absl::Trunc(pair.not_after - now, absl::Hours(1))))};
}

}  // namespace streamtensor::server
