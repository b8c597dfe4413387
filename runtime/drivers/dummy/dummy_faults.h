// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "streamtensor/runtime/card_config.h"

namespace streamtensor::runtime::drivers {

// The time that a dummy card's runs take and the faults they have. Outlives the closing of the card, as what
// ails a real card does. Not thread-safe.
class FaultyHardware {
 public:
  explicit FaultyHardware(const CardConfig& config);

  // UNAVAILABLE: the card can't be opened or reset yet. Each call counts as an attempt.
  absl::Status Answer();

  // Lets a run's time pass.
  //  DEADLINE_EXCEEDED  the run takes longer than `limit`
  //  UNAVAILABLE        the run failed, or the card died
  absl::Status Run(std::chrono::microseconds limit);

 private:
  std::optional<DummyFaults::Kind> NextFault();

  const std::chrono::microseconds step_time_;
  const DummyFaults faults_;
  int64_t failing_answers_;
  int64_t hanging_answers_;
  uint64_t runs_ = 0;
};

}  // namespace streamtensor::runtime::drivers
