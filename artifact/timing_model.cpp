// SPDX-License-Identifier: Apache-2.0
#include "artifact/timing_model.h"

#include <algorithm>

namespace streamtensor::artifact {

ModelledStep ModelStep(const v1::TimingModel& timing, const StepShape& shape) {
  ModelledStep result;
  if (timing.step_cycles_size() == 0 || !(timing.clock_hz() > 0) || shape.tokens == 0) return result;
  const int index = std::min(static_cast<int>(shape.tokens), timing.step_cycles_size()) - 1;
  const uint64_t further_logits = shape.logits > 1 ? shape.logits - 1 : 0;
  const double pages = static_cast<double>(shape.context_pages);
  result.cycles = timing.launch_cycles() + timing.step_cycles(index) +
                  further_logits * timing.logits_cycles() +
                  static_cast<uint64_t>(timing.context_page_cycles() * pages);
  result.seconds = static_cast<double>(result.cycles) / timing.clock_hz();
  const double bytes = static_cast<double>(timing.bytes_per_step()) +
                       pages * static_cast<double>(timing.bytes_per_context_page());
  result.joules = timing.static_watts() * result.seconds + timing.dynamic_joules_per_step_byte() * bytes;
  return result;
}

}  // namespace streamtensor::artifact
