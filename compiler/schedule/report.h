// SPDX-License-Identifier: Apache-2.0
// An estimate as text or JSON.
#pragma once

#include <string>

#include "compiler/schedule/estimator.h"

namespace streamtensor::schedule {

// A table of loops for each process, then areas.
std::string ReportText(const DesignEstimate& design);
// One JSON object, keys sorted.
std::string ReportJson(const DesignEstimate& design);

}  // namespace streamtensor::schedule
