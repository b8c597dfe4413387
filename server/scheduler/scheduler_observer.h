// SPDX-License-Identifier: Apache-2.0
// Observes what happens on a card, for metrics and the log.
#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/scheduler/sequence.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {

struct StepReport {
  int32_t tokens = 0;
  runtime::StepResult result;  // `logits` is empty
};

// Called by the card's thread: must not block.
class SchedulerObserver {
 public:
  virtual ~SchedulerObserver() = default;
  // The card launches its `step`th step; `requests()` lists the ids of its requests, for the log.
  virtual void OnLaunch(uint64_t step, absl::FunctionRef<std::string()> requests) {}
  virtual void OnLaunchFailed(uint64_t step, const std::string& requests, const absl::Status& failure) {}
  virtual void OnStep(const StepReport& report) {}
  virtual void OnAdmitted(absl::Duration queued) {}
  virtual void OnFirstToken(absl::Duration since_arrival) {}
  virtual void OnNextToken(absl::Duration since_previous) {}
  virtual void OnPreempted() {}
  virtual void OnFinished(const absl::Status& status, const ReplySummary& summary,
                          absl::Duration since_arrival) {}
};

}  // namespace streamtensor::server
