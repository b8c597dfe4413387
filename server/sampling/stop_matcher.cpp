// SPDX-License-Identifier: Apache-2.0
#include "server/sampling/stop_matcher.h"

#include <algorithm>
#include <utility>

namespace streamtensor::server {

StopMatcher::Result StopMatcher::Push(std::string_view text) {
  if (stop_strings_.empty()) return {std::string(text), std::nullopt};
  held_.append(text);

  size_t first_end = std::string::npos;
  const std::string* found = nullptr;
  for (const std::string& stop : stop_strings_) {
    const size_t at = held_.find(stop);
    if (at == std::string::npos) continue;
    const size_t end = at + stop.size();
    if (end < first_end || (end == first_end && stop.size() > found->size())) {
      first_end = end;
      found = &stop;
    }
  }
  if (found != nullptr) {
    Result result{held_.substr(0, first_end - found->size()), *found};
    held_.clear();
    return result;
  }

  // The longest end of the text that is the beginning of a stop string.
  size_t keep = 0;
  for (const std::string& stop : stop_strings_) {
    for (size_t length = std::min(stop.size() - 1, held_.size()); length > keep; --length) {
      if (held_.compare(held_.size() - length, length, stop, 0, length) == 0) {
        keep = length;
        break;
      }
    }
  }
  Result result{held_.substr(0, held_.size() - keep), std::nullopt};
  held_.erase(0, held_.size() - keep);
  return result;
}

std::string StopMatcher::Finish() { return std::exchange(held_, std::string()); }

}  // namespace streamtensor::server
