// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz_target.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/printable.h"

namespace streamtensor::fuzz {
namespace {

constexpr std::size_t kLongestMessage = 16 << 10;

bool IsReadable(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = text[at] == '\n' ? 1 : base::PrintableBytes(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace

void Require(bool kept, std::string_view promise) {
  if (kept) return;
  std::fprintf(stderr, "promise broken: %.*s\n", static_cast<int>(promise.size()), promise.data());
  std::abort();
}

bool Refused(const absl::Status& status, std::initializer_list<std::string_view> names) {
  const std::string message(status.message());
  const auto require = [&message](bool kept, std::string_view promise) {
    if (!kept) std::fprintf(stderr, "the message: %s\n", message.c_str());
    Require(kept, promise);
  };
  if (std::getenv("STREAMTENSOR_FUZZ_VERBOSE") != nullptr)
    std::fprintf(stderr, "refused: %s\n", message.c_str());
  require(!message.empty(), "a refusal says why");
  require(message.size() <= kLongestMessage, "a message is of a length that one reads");
  require(IsReadable(message), "a message is printable");
  require(!absl::IsInternal(status) && !absl::IsUnknown(status), "a bad input is no internal error");
  for (const std::string_view name : names) {
    require(message.find(name) != std::string::npos, "a message names file and place");
  }
  return false;
}

const std::string& ScratchFolder() {
  static const struct Scratch {
    Scratch() {
      path = std::filesystem::is_directory("/dev/shm") ? "/dev/shm/streamtensor-fuzz-XXXXXX"
                                                       : "/tmp/streamtensor-fuzz-XXXXXX";
      Require(mkdtemp(path.data()) != nullptr, "a scratch folder can be made");
    }
    ~Scratch() { std::filesystem::remove_all(path); }
    std::string path;
  } scratch;
  return scratch.path;
}

}  // namespace streamtensor::fuzz
