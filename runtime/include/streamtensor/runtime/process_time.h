// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace streamtensor::runtime {

// Measured by the emulated card: what one dataflow process of a design did in one run.
struct ProcessTime {
  std::string name;
  uint64_t nanoseconds = 0;  // it ran, on the thread that launched the design
  uint64_t switches = 0;     // times it had to wait for a FIFO
};

}  // namespace streamtensor::runtime
