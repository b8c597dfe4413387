// SPDX-License-Identifier: Apache-2.0
#include "runtime/emulator/stderr_relay.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/printable.h"

namespace streamtensor::runtime::emulator {

StderrRelay::StderrRelay(base::FileDescriptor pipe, std::string prefix,
                         std::function<void(std::string_view)> write)
    : pipe_(std::move(pipe)), prefix_(std::move(prefix)), write_(std::move(write)) {
  // A library's thread takes no signals, which are the program's; nor SIGPIPE for its own writes.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

StderrRelay::~StderrRelay() { thread_.join(); }

void StderrRelay::Run() {
  pthread_setname_np(pthread_self(), "card-stderr");
  std::string line;
  char buffer[4096];
  while (true) {
    const ssize_t got = read(pipe_.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (const char c : std::string_view(buffer, static_cast<size_t>(got))) {
      if (c != '\n') line += c;
      if (c != '\n' && line.size() < kMaxLineBytes) continue;
      PassOn(line);
      line.clear();
    }
  }
  if (!line.empty()) PassOn(line);
  TellSuppressed();
}

void StderrRelay::PassOn(std::string_view line) {
  const absl::Time now = absl::Now();
  // A clock that was set back allows nothing.
  const double seconds = std::max(0.0, absl::ToDoubleSeconds(now - last_));
  allowed_ = std::min(kBurstLines, allowed_ + kLinesPerSecond * seconds);
  last_ = now;
  if (allowed_ < 1) {
    ++suppressed_;
    return;
  }
  allowed_ -= 1;
  TellSuppressed();
  Emit(line);
}

void StderrRelay::Emit(std::string_view text) {
  write_(absl::StrCat(prefix_, base::Printable(text, std::string_view::npos, base::Quotes::kKeep), "\n"));
}

void StderrRelay::TellSuppressed() {
  if (suppressed_ > 0) Emit(absl::StrCat("(", std::exchange(suppressed_, 0), " lines suppressed)"));
}

void WriteToStderrWithoutWaiting(std::string_view line) {
  // For a pipe, a descriptor of our own, so that others who write to it still wait; invalid for other files.
  static const base::FileDescriptor* const pipe = [] {
    struct stat info;
    const bool is_pipe = fstat(STDERR_FILENO, &info) == 0 && S_ISFIFO(info.st_mode);
    return new base::FileDescriptor(is_pipe ? open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
                                            : -1);
  }();
  // A pipe that may not be opened again, or a terminal that is stopped: its reader may be waited for.
  pollfd stderr_now{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (poll(&stderr_now, 1, 0) != 1 || (stderr_now.revents & POLLOUT) == 0) return;
  if (pipe->valid()) {
    (void)!write(pipe->get(), line.data(), line.size());
    return;
  }
  const ssize_t sent = send(STDERR_FILENO, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno == ENOTSOCK) (void)!write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace streamtensor::runtime::emulator
