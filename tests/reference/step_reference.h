// SPDX-License-Identifier: Apache-2.0
// A decoder module run step by step on the host, with KV pools of its own; and general modules.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/reference/jit_program.h"
#include "tests/reference/module_arguments.h"

namespace streamtensor::reference {

struct StepToken {
  int32_t token_id = 0;
  int32_t slot = 0;
  int32_t position = 0;
  int32_t start = 0;  // first position of this slot's sequence in this step
  bool wants_logits = false;
};

// The rules are those of docs/architecture.md, section 3.
struct Step {
  std::vector<StepToken> tokens;
  std::vector<std::vector<int32_t>> page_tables;  // by slot
};

struct StepScript {
  int64_t pages = 0;  // pages in each pool
  std::vector<Step> steps;
};

// {"pages": 8, "steps": [{"tokens": [{"token_id": 1, "slot": 0, "position": 0, "start": 0,
//   "wants_logits": true}, ..], "page_tables": [[0, 1], ..]}, ..]}
//  INVALID_ARGUMENT  not such JSON; says where
absl::StatusOr<StepScript> ParseStepScript(std::string_view text);

// Not thread-safe.
class StepReference {
 public:
  // `module` is at stage ordered and holds @step. Pools of `pages` pages start as NaN: a row that was never
  // written can't be read unnoticed.
  //  NOT_FOUND, INVALID_ARGUMENT
  static absl::StatusOr<std::unique_ptr<StepReference>> Create(mlir::ModuleOp module,
                                                               const compiler::WeightSource& weights,
                                                               int64_t pages);

  // Logits [W x vocabulary] f32. What the step appends is written once it is over.
  //  INVALID_ARGUMENT  the step breaks a rule; nothing was run
  absl::StatusOr<Array> Run(const Step& step);

 private:
  StepReference() = default;
  absl::Status Check(const Step& step) const;
  // [.. ] i32 for a field of the descriptor.
  Array Field(const ArgumentRole& role, const Step& step) const;
  void Append(const AppendedRows& rows);

  std::unique_ptr<JitProgram> program_;
  std::vector<ArgumentRole> roles_;
  std::vector<Array> values_;  // by argument; fields are set by each step
  int64_t pages_ = 0;
  int64_t step_tokens_ = 0;
  int64_t max_pages_ = 0;
  int64_t vocabulary_ = 0;             // token ids below it are valid; 0: not known
  int64_t k_pool_ = -1, v_pool_ = -1;  // arguments
};

// Runs `function` of a general module once. `inputs` are by name.
//  NOT_FOUND (an input that was not given), INVALID_ARGUMENT
absl::StatusOr<std::vector<Array>> RunModule(mlir::ModuleOp module, const std::string& function,
                                             const compiler::WeightSource& weights,
                                             const std::vector<std::pair<std::string, Array>>& inputs);

}  // namespace streamtensor::reference
