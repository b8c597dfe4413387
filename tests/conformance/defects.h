// SPDX-License-Identifier: Apache-2.0
// Cards with a defect, each of which the suite must catch: how the suite is tested.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "streamtensor/runtime/driver.h"

namespace conformance {

// Functions of a card.
enum class Function { kNone, kLoadDesign, kSetArgument, kSync, kRun };

struct Defect {
  std::string_view name;
  // This function calls an error of this code a success.
  Function function = Function::kNone;
  absl::StatusCode code = absl::StatusCode::kOk;
  // Others.
  bool never_resets = false;  // Reset() does nothing and succeeds
  bool flips_bits = false;    // what comes from the card has one bit wrong
  bool claims_to_compute = false;

  streamtensor::runtime::DriverCapabilities Claim(
      streamtensor::runtime::DriverCapabilities capabilities) const;
};

// Null: no such defect.
const Defect* FindDefect(std::string_view name);

std::unique_ptr<streamtensor::runtime::Card> MakeDefective(std::unique_ptr<streamtensor::runtime::Card> card,
                                                           const Defect& defect);

}  // namespace conformance
