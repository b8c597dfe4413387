// SPDX-License-Identifier: Apache-2.0
// The scheduler's plan for one step of a card.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/scheduler/sequence.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {

// Consecutive tokens of one sequence in a step.
struct PlannedChunk {
  std::shared_ptr<Sequence> sequence;
  int32_t tokens = 0;      // at least 1
  int32_t logit_rows = 0;  // how many of them need logits
};

// Chunk i is slot i of `step`: tokens and logit rows are in chunk order.
struct StepPlan {
  uint64_t number = 0;  // of the card's steps, from 1
  std::vector<PlannedChunk> chunks;
  runtime::Step step;

  bool empty() const { return chunks.empty(); }
  int64_t logit_rows() const;
  // "r17, shop-42", for the log.
  std::string RequestIds() const;
};

// The outcome of a chunk for its sequence.
struct ChunkOutcome {
  absl::Status status;    // not OK: the sequence ends with it
  bool finished = false;  // the reply is complete
};

}  // namespace streamtensor::server
