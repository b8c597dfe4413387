// SPDX-License-Identifier: Apache-2.0
// What each process does by itself: the token model. A process, or the processes of a cycle together, runs
// with all its inputs there and with room for all its outputs, and its reads and writes are noted from its
// start.
#pragma once

#include <vector>

#include "compiler/sizing/problem.h"

namespace streamtensor::sizing {

// A node of the paper's model: tokens leave at `initial_delay + n * ii`.
struct TokenModel {
  double initial_delay = 0;  // from the start to the first output; of a sink 0
  double latency = 0;        // from the start to the end
};

// An end of a channel, from the start of its process.
struct TokenStream {
  double first = 0;
  double ii = 0;  // on average; 0 with fewer than two elements
  int64_t tokens = 0;
};

struct OwnSchedules {
  std::vector<int32_t> cycle;  // by process: those in one cycle of channels have the same number
  std::vector<TokenModel> processes;
  std::vector<TokenStream> writes, reads;  // by channel
  // By channel, `claimed` and `readable` from the start of the writer, `taken` and `freed` from that of the
  // reader. Of processes in one cycle: from the cycle's start.
  std::vector<compiler::ChannelCurves> curves;
};

OwnSchedules FindOwnSchedules(const Problem& problem);

}  // namespace streamtensor::sizing
