// SPDX-License-Identifier: Apache-2.0
// The encoding of one text: its tokens so far, and what may end it early.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/tokenizer/polled_work.h"

namespace streamtensor::server {

struct EncodeBounds {
  size_t max_tokens = std::numeric_limits<size_t>::max();
  // Asked after every few kilobytes; an error ends the encoding and is its result. Null: never asked.
  PolledWork::Poll poll;
};

// Not thread-safe.
class Encoding {
 public:
  explicit Encoding(EncodeBounds bounds) : bounds_(std::move(bounds)), work_(bounds_.poll) {}

  // Accounts for `work`, about the number of bytes looked at. False: the encoding must end.
  bool Continue(size_t work) {
    if (!status_.ok()) return false;
    if (ids.size() > bounds_.max_tokens) return Exceed();
    status_ = work_.Spend(work);
    return status_.ok();
  }

  // As Continue(), before text that makes at least so many tokens.
  bool HasRoomFor(size_t tokens) {
    if (!status_.ok()) return false;
    return (ids.size() <= bounds_.max_tokens && tokens <= bounds_.max_tokens - ids.size()) || Exceed();
  }

  // The result: the tokens, or why the encoding ended.
  //   OUT_OF_RANGE  more than max_tokens; what poll() returned
  absl::StatusOr<std::vector<uint32_t>> Finish() &&;

  std::vector<uint32_t> ids;

 private:
  bool Exceed();

  const EncodeBounds bounds_;
  PolledWork work_;
  absl::Status status_;
};

}  // namespace streamtensor::server
