// SPDX-License-Identifier: Apache-2.0
// reports/: what a design holds and what it is modelled to take.
#pragma once

#include <string>

#include "compiler/analysis/cycle_model.h"
#include "compiler/targets/weights/packing_plan.h"

namespace streamtensor::compiler {

struct DesignReport {
  std::string json;  // reports/summary.json
  std::string text;  // reports/summary.txt: the same, to be read
};

DesignReport ReportDesign(dataflow::DesignOp design, const WeightLayout& layout, const CycleModel& cycles,
                          const Platform& platform, const artifact::v1::Quantisation& quantisation);

}  // namespace streamtensor::compiler
