// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/line_writer.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <string_view>
#include <thread>
#include <utility>

#include "base/mutex.h"

namespace streamtensor::server {
namespace {

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (written < 0 && errno == EAGAIN) {  // whoever shares the descriptor made it non-blocking
      pollfd entry = {fd, POLLOUT, 0};
      poll(&entry, 1, -1);
    } else if (written == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

struct LineWriter::State {
  explicit State(Options options) : options(std::move(options)) {}

  // Whether a gap is told before any further line.
  bool TellsGap() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return untold > 0 && is_writable; }

  const Options options;
  Mutex mutex;
  CondVar changed;
  std::deque<std::string> waiting ABSL_GUARDED_BY(mutex);
  size_t bytes ABSL_GUARDED_BY(mutex) = 0;         // of lines that wait or are being written
  uint64_t dropped ABSL_GUARDED_BY(mutex) = 0;     // lines, ever
  uint64_t untold ABSL_GUARDED_BY(mutex) = 0;      // those of them that no line has told
  bool is_writable ABSL_GUARDED_BY(mutex) = true;  // the descriptor took the last line
  bool is_closed ABSL_GUARDED_BY(mutex) = false;
  bool is_done ABSL_GUARDED_BY(mutex) = false;
};

LineWriter::LineWriter(Options options) : state_(std::make_shared<State>(std::move(options))) {
  std::thread([state = state_] {
    pthread_setname_np(pthread_self(), "log");
    Run(*state);
  }).detach();
}

LineWriter::~LineWriter() {
  const auto deadline = SteadyDeadline(state_->options.max_flush_time);
  MutexLock lock(state_->mutex);
  state_->is_closed = true;
  state_->changed.NotifyAll();
  while (!state_->is_done && state_->changed.WaitUntil(state_->mutex, deadline)) {
  }
  state_->dropped += state_->waiting.size();
  state_->waiting.clear();
  state_->untold = 0;
}

void LineWriter::Write(std::string line) {
  {
    MutexLock lock(state_->mutex);
    const bool has_room = state_->bytes == 0 || state_->bytes + line.size() <= state_->options.max_bytes;
    if (!has_room || state_->TellsGap()) {
      ++state_->dropped;
      ++state_->untold;
      return;
    }
    state_->bytes += line.size();
    state_->waiting.push_back(std::move(line));
  }
  state_->changed.NotifyAll();
}

void LineWriter::Flush() {
  const auto deadline = SteadyDeadline(state_->options.max_flush_time);
  MutexLock lock(state_->mutex);
  while (state_->bytes > 0 && state_->changed.WaitUntil(state_->mutex, deadline)) {
  }
}

uint64_t LineWriter::dropped() const {
  MutexLock lock(state_->mutex);
  return state_->dropped;
}

void LineWriter::Run(State& state) {
  while (true) {
    std::string line;
    uint64_t told = 0;
    {
      MutexLock lock(state.mutex);
      while (state.waiting.empty() && !state.TellsGap() && !state.is_closed) state.changed.Wait(state.mutex);
      if (!state.waiting.empty()) {
        line = std::move(state.waiting.front());
        state.waiting.pop_front();
      } else if (state.TellsGap()) {
        std::swap(told, state.untold);
      } else {
        state.is_done = true;
        state.changed.NotifyAll();
        return;
      }
    }
    if (told > 0) line = state.options.dropped_line(told);
    const bool is_written = WriteAll(state.options.fd, line);
    MutexLock lock(state.mutex);
    state.is_writable = is_written;
    if (told > 0) {
      if (!is_written) state.untold += told;
      continue;
    }
    state.bytes -= line.size();
    state.changed.NotifyAll();
    if (is_written) continue;
    ++state.dropped;
    ++state.untold;
  }
}

}  // namespace streamtensor::server
