// SPDX-License-Identifier: Apache-2.0
#include "base/child_process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

extern char** environ;

namespace streamtensor::base {
namespace {

constexpr int kPollMilliseconds = 5;  // for systems without pidfd

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

absl::StatusOr<Pipe> OpenPipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return absl::ResourceExhaustedError(absl::StrCat("no pipe for a child: ", std::strerror(errno)));
  }
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

absl::StatusOr<FileDescriptor> OpenFile(const std::string& path, int flags) {
  FileDescriptor file(open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (file.valid()) return file;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::strerror(errno)));
}

// Pointers to `texts` with the terminating null that exec requires.
std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// What a child needs between fork() and exec(), where it must not allocate.
struct Launch {
  const char* program = nullptr;
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  int folder = -1;
  bool own_group = false;
  bool dies_with_parent = false;
  ChildOptions::Privileges privileges = ChildOptions::Privileges::kInherit;
  ChildLimits limits;
  pid_t parent = 0;
  std::vector<std::pair<int, int>> descriptors;  // including stdin, stdout and stderr
  std::vector<int> copies;                       // preallocated
  int report = -1;                               // receives errno if exec fails
};

void SetLimit(decltype(RLIMIT_AS) which, rlim_t soft, rlim_t hard) {
  const rlimit limit = {soft, hard};
  setrlimit(which, &limit);
}

void SetLimits(const ChildLimits& limits) {
  if (limits.memory_bytes > 0) {
    const auto bytes = static_cast<rlim_t>(limits.memory_bytes);
    SetLimit(RLIMIT_AS, bytes, bytes);
    SetLimit(RLIMIT_FSIZE, bytes, bytes);
  }
  if (limits.processor_seconds > 0) {
    const auto seconds = static_cast<rlim_t>(limits.processor_seconds);
    SetLimit(RLIMIT_CPU, seconds, seconds + 5);  // SIGXCPU at the first limit, SIGKILL at the second
  }
  if (limits.memory_bytes > 0 || limits.processor_seconds > 0) SetLimit(RLIMIT_CORE, 0, 0);
}

// False with errno.
bool SetPrivileges(ChildOptions::Privileges privileges) {
  if (privileges == ChildOptions::Privileges::kInherit) return true;
  SetLimit(RLIMIT_CORE, 0, 0);
  // With it, not even root gains by executing a program what it has not kept here.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, sets) != 0) return false;
  // A service without capabilities may not even be allowed to set them.
  const auto is_empty = [](const __user_cap_data_struct& set) {
    return (set.effective | set.permitted | set.inheritable) == 0;
  };
  if (std::all_of(std::begin(sets), std::end(sets), is_empty)) return true;
  const bool keeps_files = privileges == ChildOptions::Privileges::kFileAccess;
  const uint32_t kept = keeps_files ? sets[0].permitted & (1u << CAP_DAC_OVERRIDE) : 0;
  sets[0] = {kept, kept, 0};
  sets[1] = {};
  return syscall(SYS_capset, &header, sets) == 0;
}

// Moves each descriptor to its number and closes all others at exec.
bool PlaceDescriptors(Launch& launch) {
  // Duplicates above all target numbers, so that none overwrites a source.
  int above = 3;
  for (const auto& [from, to] : launch.descriptors) above = to >= above ? to + 1 : above;
  for (std::size_t i = 0; i < launch.descriptors.size(); ++i) {
    launch.copies[i] = fcntl(launch.descriptors[i].first, F_DUPFD, above);
    if (launch.copies[i] < 0) return false;
  }
  close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
  for (std::size_t i = 0; i < launch.descriptors.size(); ++i) {
    if (launch.descriptors[i].second == launch.report) {
      launch.report = fcntl(launch.report, F_DUPFD_CLOEXEC, above);
    }
    if (dup2(launch.copies[i], launch.descriptors[i].second) < 0) return false;
  }
  return true;
}

// Calls only functions that are async-signal-safe.
[[noreturn]] void BecomeChild(Launch& launch) {
  if (launch.own_group) {
    setpgid(0, 0);
    for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  }
  if (launch.dies_with_parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launch.parent) _exit(127);
  }
  SetLimits(launch.limits);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if ((launch.folder < 0 || fchdir(launch.folder) == 0) && SetPrivileges(launch.privileges)) {
    if (PlaceDescriptors(launch)) execve(launch.program, launch.arguments, launch.environment);
  }
  const int error = errno;
  (void)!write(launch.report, &error, sizeof(error));
  _exit(127);
}

int OpenPidDescriptor(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

}  // namespace

