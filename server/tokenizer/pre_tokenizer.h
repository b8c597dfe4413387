// SPDX-License-Identifier: Apache-2.0
// Splits text into the words that byte pairs are merged within.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "artifact/tokenizer/tokenizer_check.h"

namespace streamtensor::server {

// Immutable: Split() may be called from any thread at once.
class PreTokenizer {
 public:
  // Each splitter splits the pieces that the previous ones produce. The number of steps per pattern match is
  // limited; if a match exceeds it, the rest of the text is one word.
  explicit PreTokenizer(std::vector<artifact::Splitter> splitters) : splitters_(std::move(splitters)) {}

  // False: no more words are wanted.
  using Word = absl::FunctionRef<bool(std::string_view word)>;
  // Calls `word` with the words of `text`, in order, until it returns false. Together they are `text`, less
  // what splits drop. Bytes that are not UTF-8 become words of one byte each. False: `word` did return false.
  bool Split(std::string_view text, Word word) const;

 private:
  // By the splitters from number `step` on. False: `word` did return false.
  bool SplitValid(std::string_view text, size_t step, Word word) const;

  const std::vector<artifact::Splitter> splitters_;
};

}  // namespace streamtensor::server
