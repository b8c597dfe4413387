// SPDX-License-Identifier: Apache-2.0
// What a report shows of a design, as one JSON object. docs/report.md describes it.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/simulation/sized_design.h"
#include "llvm/Support/JSON.h"

namespace streamtensor::compiler {

// A timeline has no more spans than this; the shortest are left out.
inline constexpr size_t kMaxReportSpans = 40000;

// Simulates the step `mix`, and steps of more and fewer sequences or rows on as many threads as there are
// processors; lays out the graph with `dot`. `program` is the version of what writes the report. Equal
// artifacts have equal data. Errors as of SizedDesign::Launch(), Place() and LayoutGraph().
absl::StatusOr<llvm::json::Object> ReportData(const SizedDesign& design, const StepMix& mix,
                                              const std::string& program);

}  // namespace streamtensor::compiler
