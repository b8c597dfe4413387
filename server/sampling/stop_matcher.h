// SPDX-License-Identifier: Apache-2.0
// Finds stop strings in text that arrives in pieces, across token boundaries.
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

  // Adds text and holds back its longest suffix that may still become a stop string. The stop string that
  // completes first wins; of several that complete at one place, the longest. The result does not depend on
  // how the text is split.
  Result Push(std::string_view text);

  // Returns the held-back text at the end.
  std::string Finish();

 private:
  const std::vector<std::string> stop_strings_;
  std::string held_;
};

}  // namespace streamtensor::server
