// SPDX-License-Identifier: Apache-2.0
// When a process network does what: each operation at the earliest cycle that its process and its channel
// allow. An element can be read `handover_cycles` after it was written; a channel that is full holds its
// writer until the element `depth` before has been read. The network is determinate, so there is one such
// schedule. Free of MLIR.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/analysis/network.h"

namespace streamtensor::compiler {

struct ChannelTiming {
  double reader_waited = 0;  // cycles that the reader waited because it was empty
  double writer_waited = 0;  // ... the writer because it was full
};

struct ProcessTiming {
  double computed = 0;  // cycles of the process' operations
  double ended = 0;     // when
};

struct NetworkTiming {
  double cycles = 0;  // until the last process has ended
  std::vector<ChannelTiming> channels;
  std::vector<ProcessTiming> processes;
};

// `network` must complete (RunNetwork). Time is linear in the elements that pass.
NetworkTiming TimeNetwork(const Network& network, double handover_cycles);

}  // namespace streamtensor::compiler
