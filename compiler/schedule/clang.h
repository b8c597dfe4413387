// SPDX-License-Identifier: Apache-2.0
// Runs clang over HLS C++: for the estimator, and for the lint of emitted text.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringRef.h"

namespace streamtensor::schedule {

// An empty file with a unique name, removed by the destructor.
class TemporaryFile {
 public:
  explicit TemporaryFile(llvm::StringRef suffix);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  bool failed() const { return failed_; }  // there is no file
  std::string path() const { return std::string(path_.str()); }
  std::string Read() const;

 private:
  llvm::SmallString<128> path_;
  bool failed_ = false;
};

struct ClangRun {
  bool succeeded = false;
  std::string messages;  // what it printed
};

// Runs the program `clang` with the flags that both users need, and `arguments`, for at most two minutes:
// C++14 as Vitis reads it; pointers of 32 bits and structures in memory, so that a field stays a field in the
// IR; no C library; no optimisation done.
//  INTERNAL  it can't be run, or was killed
absl::StatusOr<ClangRun> RunClang(const std::string& clang, const std::vector<std::string>& arguments);

}  // namespace streamtensor::schedule
