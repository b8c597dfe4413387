// SPDX-License-Identifier: Apache-2.0
// Runs another program as a child process.
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

// Resource limits of a child; 0: those of this process.
struct ChildLimits {
  int64_t memory_bytes = 0;       // address space of each of its processes, and size of each file they write
  int64_t processor_seconds = 0;  // of each of its processes
};

struct ChildOptions {
  // The first is the program: a path, or a name that is searched in PATH.
  std::vector<std::string> arguments;
  std::string folder;  // working directory; empty: this process's
  // "NAME=value"; nullopt: this process's environment.
  std::optional<std::vector<std::string>> environment;
  ChildLimits limits;  // any limit also disables core dumps

  // Starts a process group with default signal handling: a terminal's Ctrl-C does not reach it, Kill()
  // reaches its descendants, and they are killed when it ends.
  bool own_group = false;
  // Kills the child when the thread that started it ends.
  bool dies_with_parent = false;

  // What remains of this process's privileges to the child and all that it starts, even if they run as root.
  // Unless it is kInherit, core dumps are disabled.
  enum class Privileges {
    kInherit,
    kFileAccess,  // to read and write files that others own
    kNone
  };
  Privileges privileges = Privileges::kInherit;

  enum class Output { kInherit, kDiscard, kPipe, kLog };
  Output out = Output::kInherit;
  Output err = Output::kInherit;
  std::string log;  // file for outputs that are kLog; created or truncated

  // stdin is /dev/null. The only other inherited descriptors: `first` of this process becomes `second`, which
  // is 3 or more.
  std::vector<std::pair<int, int>> descriptors;
};

// How a child ended.
struct ChildExit {
  int code = 0;    // without a signal; < 0: unknown, because it was reaped elsewhere in this process
  int signal = 0;  // that killed it

  bool ok() const { return code == 0 && signal == 0; }
  // "ended with code 3", "was killed by signal 9 (Killed)".
  std::string Describe() const;
};

// Not thread-safe.
class ChildProcess {
 public:
  // Starts the program; returns when it runs.
  //   NOT_FOUND           it cannot be executed: the system's reason
  //   INVALID_ARGUMENT    the log or the folder cannot be opened
  //  RESOURCE_EXHAUSTED  no process or descriptor is left
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const ChildOptions& options);
  // Kills a running child and waits for its end.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // The read ends of its piped outputs; invalid if not piped. The caller closes them.
  FileDescriptor& out() { return out_; }
  FileDescriptor& err() { return err_; }

  // Waits for its end; nullopt after `timeout`.
  std::optional<ChildExit> Wait(absl::Duration timeout = absl::InfiniteDuration());
  // Sends SIGKILL to it, with own_group to the whole group. No effect after its end.
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

// The path of a program: `name` if it has a slash, otherwise the first executable of that name in PATH; empty
// if none.
std::string FindProgram(const std::string& name);

// The variables of this process's environment that begin with one of `prefixes` ("PATH=", "STREAMTENSOR_").
std::vector<std::string> EnvironmentWith(const std::vector<std::string_view>& prefixes);

}  // namespace streamtensor::base
