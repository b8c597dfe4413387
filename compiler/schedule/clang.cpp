// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/clang.h"

#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include "absl/status/status.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

namespace streamtensor::schedule {
namespace {

constexpr unsigned kSeconds = 120;

constexpr const char* kFlags[] = {"-D__SYNTHESIS__",
                                  "-O1",
                                  "-Xclang",
                                  "-disable-llvm-passes",
                                  "-ffp-contract=off",
                                  "-fno-exceptions",
                                  "-std=c++14",
                                  "-m32",
                                  "-ffreestanding",
                                  "-nostdlibinc",
                                  "-fno-rtti",
                                  "-fno-threadsafe-statics",
                                  "-gline-tables-only",
                                  "-fno-discard-value-names"};

}  // namespace

TemporaryFile::TemporaryFile(llvm::StringRef suffix)
    : failed_(static_cast<bool>(llvm::sys::fs::createTemporaryFile("streamtensor", suffix, path_))) {}

TemporaryFile::~TemporaryFile() {
  std::error_code error;  // a file that is gone already is as good as removed
  if (!failed_) error = llvm::sys::fs::remove(path_);
}

std::string TemporaryFile::Read() const {
  std::ifstream file(path(), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

absl::StatusOr<ClangRun> RunClang(const std::string& clang, const std::vector<std::string>& arguments) {
  const TemporaryFile log("log");
  if (log.failed()) return absl::InternalError("no temporary file can be made");
  std::vector<llvm::StringRef> words = {clang};
  words.insert(words.end(), std::begin(kFlags), std::end(kFlags));
  words.insert(words.end(), arguments.begin(), arguments.end());
  const std::string path = log.path();
  const std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(""), llvm::StringRef(path),
                                                      llvm::StringRef(path)};
  std::string error;
  const int code = llvm::sys::ExecuteAndWait(clang, words, std::nullopt, redirects, kSeconds, 0, &error);
  if (!error.empty()) return absl::InternalError(clang + " can't be run: " + error);
  return ClangRun{.succeeded = code == 0, .messages = log.Read()};
}

}  // namespace streamtensor::schedule
