// SPDX-License-Identifier: Apache-2.0
// What weights.bin holds (docs/architecture.md, section 4): which weights and tables, in which order. Free of
// MLIR.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "artifact/weights/layout.h"
#include "compiler/frontend/weight_source.h"

namespace streamtensor::compiler {

using artifact::TileFormat;
using artifact::WeightLayout;
using artifact::WeightSegment;

struct PackedWeight {
  std::string name;  // with `{layer}` where it runs over layers
  int64_t rows = 0;  // N
  bool has_minimum = false;
};

// One issue of the engine: weights that share an activation operand.
struct PackedIssue {
  TileFormat format = TileFormat::kU4;
  int64_t groups = 0;  // K / kGroupElements
  std::vector<PackedWeight> weights;
  // Row tile by row tile in turn (equal rows); otherwise one weight after another.
  bool alternate = false;
  int scale_groups = 1;  // groups that share a scale

  artifact::IssueShape Shape() const;
};

// A table that one process reads by itself.
struct PackedConstant {
  std::string name;  // with `{layer}` where it runs over layers
  WeightPart part = WeightPart::kValue;
  WeightElement element = WeightElement::kF32;
  int64_t elements = 0;  // of one layer
  int64_t layers = 1;    // one after another

  int64_t bytes() const { return elements * layers * BytesPerElement(element); }
};

struct PackingPlan {
  int64_t channels = 1;
  int64_t layers = 0;
  // In issue order; `layer` runs `layers` times.
  std::vector<PackedIssue> prologue;
  std::vector<PackedIssue> layer;
  std::vector<PackedIssue> epilogue;
  std::vector<PackedConstant> constants;
};

// Where it lies: `constants` as in the plan.
//  INVALID_ARGUMENT  the plan contradicts itself (no channel, no rows, unequal alternating rows)
//  UNIMPLEMENTED     it has no issue
absl::StatusOr<WeightLayout> LayOutWeights(const PackingPlan& plan);

}  // namespace streamtensor::compiler
