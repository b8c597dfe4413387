// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/session/step_card.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::runtime {

// Opens cards through the driver (runtime/driver/card.h) as the options say.
StepCardOpener DriverCardOpener(const DecoderOptions& options);

}  // namespace streamtensor::runtime
