// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/artifact/file_hash.h"

#include <openssl/evp.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace streamtensor::compiler {

absl::StatusOr<artifact::v1::File> DescribeFile(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return absl::UnavailableError(absl::StrCat(path, ": can't be read back"));
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
    return absl::InternalError("SHA-256 is not to be had from libcrypto");
  }
  std::vector<unsigned char> buffer(1 << 20);
  uint64_t bytes = 0;
  while (const size_t count = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    EVP_DigestUpdate(context.get(), buffer.data(), count);
    bytes += count;
  }
  if (std::ferror(file.get())) return absl::UnavailableError(absl::StrCat(path, ": can't be read back"));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned digest_bytes = 0;
  EVP_DigestFinal_ex(context.get(), digest, &digest_bytes);

  artifact::v1::File described;
  described.set_name(name);
  described.set_bytes(bytes);
  described.set_sha256(
      absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), digest_bytes)));
  return described;
}

}  // namespace streamtensor::compiler
