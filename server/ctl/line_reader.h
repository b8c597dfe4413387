// SPDX-License-Identifier: Apache-2.0
// Reads lines from stdin: on a terminal with editing and history (libedit), otherwise as they are.
#pragma once

#include <memory>
#include <string>

#include "server/ctl/interrupts.h"

namespace streamtensor::ctl {

class LineReader {
 public:
  enum class Outcome {
    kLine,
    kInterrupted,  // a signal has arrived; it is not taken yet
    kEnd           // of the input, or an error
  };

  // `prompt` is shown on a terminal only. `interrupts` outlives the reader.
  LineReader(const std::string& prompt, const Interrupts* interrupts);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // Whether stdin and stdout are a terminal.
  bool interactive() const { return terminal_ != nullptr; }

  // `line` has no newline. Lines of a terminal are remembered until the program ends, never on disk.
  Outcome Read(std::string& line);

 private:
  struct Terminal;

  Outcome ReadPlain(std::string& line);

  const Interrupts* const interrupts_;
  std::unique_ptr<Terminal> terminal_;
  std::string pending_;  // read from stdin, after the last line
};

}  // namespace streamtensor::ctl
