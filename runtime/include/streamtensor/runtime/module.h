// SPDX-License-Identifier: Apache-2.0
// A compiled module that is no decoder, on a card: float32 rows in, float32 rows out.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::runtime {

struct ModuleTensor {
  std::string name;
  int32_t width = 0;  // float32 elements a row
};

struct ModuleInfo {
  std::string model_name;
  std::string platform;
  std::string target;
  int32_t max_rows = 0;  // rows one run may carry (T)
  std::vector<ModuleTensor> inputs;
  std::vector<ModuleTensor> outputs;
};

struct ModuleResult {
  std::vector<std::vector<float>> outputs;  // [rows][width] each, in the order of ModuleInfo::outputs
  double card_seconds = 0;                  // measured
  uint64_t modelled_cycles = 0;             // modelled
  double modelled_seconds = 0;              // modelled
  double joules = 0;                        // modelled, or measured by a card that has a sensor
  bool joules_measured = false;
  std::vector<ProcessTime> processes;  // measured by the emulated card, else empty
};

// Not thread-safe.
class Module {
 public:
  virtual ~Module() = default;
  virtual const ModuleInfo& info() const = 0;

  // Runs the module once on `rows` rows; inputs[i] is [rows][width], in the order of info().inputs.
  //  INVALID_ARGUMENT names the input and its size; DEADLINE_EXCEEDED, UNAVAILABLE as Decoder::Run,
  //  after which the module is of no more use.
  virtual absl::StatusOr<ModuleResult> Run(int32_t rows, std::span<const std::span<const float>> inputs,
                                           absl::Duration timeout) = 0;
};

// Of the options only card, artifact, card_program and module_dir matter. INVALID_ARGUMENT when the
// artifact holds a decoder.
absl::StatusOr<std::unique_ptr<Module>> OpenModule(const DecoderOptions& options);

}  // namespace streamtensor::runtime