std::string ChildExit::Describe() const {
  if (code < 0) return "ended";
  if (signal != 0) return absl::StrCat("was killed by signal ", signal, " (", strsignal(signal), ")");
  return absl::StrCat("ended with code ", code);
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const ChildOptions& options) {
  const std::string& name = options.arguments.front();
  const std::string program = FindProgram(name);
  if (program.empty()) {
    return absl::NotFoundError(absl::StrCat("can't start ", name, ": it is not in PATH"));
  }
  ASSIGN_OR_RETURN(const FileDescriptor null, OpenFile("/dev/null", O_RDWR));
  FileDescriptor log, folder;
  if (!options.log.empty()) {
    ASSIGN_OR_RETURN(log, OpenFile(options.log, O_WRONLY | O_CREAT | O_TRUNC));
  }
  if (!options.folder.empty()) {
    ASSIGN_OR_RETURN(folder, OpenFile(options.folder, O_PATH | O_DIRECTORY));
  }
  ASSIGN_OR_RETURN(Pipe report, OpenPipe());
  Pipe out, err;
  if (options.out == ChildOptions::Output::kPipe) {
    ASSIGN_OR_RETURN(out, OpenPipe());
  }
  if (options.err == ChildOptions::Output::kPipe) {
    ASSIGN_OR_RETURN(err, OpenPipe());
  }

  Launch launch;
  launch.program = program.c_str();
  const std::vector<char*> arguments = Pointers(options.arguments);
  launch.arguments = arguments.data();
  const std::vector<char*> variables =
      options.environment ? Pointers(*options.environment) : std::vector<char*>();
  launch.environment = options.environment ? variables.data() : environ;
  launch.folder = folder.get();
  launch.own_group = options.own_group;
  launch.dies_with_parent = options.dies_with_parent;
  launch.privileges = options.privileges;
  launch.limits = options.limits;
  launch.parent = getpid();
  const auto source = [&](ChildOptions::Output output, int inherited, const Pipe& pipe) {
    switch (output) {
      case ChildOptions::Output::kInherit:
        return inherited;
      case ChildOptions::Output::kDiscard:
        return null.get();
      case ChildOptions::Output::kPipe:
        return pipe.write.get();
      case ChildOptions::Output::kLog:
        return log.get();
    }
    return inherited;
  };
  launch.descriptors = {{null.get(), STDIN_FILENO},
                        {source(options.out, STDOUT_FILENO, out), STDOUT_FILENO},
                        {source(options.err, STDERR_FILENO, err), STDERR_FILENO}};
  launch.descriptors.insert(launch.descriptors.end(), options.descriptors.begin(), options.descriptors.end());
  launch.copies.resize(launch.descriptors.size());
  launch.report = report.write.get();

  const pid_t pid = fork();
  if (pid < 0) {
    return absl::ResourceExhaustedError(absl::StrCat("can't start ", name, ": ", std::strerror(errno)));
  }
  if (pid == 0) BecomeChild(launch);
  if (options.own_group) setpgid(pid, pid);  // in the parent too: either may run first
  std::unique_ptr<ChildProcess> child(
      new ChildProcess(pid, options.own_group, std::move(out.read), std::move(err.read)));
  report.write.Close();
  int error = 0;
  ssize_t got;
  do {
    got = read(report.read.get(), &error, sizeof(error));
  } while (got < 0 && errno == EINTR);
  if (got == sizeof(error)) {
    return absl::NotFoundError(absl::StrCat("can't start ", name, ": ", std::strerror(error)));
  }
  return child;
}

ChildProcess::ChildProcess(pid_t pid, bool own_group, FileDescriptor out, FileDescriptor err)
    : pid_(pid),
      own_group_(own_group),
      pid_descriptor_(OpenPidDescriptor(pid)),
      out_(std::move(out)),
      err_(std::move(err)) {}

ChildProcess::~ChildProcess() {
  Kill();
  Wait();
}

void ChildProcess::Kill() {
  if (!exit_) kill(own_group_ ? -pid_ : pid_, SIGKILL);
}

std::optional<ChildExit> ChildProcess::Wait(absl::Duration timeout) {
  if (exit_) return exit_;
  const bool forever = timeout == absl::InfiniteDuration();
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    siginfo_t info = {};
    // Not reaped yet: until then its pid and group id are not reused.
    const int waited =
        waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT | (forever ? 0 : WNOHANG));
    if (waited == 0 && info.si_pid != 0) break;
    if (waited != 0 && errno != EINTR) break;  // reaped elsewhere
    if (forever) continue;
    const absl::Duration left = timeout - absl::FromChrono(std::chrono::steady_clock::now() - start);
    if (left <= absl::ZeroDuration()) return std::nullopt;
    PollForEnd(left);
  }
  if (own_group_) kill(-pid_, SIGKILL);
  int status = 0;
  pid_t collected;
  do {
    collected = waitpid(pid_, &status, 0);
  } while (collected < 0 && errno == EINTR);
  if (collected < 0) {
    exit_ = ChildExit{-1, 0};
  } else if (WIFSIGNALED(status)) {
    exit_ = ChildExit{0, WTERMSIG(status)};
  } else {
    exit_ = ChildExit{WEXITSTATUS(status), 0};
  }
  return exit_;
}

void ChildProcess::PollForEnd(absl::Duration timeout) const {
  const bool has_descriptor = pid_descriptor_.valid();
  const int64_t milliseconds =
      has_descriptor ? absl::ToInt64Milliseconds(timeout) + 1 : std::int64_t{kPollMilliseconds};
  pollfd entry = {pid_descriptor_.get(), POLLIN, 0};
  poll(&entry, has_descriptor ? 1 : 0, static_cast<int>(std::min<int64_t>(milliseconds, INT_MAX)));
}

std::string FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* variable = std::getenv("PATH");
  std::string_view path = variable == nullptr ? "" : variable;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const std::string program = absl::StrCat(std::string(path.substr(0, end)), "/", name);
    path.remove_prefix(std::min(end + 1, path.size()));
    struct stat info;
    if (end > 0 && stat(program.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
        access(program.c_str(), X_OK) == 0) {
      return program;
    }
  }
  return "";
}

std::vector<std::string> EnvironmentWith(const std::vector<std::string_view>& prefixes) {
  std::vector<std::string> kept;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const bool passes = std::any_of(prefixes.begin(), prefixes.end(),
                                    [&](std::string_view prefix) { return text.starts_with(prefix); });
    if (passes) kept.emplace_back(text);
  }
  return kept;
}

}  // namespace streamtensor::base
