// SPDX-License-Identifier: Apache-2.0
// Writes weights.bin.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "compiler/frontend/weight_source.h"
#include "compiler/targets/weights/packing_plan.h"

namespace streamtensor::compiler {

// Called now and then with the share that is done, 0..1, from one thread at a time.
using PackingProgress = std::function<void(double)>;

// Packs everything that `plan` names, as `layout` (of that plan) says, with up to `threads` threads.
// Holds one weight of one layer per thread in memory. On failure the file is left behind incomplete.
//  INVALID_ARGUMENT    the source's shapes or elements are not what the plan says
//  RESOURCE_EXHAUSTED  the disk is full
//  UNAVAILABLE         the file can't be created or written
absl::Status WriteWeights(const std::string& path, const PackingPlan& plan, const WeightLayout& layout,
                          const WeightSource& source, int threads, const PackingProgress& progress);

}  // namespace streamtensor::compiler
