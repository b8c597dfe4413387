// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/reply.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace streamtensor::server {

Reply::Reply(const StoppingParams& stopping, std::shared_ptr<const Vocabulary> vocabulary)
    : stopping_(stopping), vocabulary_(std::move(vocabulary)), matcher_(stopping.stop_strings) {}

Reply::Progress Reply::Push(uint32_t token_id, bool is_last) {
  ST_CHECK(!finished_, "token ", tokens_ + 1, " of a finished reply");
  Progress progress = Advance(token_id, is_last);
  finished_ = progress.finish_reason != FinishReason::kNone;
  ST_CHECK(finished_ || !is_last);
  return progress;
}

Reply::Progress Reply::Advance(uint32_t token_id, bool is_last) {
  ++tokens_;
  Progress progress;
  const bool may_stop = tokens_ >= stopping_.min_tokens;
  const auto& stops = stopping_.stop_token_ids;
  if (may_stop && std::find(stops.begin(), stops.end(), token_id) != stops.end()) {
    progress.finish_reason = FinishReason::kStop;
    progress.stop_match = std::string(vocabulary_->PieceBytes(token_id));
    if (Utf8Stream().Push(progress.stop_match) != progress.stop_match) progress.stop_match.clear();
    progress.text = TakeHeldText();
    return progress;
  }
  if (may_stop && !stopping_.ignore_eos && EndsGeneration(token_id)) {
    progress.finish_reason = FinishReason::kStop;
    progress.text = TakeHeldText();
    return progress;
  }

  std::string text;
  if (!vocabulary_->IsControl(token_id)) text = characters_.Push(vocabulary_->PieceBytes(token_id));
  if (is_last) text += characters_.Finish();
  // Stop strings match only in text from the min_tokens-th token on.
  if (!may_stop) {
    progress.text = std::move(text);
  } else {
    StopMatcher::Result result = matcher_.Push(text);
    progress.text = std::move(result.text);
    if (result.match.has_value()) {
      progress.finish_reason = FinishReason::kStop;
      progress.stop_match = *std::move(result.match);
      return progress;
    }
  }
  if (is_last) {
    progress.text += matcher_.Finish();
    progress.finish_reason = FinishReason::kLength;
  }
  return progress;
}

bool Reply::EndsGeneration(uint32_t token_id) const {
  const auto ends = vocabulary_->end_of_generation();
  return std::find(ends.begin(), ends.end(), token_id) != ends.end();
}

std::string Reply::TakeHeldText() {
  StopMatcher::Result result = matcher_.Push(characters_.Finish());
  return result.text + matcher_.Finish();
}

}  // namespace streamtensor::server
