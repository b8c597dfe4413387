// SPDX-License-Identifier: Apache-2.0
#include "base/run_child.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace streamtensor::base {
namespace {

constexpr std::size_t kMaxLineBytes = 64 << 10;
constexpr std::size_t kErrorTailBytes = 2 << 10;
constexpr int kPollMilliseconds = 100;  // how often `stop` is checked
constexpr absl::Duration kExitPoll = absl::Milliseconds(100);

// Splits a pipe's output into lines.
class LineReader {
 public:
  explicit LineReader(const std::function<void(std::string_view)>& on_line) : on_line_(on_line) {}
  void Push(std::string_view bytes) {
    for (const char c : bytes) {
      if (c == '\n') {
        if (on_line_) on_line_(line_);
        line_.clear();
      } else if (line_.size() < kMaxLineBytes) {
        line_ += c;
      }
    }
  }
  void Finish() {
    if (!line_.empty() && on_line_) on_line_(line_);
  }

 private:
  const std::function<void(std::string_view)>& on_line_;
  std::string line_;
};

// The last bytes of the output.
class Tail {
 public:
  void Push(std::string_view bytes) {
    text_.append(bytes);
    if (text_.size() > kErrorTailBytes) text_.erase(0, text_.size() - kErrorTailBytes);
  }
  // ": TEXT", or nothing.
  std::string AsReason() const {
    const std::size_t last = text_.find_last_not_of("\n ");
    return last == std::string::npos ? "" : absl::StrCat(": ", text_.substr(0, last + 1));
  }

 private:
  std::string text_;
};

// Reads available output. False at the end of the pipe.
template <class Use>
bool Drain(int fd, Use use) {
  char buffer[8192];
  const ssize_t got = read(fd, buffer, sizeof(buffer));
  if (got > 0) use(std::string_view(buffer, static_cast<std::size_t>(got)));
  return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

// Describes the limit behind a signal; empty for other signals.
std::string DescribeLimit(int signal, const ChildLimits& limits) {
  if (signal == SIGXFSZ && limits.memory_bytes > 0) {
    return absl::StrCat("wrote a file of more than ", limits.memory_bytes, " bytes");
  }
  if (signal == SIGXCPU && limits.processor_seconds > 0) {
    return absl::StrCat("used more than ", limits.processor_seconds, " seconds of processor time");
  }
  return "";
}

absl::Status CheckTime(const std::string& program, const ChildRun& run,
                       std::chrono::steady_clock::time_point start) {
  if (run.stop != nullptr && run.stop->load())
    return absl::CancelledError(absl::StrCat(program, " was stopped"));
  if (absl::FromChrono(std::chrono::steady_clock::now() - start) >= run.max_time) {
    return absl::DeadlineExceededError(
        absl::StrCat(program, " took longer than ", absl::ToInt64Seconds(run.max_time), " seconds"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunChild(ChildOptions options, const ChildRun& run) {
  options.out = options.err = ChildOptions::Output::kPipe;
  const std::string& program = options.arguments.front();
  const auto start = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(const std::unique_ptr<ChildProcess> child, ChildProcess::Start(options));

  LineReader lines(run.on_line);
  Tail errors;
  std::optional<ChildExit> exit;
  pollfd pipes[2] = {{child->out().get(), POLLIN, 0}, {child->err().get(), POLLIN, 0}};
  while (!exit) {
    // A child that closes its pipes and continues is under the same limits.
    if (pipes[0].fd < 0 && pipes[1].fd < 0) {
      exit = child->Wait(kExitPoll);
    } else {
      poll(pipes, 2, kPollMilliseconds);
      if (pipes[0].revents != 0 && !Drain(pipes[0].fd, [&](std::string_view bytes) { lines.Push(bytes); })) {
        pipes[0].fd = -1;
      }
      if (pipes[1].revents != 0 && !Drain(pipes[1].fd, [&](std::string_view bytes) { errors.Push(bytes); })) {
        pipes[1].fd = -1;
      }
      for (pollfd& pipe : pipes) pipe.revents = 0;
    }
    if (exit) break;
    RETURN_IF_ERROR(CheckTime(program, run, start));  // kills the child on return
  }
  lines.Finish();
  if (exit->ok()) return absl::OkStatus();
  const std::string limit = DescribeLimit(exit->signal, options.limits);
  return absl::InternalError(
      absl::StrCat(program, " ", limit.empty() ? exit->Describe() : limit, errors.AsReason()));
}

}  // namespace streamtensor::base
