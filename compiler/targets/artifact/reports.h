// SPDX-License-Identifier: Apache-2.0
// reports/: what a design holds and what it is modelled to take.
#pragma once

#include <string>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/simulation/sized_design.h"
#include "compiler/simulation/step_timing.h"
#include "compiler/targets/weights/packing_plan.h"

namespace streamtensor::compiler {

struct DesignReport {
  std::string json;  // reports/summary.json
  std::string text;  // reports/summary.txt: the same, to be read
};

// `sized` is the design's text, scheduled; its platform is the design's.
DesignReport ReportDesign(dataflow::DesignOp design, const WeightLayout& layout, const StepTiming& steps,
                          const SizedDesign& sized, const artifact::v1::Quantisation& quantisation);

}  // namespace streamtensor::compiler
