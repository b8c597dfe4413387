// SPDX-License-Identifier: Apache-2.0
// Indented lines of C++.
#pragma once

#include <string>
#include <utility>

#include "llvm/ADT/Twine.h"

namespace streamtensor::compiler::hls {

class TextWriter {
 public:
  void line(const llvm::Twine& text) {
    text_.append(2 * depth_, ' ');
    text_ += text.str();
    text_ += '\n';
  }
  // At column 0, regardless of depth: preprocessor lines and pragmas.
  void directive(const llvm::Twine& text) { text_ += text.str() + "\n"; }
  void blank() { text_ += '\n'; }
  // `text {`, and the matching `}` followed by `after`.
  void open(const llvm::Twine& text) {
    line(text + " {");
    ++depth_;
  }
  void close(const llvm::Twine& after = "") {
    --depth_;
    line("}" + after);
  }
  // Already complete lines from another writer.
  void append(const std::string& lines) { text_ += lines; }

  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }
  unsigned depth() const { return depth_; }
  void set_depth(unsigned depth) { depth_ = depth; }

 private:
  std::string text_;
  unsigned depth_ = 0;
};

}  // namespace streamtensor::compiler::hls
