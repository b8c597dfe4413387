// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/clang.h"

#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/child_process.h"
#include "llvm/Support/FileSystem.h"

namespace streamtensor::schedule {
namespace {

constexpr absl::Duration kMaxTime = absl::Minutes(2);

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
  base::ChildOptions options;
  options.arguments = {clang};
  options.arguments.insert(options.arguments.end(), std::begin(kFlags), std::end(kFlags));
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  options.own_group = true;
  options.out = options.err = base::ChildOptions::Output::kLog;
  options.log = log.path();
  const auto child = base::ChildProcess::Start(options);
  if (!child.ok()) return absl::InternalError(absl::StrCat(clang, ": ", child.status().message()));
  const std::optional<base::ChildExit> exit = (*child)->Wait(kMaxTime);
  if (!exit)
    return absl::InternalError(absl::StrCat(clang, " takes longer than ", absl::FormatDuration(kMaxTime)));
  if (exit->signal != 0) return absl::InternalError(absl::StrCat(clang, " ", exit->Describe()));
  return ClangRun{.succeeded = exit->ok(), .messages = log.Read()};
}

}  // namespace streamtensor::schedule
