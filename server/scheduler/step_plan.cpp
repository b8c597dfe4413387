// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/step_plan.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace streamtensor::server {

int64_t StepPlan::logit_rows() const {
  int64_t rows = 0;
  for (const PlannedChunk& chunk : chunks) rows += chunk.logit_rows;
  return rows;
}

std::string StepPlan::RequestIds() const {
  return absl::StrJoin(chunks, ", ", [](std::string* ids, const PlannedChunk& chunk) {
    absl::StrAppend(ids, chunk.sequence->request().request_id);
  });
}

}  // namespace streamtensor::server
