// SPDX-License-Identifier: Apache-2.0
// Splits text into the words that byte pairs are merged within.
#pragma once

#include <memory>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::server {

// Immutable after Create(): Split() may be called from any thread at once.
class PreTokenizer {
 public:
  // Applies the `splits` of `message`, then its `pre_tokenizer`. The number of steps per pattern match is
  // limited; if a match exceeds it, the rest of the text is one word.
  //  INVALID_ARGUMENT  an invalid pattern, or too many; names it
  //  UNIMPLEMENTED     a kind this build does not know, by name
  static absl::StatusOr<std::unique_ptr<PreTokenizer>> Create(const artifact::v1::Tokenizer& message);

  ~PreTokenizer();
  PreTokenizer(const PreTokenizer&) = delete;
  PreTokenizer& operator=(const PreTokenizer&) = delete;

  // False: no more words are wanted.
  using Word = absl::FunctionRef<bool(std::string_view word)>;
  // Calls `word` with the words of `text`, in order, until it returns false. Together they are `text`, less
  // what splits drop. Bytes that are not UTF-8 become words of one byte each. False: `word` did return false.
  bool Split(std::string_view text, Word word) const;

 private:
  struct Impl;
  explicit PreTokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace streamtensor::server
