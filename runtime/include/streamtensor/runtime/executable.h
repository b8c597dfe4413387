// SPDX-License-Identifier: Apache-2.0
// A compiled module other than a decoder, on a card: float32 rows in, float32 rows out.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "streamtensor/runtime/card_config.h"
#include "streamtensor/runtime/process_time.h"

namespace streamtensor::runtime {

struct ExecutableTensor {
  std::string name;
  int32_t width = 0;  // float32 elements a row
};

// Constant after opening.
struct ExecutableInfo {
  std::string model_name;
  std::string platform;
  std::string target;    // "emulation" or "hw"
  int32_t max_rows = 0;  // rows one run may carry (T)
  std::vector<ExecutableTensor> inputs;
  std::vector<ExecutableTensor> outputs;
};

struct ExecutableResult {
  std::vector<std::vector<float>> outputs;  // [rows][width] each, in the order of ExecutableInfo::outputs
  double card_seconds = 0;                  // measured
  uint64_t modelled_cycles = 0;             // modelled
  double modelled_seconds = 0;              // modelled
  double joules = 0;                        // modelled, or measured by a card that has a sensor
  bool joules_measured = false;
  std::vector<ProcessTime> processes;  // measured by the emulated card, else empty
};

// Not thread-safe: one thread owns an executable.
class Executable {
 public:
  virtual ~Executable() = default;
  virtual const ExecutableInfo& info() const = 0;

  // Runs the module once on `rows` rows; inputs[i] is [rows][width], in the order of info().inputs.
  //  INVALID_ARGUMENT   names the input and its size; nothing was launched
  //  DEADLINE_EXCEEDED  not done after `timeout` (> 0); every further run is UNAVAILABLE
  //  UNAVAILABLE        the card is gone or failed the run; so is every further run
  virtual absl::StatusOr<ExecutableResult> Run(int32_t rows, std::span<const std::span<const float>> inputs,
                                               absl::Duration timeout) = 0;
};

struct ExecutableOptions {
  CardConfig card;
  std::string artifact;  // folder
};

// Checks the artifact, opens the card, loads the artifact and uploads its weights.
//  NOT_FOUND, INVALID_ARGUMENT (artifact damaged, foreign, or a decoder's), UNAVAILABLE (card)
absl::StatusOr<std::unique_ptr<Executable>> OpenExecutable(const ExecutableOptions& options);

}  // namespace streamtensor::runtime
