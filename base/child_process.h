// SPDX-License-Identifier: Apache-2.0
// Another program as a child of this one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/file_descriptor.h"

namespace streamtensor::base {

// What a child may use; 0: as much as this process.
struct ChildLimits {
  int64_t memory_bytes = 0;       // address space of each of its processes, and of each file that they write
  int64_t processor_seconds = 0;  // of each of its processes
};

struct ChildOptions {
  // The first is the program: a path, or a name that is looked up in PATH.
  std::vector<std::string> arguments;
  std::string folder;  // in which it runs; empty: this process's
  // "NAME=value" each; nullopt: this process's environment.
  std::optional<std::vector<std::string>> environment;
  ChildLimits limits;  // with any of them it leaves no core file

  // It begins a process group and a fresh program's signal handling: a terminal's Ctrl-C does not reach it,
  // Kill() reaches what it started, and what it started is killed when it ends.
  bool own_group = false;
  // It is killed when the thread that started it ends.
  bool dies_with_parent = false;

  enum class Output { kInherit, kDiscard, kPipe, kLog };
  Output out = Output::kInherit;
  Output err = Output::kInherit;
  std::string log;  // file of those that are kLog: made, or emptied

  // It reads /dev/null. Of other open files it gets these alone: `first` of this process as its `second`, 3
  // or more.
  std::vector<std::pair<int, int>> descriptors;
};

// How a child ended.
struct ChildExit {
  int code = 0;    // without a signal; < 0: not known, since another part of this process collected it
  int signal = 0;  // that killed it

  bool ok() const { return code == 0 && signal == 0; }
  // "ended with code 3", "was killed by signal 9 (Killed)".
  std::string Describe() const;
};

// Not thread-safe.
class ChildProcess {
 public:
  // Starts the program; returns when it runs.
  //  NOT_FOUND           it can't be run: says what the system says
  //  INVALID_ARGUMENT    the log or the folder can't be opened
  //  RESOURCE_EXHAUSTED  no process or descriptor is left
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const ChildOptions& options);
  // Kills it if it runs, and waits for its end: nothing is left.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // The read ends of its piped outputs; invalid where there is none. Yours to close.
  FileDescriptor& out() { return out_; }
  FileDescriptor& err() { return err_; }

  // Waits for its end; nullopt: `timeout` passed first.
  std::optional<ChildExit> Wait(absl::Duration timeout = absl::InfiniteDuration());
  // SIGKILL to it, with own_group to its whole group. Does nothing when it has ended.
  void Kill();

 private:
  ChildProcess(pid_t pid, bool own_group, FileDescriptor out, FileDescriptor err);
  // Returns when it may have ended, at the latest after `timeout`.
  void PollForEnd(absl::Duration timeout) const;

  const pid_t pid_;
  const bool own_group_;
  FileDescriptor pid_descriptor_;
  FileDescriptor out_;
  FileDescriptor err_;
  std::optional<ChildExit> exit_;
};

// The path of a program: `name` itself when it has a slash, else the first executable file of that name in
// PATH. Empty: there is none.
std::string FindProgram(const std::string& name);

// Those variables of this process's environment that begin with one of `prefixes` ("PATH=", "STREAMTENSOR_").
std::vector<std::string> EnvironmentWith(const std::vector<std::string_view>& prefixes);

}  // namespace streamtensor::base
