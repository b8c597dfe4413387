// SPDX-License-Identifier: Apache-2.0
// Runs the stages of a compile job: times them, reports them, names them in errors.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "compiler/driver/pipeline.h"

namespace streamtensor::compiler {

class StageRunner {
 public:
  // What a stage does; it may call its argument with its completed fraction.
  using Work = std::function<absl::Status(const std::function<void(double)>& partly)>;

  explicit StageRunner(ProgressCallback progress) : progress_(std::move(progress)) {}

  void Add(std::string name, Work work) { stages_.push_back({std::move(name), std::move(work)}); }

  // Stops at the first failure, whose message then begins with the stage's name.
  absl::Status Run();

 private:
  struct Stage {
    std::string name;
    Work work;
  };
  void Report(size_t index, double share, std::chrono::steady_clock::time_point began, bool finished);

  ProgressCallback progress_;
  std::vector<Stage> stages_;
};

}  // namespace streamtensor::compiler
