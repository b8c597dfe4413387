// SPDX-License-Identifier: Apache-2.0
// The steps that a tokenizer's text goes through before it looks for pieces.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "artifact/tokenizer/tokenizer_check.h"

namespace streamtensor::server {

// Immutable: Apply() may be called from any thread at once.
class TextSteps {
 public:
  explicit TextSteps(std::vector<artifact::CheckedStep> steps) : steps_(std::move(steps)) {}

  bool empty() const { return steps_.empty(); }

  // Takes time about linear in the length of `text` and of what becomes of it. Bytes that are not UTF-8 stay
  // as they are, and part what stands before from what follows.
  std::string Apply(std::string_view text) const;

 private:
  const std::vector<artifact::CheckedStep> steps_;
};

}  // namespace streamtensor::server
