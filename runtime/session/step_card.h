// SPDX-License-Identifier: Apache-2.0
// What a session needs of a card that has a design loaded: buffers, one kernel, runs. Implemented over
// the card driver (driver_card.h), and by fakes in tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::runtime {

// Memory of the card with a host side. Freed with the object, before its card.
class CardBuffer {
 public:
  virtual ~CardBuffer() = default;
  // The host's side. What it holds reaches the card by ToCard and comes back by FromCard.
  virtual std::span<std::byte> host() = 0;
  virtual absl::Status ToCard(uint64_t offset, uint64_t bytes) = 0;
  virtual absl::Status FromCard(uint64_t offset, uint64_t bytes) = 0;
};

struct RunOutcome {
  double card_seconds = 0;       // measured: from start to completion
  uint64_t modelled_cycles = 0;  // 0: the card doesn't say
  double modelled_seconds = 0;
  double joules = 0;
  bool joules_measured = false;
  std::vector<ProcessTime> processes;  // empty: the card doesn't say
};

// One open card with one design. Not thread-safe. Errors: UNAVAILABLE when the card is gone or failed,
// DEADLINE_EXCEEDED when a run is not done in time, RESOURCE_EXHAUSTED when a bank is full.
class StepCard {
 public:
  virtual ~StepCard() = default;
  // In the memory bank that the design connects to the kernel's argument `argument`.
  virtual absl::StatusOr<std::unique_ptr<CardBuffer>> Allocate(uint32_t argument, uint64_t bytes) = 0;
  virtual absl::Status SetArgument(uint32_t argument, CardBuffer& buffer) = 0;
  // Launches the kernel with the arguments set and waits for its end; timeout > 0.
  virtual absl::StatusOr<RunOutcome> Run(absl::Duration timeout) = 0;
  virtual absl::StatusOr<CardSensors> ReadSensors() = 0;
};

// Opens a card and loads `xclbin` with its one kernel. `reset`: start the card anew, it may have failed.
using StepCardOpener = std::function<absl::StatusOr<std::unique_ptr<StepCard>>(
    std::span<const std::byte> xclbin, const std::string& kernel, bool reset)>;

}  // namespace streamtensor::runtime
