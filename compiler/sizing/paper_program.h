// SPDX-License-Identifier: Apache-2.0
// FIFO depths as StreamTensor's paper finds them (MICRO 2025, arXiv 2509.13694, section 5.3), as a baseline:
// a linear program that minimises the sum of the edges' delays, with a row for each path.
#pragma once

#include "absl/status/statusor.h"
#include "compiler/sizing/own_schedules.h"
#include "compiler/sizing/start_times.h"

namespace streamtensor::sizing {

// Every path from u to v is delayed by at least the longest sum of initial delays of any such path. Rows are
// added for paths that break this, instead of for all paths, of which there may be too many. The paper has no
// feedback: channels from a process to itself or an earlier one get `feedback`'s depth.
//   INTERNAL            Clp found no optimum
//   RESOURCE_EXHAUSTED  more than kMostRows rows
absl::StatusOr<Depths> PaperDepths(const Problem& problem, const OwnSchedules& own, Equalisation equalisation,
                                   const Depths& feedback);
inline constexpr size_t kMostRows = 20000;

// Elements in a FIFO whose target starts `delay` cycles after its source, by the paper's formula.
int64_t PaperTokens(const TokenStream& source, const TokenStream& target, double source_latency,
                    double initial_delay, double delay);

}  // namespace streamtensor::sizing
