// SPDX-License-Identifier: Apache-2.0
// Many streams at once against a daemon, each timed by this program's clock.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "server/ctl/client.h"

namespace streamtensor::ctl {

struct LoadOptions {
  std::string model;
  uint32_t prompt_tokens = 128;
  uint32_t shared_prefix_tokens = 0;  // of the prompt: the same in every request
  uint32_t new_tokens = 64;
  uint32_t vocabulary = 0;  // prompts are drawn from it
  uint64_t seed = 1;
  uint32_t concurrency = 8;    // closed loop: number of concurrent streams
  double rate = 0;             // > 0: open loop, Poisson arrivals per second
  uint32_t requests = 0;       // 0: as many as `seconds` allow
  double seconds = 0;          // no arrival after it; 0: until `requests` were sent
  double timeout_seconds = 0;  // of a request; 0: none
  uint32_t connections = 1;
};

// Seconds from the load's begin.
struct StreamTimes {
  double due = 0;    // when it was to be sent: an open loop's latencies count from here
  double first = 0;  // 0: no token came
  double end = 0;
  // Between two messages, divided by the tokens of the second: one entry a token after the first message.
  std::vector<float> gaps;
  uint32_t tokens = 0;
  uint32_t prompt_tokens = 0;
  uint32_t cached_tokens = 0;
  v1::Energy energy;
  grpc::Status status;
};

struct LoadResult {
  std::vector<StreamTimes> streams;  // in the order they ended
  double seconds = 0;                // until the last one ended
};

struct LoadProgress {
  uint32_t ended = 0;   // streams
  uint64_t tokens = 0;  // that they received
  double seconds = 0;   // from the load's begin
};

// Waits until every stream has ended. Calls `on_progress`, one call at a time, as each ends.
LoadResult RunLoad(const Target& target, const LoadOptions& options,
                   const std::function<void(const LoadProgress&)>& on_progress);

}  // namespace streamtensor::ctl
