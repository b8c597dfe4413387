// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/terminal_style.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace streamtensor::ctl {
namespace {

constexpr char kReset[] = "\033[0m";

const char* Begin(Style style) {
  switch (style) {
    case Style::kBold:
      return "\033[1m";
    case Style::kDim:
      return "\033[2m";
    case Style::kRed:
      return "\033[31m";
  }
  return kReset;
}

bool HasColour(int descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  return isatty(descriptor) != 0 && (no_colour == nullptr || *no_colour == 0);
}

size_t Columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::string Styled(const std::string& text, Style style, int descriptor) {
  return HasColour(descriptor) ? Begin(style) + text + kReset : text;
}

std::string StyledPrompt(const std::string& text, Style style) {
  if (!HasColour(STDOUT_FILENO)) return text;
  // libedit drops an escape sequence at the very end of a prompt: it goes before the last space.
  const size_t end = std::min(text.find_last_not_of(' ') + 1, text.size());
  return kPromptEscape + std::string(Begin(style)) + kPromptEscape + text.substr(0, end) + kPromptEscape +
         kReset + kPromptEscape + text.substr(end);
}

StatusLine::StatusLine(Elsewhere elsewhere) : terminal_(isatty(STDERR_FILENO) != 0), elsewhere_(elsewhere) {}

StatusLine::~StatusLine() { Clear(); }

void StatusLine::Show(const std::string& stage, const std::string& detail) {
  const std::string line = terminal_ && !detail.empty() ? stage + " " + detail : stage;
  if (line == last_) return;
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s", line.substr(0, Columns() - 1).c_str());
    std::fflush(stderr);
  } else if (elsewhere_ == Elsewhere::kStages) {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  last_ = line;
}

void StatusLine::Clear() {
  if (terminal_ && !last_.empty()) std::fputs("\r\033[K", stderr);
  last_.clear();
}

}  // namespace streamtensor::ctl
