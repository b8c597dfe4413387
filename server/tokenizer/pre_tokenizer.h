// SPDX-License-Identifier: Apache-2.0
// Splits text into the words that byte pairs are merged within.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::server {

// Immutable after Create(): Split() may be called from any thread at once.
class PreTokenizer {
 public:
  // The splitting that `message` asks for: its `splits`, then its `pre_tokenizer`. A pattern may take so many
  // steps for a match and no more: what is left of a text by then is one word.
  //  INVALID_ARGUMENT  an invalid pattern, or too many; names it
  //  UNIMPLEMENTED     a kind this build does not know, by name
  static absl::StatusOr<std::unique_ptr<PreTokenizer>> Create(const artifact::v1::Tokenizer& message);

  ~PreTokenizer();
  PreTokenizer(const PreTokenizer&) = delete;
  PreTokenizer& operator=(const PreTokenizer&) = delete;

  // Appends the words of `text` to `words`, in order. Together they are `text`, less what splits drop. Bytes
  // that are not UTF-8 become words of one byte each.
  void Split(std::string_view text, std::vector<std::string_view>& words) const;

 private:
  struct Impl;
  explicit PreTokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace streamtensor::server
