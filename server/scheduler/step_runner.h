// SPDX-License-Identifier: Apache-2.0
// Runs one card's steps: planned by the scheduler, executed by the decoder, processed by the output
// processor.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/scheduler/clock.h"
#include "server/scheduler/output_processor.h"
#include "server/scheduler/scheduler.h"
#include "server/scheduler/scheduler_observer.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {

// Starts no thread and only blocks in the decoder. Not thread-safe.
class StepRunner {
 public:
  // All pointers outlive the runner.
  StepRunner(runtime::Decoder* decoder, const Clock* clock, const SchedulerLimits& limits,
             SchedulerObserver* observer);

  struct Outcome {
    bool ran = false;                          // a step was run: call again immediately
    absl::Time next = absl::InfiniteFuture();  // otherwise call again at this time, or when woken
    absl::Status card;                         // not OK: the card failed, all sequences wait
  };
  // Plans and runs one step, if any.
  Outcome RunStep();

  Scheduler& scheduler() { return scheduler_; }
  const Scheduler& scheduler() const { return scheduler_; }

 private:
  absl::StatusOr<runtime::StepResult> Launch(const StepPlan& plan);

  runtime::Decoder* const decoder_;
  SchedulerObserver* const observer_;
  Scheduler scheduler_;
  OutputProcessor output_;
};

}  // namespace streamtensor::server
