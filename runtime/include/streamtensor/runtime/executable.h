// SPDX-License-Identifier: Apache-2.0
// A compiled module other than a decoder, on a card: samples of its inputs in, samples of its results out.
#pragma once

#include <cstddef>
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

enum class ElementType {
  kFloat32,
  kFloat16,
  kBFloat16,
  kFloat64,
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kComplex64,  // two float32, the real part first
};

// Of one element in host memory; a bool takes one.
std::size_t ElementBytes(ElementType type);
// "float32", as NumPy names it.
std::string ElementName(ElementType type);

struct ExecutableTensor {
  std::string name;
  ElementType element = ElementType::kFloat32;
  int32_t width = 0;  // elements a sample
  // Of a sample. 0, which only the first size may be: it counts the samples.
  std::vector<int64_t> shape;

  bool counts_samples() const { return !shape.empty() && shape[0] == 0; }
  std::size_t sample_bytes() const { return static_cast<std::size_t>(width) * ElementBytes(element); }
};

// Constant after opening.
struct ExecutableInfo {
  std::string model_name;
  std::string platform;
  std::string target;    // "emulation" or "hw"
  int32_t max_rows = 0;  // samples one run may carry (T)
  std::vector<ExecutableTensor> inputs;
  std::vector<ExecutableTensor> outputs;
};

struct ExecutableResult {
  // [samples][width] elements each, in the order of ExecutableInfo::outputs.
  std::vector<std::vector<std::byte>> outputs;
  double card_seconds = 0;       // measured
  uint64_t modelled_cycles = 0;  // modelled
  double modelled_seconds = 0;   // modelled
  double joules = 0;             // modelled, or measured by a card that has a sensor
  bool joules_measured = false;
  std::vector<ProcessTime> processes;  // measured by the emulated card, else empty
};

// Not thread-safe: one thread owns an executable.
class Executable {
 public:
  virtual ~Executable() = default;
  virtual const ExecutableInfo& info() const = 0;

  // Runs the module once on `rows` samples; inputs[i] is [rows][width] elements, in the order of
  // info().inputs.
  //  INVALID_ARGUMENT   names the input and its size, and nothing was launched; or a check of the module
  //  doesn't
  //                     hold for a sample: the message is the module's
  //  DEADLINE_EXCEEDED  not done after `timeout` (> 0); every further run is UNAVAILABLE
  //  UNAVAILABLE        the card is gone or failed the run; so is every further run
  virtual absl::StatusOr<ExecutableResult> Run(int32_t rows,
                                               std::span<const std::span<const std::byte>> inputs,
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
