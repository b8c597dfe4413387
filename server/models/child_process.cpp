// SPDX-License-Identifier: Apache-2.0
#include "server/models/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"

extern char** environ;

namespace streamtensor::server {
namespace {

constexpr size_t kMaxLineBytes = 64 << 10;
constexpr size_t kErrorTailBytes = 2 << 10;
constexpr int kPollMilliseconds = 100;
constexpr int kPollExitMilliseconds = 5;

class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void Close() {
    if (fd >= 0) close(fd);
    fd = -1;
  }
  int fd = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
  bool Open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read.fd = ends[0];
    write.fd = ends[1];
    return true;
  }
};

bool IsPassedOn(std::string_view variable) {
  for (const std::string_view name : {"PATH=", "HOME=", "TMPDIR=", "LANG=", "STREAMTENSOR_", "CCACHE_"}) {
    if (variable.substr(0, name.size()) == name) return true;
  }
  return false;
}

// Only calls that are safe after fork() in a program with threads.
[[noreturn]] void BecomeChild(const ChildOptions& options, char* const* arguments, char* const* environment,
                              pid_t parent, int out, int err, int report) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  const auto memory = static_cast<rlim_t>(options.max_memory_bytes);
  const auto seconds = static_cast<rlim_t>(options.max_processor_seconds);
  const std::array<std::pair<decltype(RLIMIT_AS), rlimit>, 4> limits = {
      {{RLIMIT_AS, {memory, memory}},
       {RLIMIT_CORE, {0, 0}},
       {RLIMIT_FSIZE, {memory, memory}},
       {RLIMIT_CPU, {seconds, seconds + 5}}}};
  for (const auto& [which, limit] : limits) setrlimit(which, &limit);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = open("/dev/null", O_RDONLY);
  if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(127);
  close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
  execve(arguments[0], arguments, environment);
  const int error = errno;
  (void)!write(report, &error, sizeof(error));
  _exit(127);
}

// Cuts what comes out of a pipe into lines.
class LineReader {
 public:
  explicit LineReader(const std::function<void(std::string_view)>& on_line) : on_line_(on_line) {}
  void Push(std::string_view bytes) {
    for (char c : bytes) {
      if (c == '\n') {
        on_line_(line_);
        line_.clear();
      } else if (line_.size() < kMaxLineBytes) {
        line_ += c;
      }
    }
  }
  void Finish() {
    if (!line_.empty()) on_line_(line_);
  }

 private:
  const std::function<void(std::string_view)>& on_line_;
  std::string line_;
};

// Reads what is there. False at the end of the pipe.
bool Drain(int fd, const std::function<void(std::string_view)>& use) {
  char buffer[8192];
  const ssize_t got = read(fd, buffer, sizeof(buffer));
  if (got > 0) use(std::string_view(buffer, static_cast<size_t>(got)));
  return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

// What a process that met a limit is ended by; "" for other signals.
std::string MetLimit(int signal, const ChildOptions& options) {
  if (signal == SIGXFSZ)
    return absl::StrCat(" wrote a file of more than ", options.max_memory_bytes, " bytes");
  if (signal == SIGXCPU)
    return absl::StrCat(" used more than ", options.max_processor_seconds, " seconds of processor time");
  return "";
}

std::string LastLines(const std::string& tail) {
  std::string text = tail;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text.empty() ? "" : absl::StrCat(": ", text);
}

}  // namespace

absl::Status RunChild(const ChildOptions& options, const std::function<void(std::string_view)>& on_line,
                      const std::atomic<bool>& stop) {
  Pipe out;
  Pipe err;
  Pipe report;
  if (!out.Open() || !err.Open() || !report.Open()) {
    return absl::InternalError(
        absl::StrCat("no pipe for ", options.arguments[0], ": ", std::strerror(errno)));
  }
  std::vector<char*> arguments;
  for (const std::string& argument : options.arguments)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (IsPassedOn(*variable)) environment.push_back(*variable);
  }
  environment.push_back(nullptr);

  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return absl::InternalError(absl::StrCat("can not start a process: ", std::strerror(errno)));
  if (child == 0) {
    BecomeChild(options, arguments.data(), environment.data(), parent, out.write.fd, err.write.fd,
                report.write.fd);
  }
  setpgid(child, child);  // here too: whoever comes first
  out.write.Close();
  err.write.Close();
  report.write.Close();

  int exec_error = 0;
  if (read(report.read.fd, &exec_error, sizeof(exec_error)) == sizeof(exec_error)) {
    waitpid(child, nullptr, 0);
    return absl::NotFoundError(
        absl::StrCat("can not run ", options.arguments[0], ": ", std::strerror(exec_error)));
  }

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(options.max_seconds);
  LineReader lines(on_line);
  std::string error_tail;
  absl::Status ended;
  pollfd polled[2] = {{out.read.fd, POLLIN, 0}, {err.read.fd, POLLIN, 0}};
  int code = 0;
  bool exited = false;
  for (;;) {
    // One that closes its pipes and goes on is under the same limits.
    const bool silent = polled[0].fd < 0 && polled[1].fd < 0;
    if (silent && (exited = waitpid(child, &code, WNOHANG) == child)) break;
    poll(polled, 2, silent ? kPollExitMilliseconds : kPollMilliseconds);
    if (polled[0].revents != 0 && !Drain(polled[0].fd, [&](std::string_view bytes) { lines.Push(bytes); })) {
      polled[0].fd = -1;
    }
    if (polled[1].revents != 0 && !Drain(polled[1].fd, [&](std::string_view bytes) {
          error_tail.append(bytes);
          if (error_tail.size() > kErrorTailBytes) error_tail.erase(0, error_tail.size() - kErrorTailBytes);
        })) {
      polled[1].fd = -1;
    }
    for (pollfd& p : polled) p.revents = 0;
    if (ended.ok() && stop.load())
      ended = absl::CancelledError(absl::StrCat(options.arguments[0], " was stopped"));
    if (ended.ok() && std::chrono::steady_clock::now() >= deadline) {
      ended = absl::DeadlineExceededError(
          absl::StrCat(options.arguments[0], " took longer than ", options.max_seconds, " seconds"));
    }
    if (!ended.ok()) break;
  }
  // The group: compilers that it started must not outlive it.
  if (!ended.ok()) kill(-child, SIGKILL);
  while (!exited && waitpid(child, &code, 0) < 0 && errno == EINTR) {
  }
  kill(-child, SIGKILL);
  lines.Finish();
  if (!ended.ok()) return ended;
  if (WIFSIGNALED(code)) {
    const std::string limit = MetLimit(WTERMSIG(code), options);
    if (!limit.empty())
      return absl::InternalError(absl::StrCat(options.arguments[0], limit, LastLines(error_tail)));
    return absl::InternalError(absl::StrCat(options.arguments[0], " was ended by signal ", WTERMSIG(code),
                                            " (", strsignal(WTERMSIG(code)), ")", LastLines(error_tail)));
  }
  if (WEXITSTATUS(code) != 0) {
    return absl::InternalError(
        absl::StrCat(options.arguments[0], " ended with code ", WEXITSTATUS(code), LastLines(error_tail)));
  }
  return absl::OkStatus();
}

}  // namespace streamtensor::server
