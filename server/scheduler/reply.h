// SPDX-License-Identifier: Apache-2.0
// Detokenizes a reply and decides where it ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/sampling/params.h"
#include "server/sampling/stop_matcher.h"
#include "server/scheduler/vocabulary.h"
#include "server/tokenizer/tokenizer.h"

namespace streamtensor::server {

enum class FinishReason { kNone, kStop, kLength };

// Not thread-safe.
class Reply {
 public:
  Reply(const StoppingParams& stopping, std::shared_ptr<const Vocabulary> vocabulary);

  struct Progress {
    std::string text;  // valid UTF-8, whole characters
    FinishReason finish_reason = FinishReason::kNone;
    std::string stop_match;
  };
  // Adds one token. The reply must not have finished. `is_last`: the length limit is reached, so held-back
  // text is released.
  Progress Push(uint32_t token_id, bool is_last);

 private:
  Progress Advance(uint32_t token_id, bool is_last);
  bool EndsGeneration(uint32_t token_id) const;
  std::string TakeHeldText();

  const StoppingParams stopping_;
  const std::shared_ptr<const Vocabulary> vocabulary_;
  Utf8Stream characters_;
  StopMatcher matcher_;
  uint32_t tokens_ = 0;
  bool finished_ = false;
};

}  // namespace streamtensor::server
