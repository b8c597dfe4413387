// SPDX-License-Identifier: Apache-2.0
// Process networks as files: what each process reads and writes, as loops.
//
//   name: scale
//   source: an example
//   sizes: {rows: 4, columns: 8}
//   fifos:
//     - {name: x, bits: 32, from: load, to: scale}
//     - {name: y, bits: 32, from: scale, to: store}
//   processes:
//     - {name: load, memory: true, program: [{loop: rows*columns, ii: 1, do: [{write: x}]}]}
//     - {name: scale, latency: 5, program: [{loop: rows*columns, ii: 1, do: [{read: x}, {write: y}]}]}
//     - {name: store, memory: true, program: [{loop: rows*columns, ii: 1, do: [{read: y}]}]}
//
// An iteration of a loop takes `ii` cycles (none if it is absent) beside what stands in it; without `do` the
// loop only takes time. `latency` is that of a pipeline from an iteration's start to its writes. `memory`
// says that a process reads or writes the card's memory.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "compiler/sizing/problem.h"

namespace streamtensor::sizing {

//   NOT_FOUND         the file can't be read
//   INVALID_ARGUMENT  all that is wrong with it, a line each; or, if it is as it should be, that the network
//                     deadlocks at any depth
absl::StatusOr<Problem> ReadGraph(const std::string& path);
absl::StatusOr<Problem> ParseGraph(const std::string& text, const std::string& path);

}  // namespace streamtensor::sizing
