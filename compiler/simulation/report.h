// SPDX-License-Identifier: Apache-2.0
// What a simulated launch says, for people and for programs. All figures are modelled.
#pragma once

#include <optional>
#include <string>

#include "compiler/simulation/sized_design.h"

namespace streamtensor::compiler {

// A prompt alone on the card, in steps of as many tokens as the design takes.
struct PromptTime {
  int64_t tokens = 0;
  double seconds = 0;  // until its first token
  int64_t steps = 0;
  int64_t simulated = 0;  // of them; those between are interpolated
};

// Errors as of SizedDesign::Launch().
absl::StatusOr<PromptTime> TimePrompt(const SizedDesign& design, int64_t tokens);

std::string LaunchText(const SizedDesign& design, const StepMix& mix, const ModelledLaunch& launch,
                       const std::optional<PromptTime>& prompt);
std::string LaunchJson(const SizedDesign& design, const StepMix& mix, const ModelledLaunch& launch,
                       const std::optional<PromptTime>& prompt);
// One screen: the five causes that cost most cycles, the pointers that move most bytes, and the processes
// that fill the card most.
std::string ExplainText(const SizedDesign& design, const StepMix& mix, const ModelledLaunch& launch);
// Chrome's trace-event JSON, which Perfetto opens: a track for each process, in microseconds.
std::string TimelineJson(const SizedDesign& design, const ModelledLaunch& launch);

}  // namespace streamtensor::compiler
