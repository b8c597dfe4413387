// SPDX-License-Identifier: Apache-2.0
#include "compiler/driver/stage_runner.h"

#include "absl/strings/str_cat.h"

namespace streamtensor::compiler {

absl::Status StageRunner::Run() {
  for (size_t i = 0; i < stages_.size(); ++i) {
    const auto began = std::chrono::steady_clock::now();
    const absl::Status status = stages_[i].work([&](double share) { Report(i, share, began, false); });
    if (!status.ok()) {
      return absl::Status(status.code(), absl::StrCat(stages_[i].name, ": ", status.message()));
    }
    Report(i, 1, began, true);
  }
  return absl::OkStatus();
}

void StageRunner::Report(size_t index, double share, std::chrono::steady_clock::time_point began,
                         bool finished) {
  if (!progress_) return;
  StageProgress progress;
  progress.stage = stages_[index].name;
  progress.index = static_cast<int>(index) + 1;
  progress.stages = static_cast<int>(stages_.size());
  progress.fraction = (static_cast<double>(index) + share) / static_cast<double>(stages_.size());
  progress.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  progress.finished = finished;
  progress_(progress);
}

}  // namespace streamtensor::compiler
