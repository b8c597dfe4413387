// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/line_reader.h"

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <memory>
#include <utility>

#include "server/ctl/terminal_style.h"

namespace streamtensor::ctl {
namespace {

constexpr int kHistoryLines = 1000;

// Waits for stdin. False: a signal has arrived.
bool AwaitInput(int interrupts) {
  pollfd events[] = {{STDIN_FILENO, POLLIN, 0}, {interrupts, POLLIN, 0}};
  while (poll(events, 2, -1) < 0) {
  }
  return events[1].revents == 0;
}

}  // namespace

// libedit, and what its callbacks need.
struct LineReader::Terminal {
  Terminal(const std::string& prompt_text, int interrupts_descriptor)
      : prompt(prompt_text), interrupts(interrupts_descriptor) {
    std::setlocale(LC_CTYPE, "C.UTF-8");  // messages are UTF-8, whatever the terminal's locale
    edit = el_init("streamtensorctl", stdin, stdout, stderr);
    past = history_init();
    HistEvent event;
    history(past, &event, H_SETSIZE, kHistoryLines);
    history(past, &event, H_SETUNIQUE, 1);
    el_set(edit, EL_CLIENTDATA, this);
    el_set(edit, EL_EDITOR, "emacs");
    el_set(edit, EL_HIST, &history, past);
    el_set(edit, EL_PROMPT_ESC, &Prompt, kPromptEscape);
    el_set(edit, EL_GETCFN, &ReadCharacter);
    el_set(edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_source(edit, nullptr);  // the user's ~/.editrc
  }
  ~Terminal() {
    el_end(edit);
    history_end(past);
  }

  static Terminal* Of(EditLine* edit) {
    Terminal* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return self;
  }

  static char* Prompt(EditLine* edit) { return Of(edit)->prompt.data(); }

  // Returns the number of characters read, or -1.
  static int ReadCharacter(EditLine* edit, wchar_t* character) {
    std::mbstate_t state{};
    for (;;) {
      char byte = 0;
      if (!AwaitInput(Of(edit)->interrupts)) {
        errno = EINTR;
        return -1;
      }
      const ssize_t got = read(STDIN_FILENO, &byte, 1);
      if (got <= 0) return static_cast<int>(got);
      const size_t length = std::mbrtowc(character, &byte, 1, &state);
      if (length == static_cast<size_t>(-2)) continue;  // more bytes are needed
      if (length != static_cast<size_t>(-1)) return 1;
      state = {};  // not of this encoding: drop it
    }
  }

  std::string prompt;  // invisible parts are between kPromptEscape
  const int interrupts;
  EditLine* edit;
  History* past;
};

LineReader::LineReader(const std::string& prompt, const Interrupts* interrupts) : interrupts_(interrupts) {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) return;
  terminal_ = std::make_unique<Terminal>(prompt, interrupts->descriptor());
}

LineReader::~LineReader() = default;

LineReader::Outcome LineReader::Read(std::string& line) {
  if (!interactive()) return ReadPlain(line);
  EditLine* const edit = terminal_->edit;
  el_resize(edit);  // the window may have changed meanwhile
  int length = 0;
  errno = 0;
  const char* text = el_gets(edit, &length);
  if (text == nullptr || length <= 0) {
    const bool interrupted = length < 0 && errno == EINTR;
    std::fputc('\n', stdout);
    return interrupted ? Outcome::kInterrupted : Outcome::kEnd;
  }
  line.assign(text, static_cast<size_t>(length));
  if (line.ends_with('\n')) line.pop_back();
  HistEvent event;
  if (line.find_first_not_of(" \t") != std::string::npos)
    history(terminal_->past, &event, H_ENTER, line.c_str());
  return Outcome::kLine;
}

LineReader::Outcome LineReader::ReadPlain(std::string& line) {
  for (;;) {
    if (const size_t end = pending_.find('\n'); end != std::string::npos) {
      line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return Outcome::kLine;
    }
    if (!AwaitInput(interrupts_->descriptor())) return Outcome::kInterrupted;
    char bytes[4096];
    const ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (got > 0) {
      pending_.append(bytes, static_cast<size_t>(got));
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    line = std::move(pending_);  // a last line without its newline
    pending_.clear();
    return line.empty() ? Outcome::kEnd : Outcome::kLine;
  }
}

}  // namespace streamtensor::ctl
