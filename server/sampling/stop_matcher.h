// SPDX-License-Identifier: Apache-2.0
// Finds stop strings in text that arrives in pieces, whatever token borders they cross.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace streamtensor::server {

// Not thread-safe.
class StopMatcher {
 public:
  explicit StopMatcher(std::vector<std::string> stop_strings) : stop_strings_(std::move(stop_strings)) {}

  struct Result {
    std::string text;                  // safe to send: no stop string can begin in it
    std::optional<std::string> match;  // the stop string found; `text` ends before it
  };

  // Adds text. Held back is the longest end of it that may still become a stop string. The stop string that
  // is complete first wins, of those complete at one place the longest: so it does not matter how the text is
  // cut into pieces.
  Result Push(std::string_view text);

  // The end: what was held back.
  std::string Finish();

 private:
  const std::vector<std::string> stop_strings_;
  std::string held_;
};

}  // namespace streamtensor::server
