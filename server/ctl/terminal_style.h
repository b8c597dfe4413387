// SPDX-License-Identifier: Apache-2.0
// Colour and a line of progress, on terminals only.
#pragma once

#include <string>

namespace streamtensor::ctl {

// Encloses parts of a prompt that take no room, for libedit.
inline constexpr char kPromptEscape = '\1';

enum class Style { kBold, kDim, kRed };

// `text` in a style if `descriptor` is a terminal and NO_COLOR is not set, else unchanged.
std::string Styled(const std::string& text, Style style, int descriptor);
// The same for a prompt of libedit.
std::string StyledPrompt(const std::string& text, Style style);

// Progress on stderr: one line that is rewritten. Not on a terminal it is a line for each new text of
// `stage`, without `detail`, or nothing.
class StatusLine {
 public:
  enum class Elsewhere { kStages, kNothing };
  explicit StatusLine(Elsewhere elsewhere);
  // Clears it.
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  void Show(const std::string& stage, const std::string& detail);
  void Clear();

 private:
  const bool terminal_;
  const Elsewhere elsewhere_;
  std::string last_;
};

}  // namespace streamtensor::ctl
