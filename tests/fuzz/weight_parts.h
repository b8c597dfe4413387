// SPDX-License-Identifier: Apache-2.0
// Every weight of a model, converted as the packer would ask for it.
#pragma once

#include <memory>

#include "compiler/frontend/checkpoint.h"
#include "compiler/frontend/decoder_model.h"

namespace streamtensor::fuzz {

// True when no weight was refused. `decoder` was read from `checkpoint`.
bool ReadsWeights(const compiler::DecoderModel& decoder,
                  std::shared_ptr<const compiler::Checkpoint> checkpoint);

}  // namespace streamtensor::fuzz
