// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/step_runner.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace streamtensor::server {

StepRunner::StepRunner(runtime::Decoder* decoder, const Clock* clock, const SchedulerLimits& limits,
                       SchedulerObserver* observer)
    : decoder_(decoder),
      observer_(observer),
      scheduler_(decoder->info(), clock, limits, observer),
      output_(decoder->info().vocabulary, scheduler_.max_context(), clock, observer) {}

StepRunner::Outcome StepRunner::RunStep() {
  Outcome outcome;
  const StepPlan plan = scheduler_.Schedule();
  if (plan.empty()) {
    outcome.next = scheduler_.NextDeadline();
    return outcome;
  }
  const absl::StatusOr<runtime::StepResult> result = Launch(plan);
  if (!result.ok()) {
    observer_->OnLaunchFailed(plan.number, plan.RequestIds(), result.status());
    if (absl::IsInvalidArgument(result.status())) {
      // The card is fine, the plan was not.
      scheduler_.OnStepRefused(plan, result.status());
      outcome.ran = true;
      return outcome;
    }
    scheduler_.OnStepFailed(plan, result.status());
    outcome.card = result.status();
    return outcome;
  }

  StepReport report{static_cast<int32_t>(plan.step.tokens.size()), *result};
  report.result.logits = {};
  observer_->OnStep(report);
  scheduler_.Update(plan, *result, output_.Process(plan, result->logits));
  for (const PlannedChunk& chunk : plan.chunks) chunk.sequence->sink().Flush();
  outcome.ran = true;
  return outcome;
}

absl::StatusOr<runtime::StepResult> StepRunner::Launch(const StepPlan& plan) {
  observer_->OnLaunch(plan.number, [&plan] { return plan.RequestIds(); });
  ASSIGN_OR_RETURN(runtime::StepResult result, decoder_->Run(plan.step, scheduler_.limits().step_timeout));
  const int64_t rows = plan.logit_rows();
  const int64_t vocabulary = decoder_->info().vocabulary;
  if (static_cast<int64_t>(result.logits.size()) != rows * vocabulary) {
    return absl::InternalError(absl::StrCat("the card returned ", result.logits.size(), " logits; ", rows,
                                            " rows of ", vocabulary, " were asked for"));
  }
  return result;
}

}  // namespace streamtensor::server
