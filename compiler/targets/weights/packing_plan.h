// SPDX-License-Identifier: Apache-2.0
// What weights.bin holds and where (docs/architecture.md, section 4). Free of MLIR.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/frontend/weight_source.h"

namespace streamtensor::compiler {

constexpr int64_t kWordBytes = 64;
constexpr int64_t kTileRows = 16;
constexpr int64_t kGroupElements = 32;  // of k, in one tile
constexpr int64_t kSegmentAlignment = 4096;

// How the engine is given a weight's integers.
enum class TileFormat { kU4, kI8 };

constexpr int64_t TileWords(TileFormat format) { return format == TileFormat::kU4 ? 5 : 9; }
constexpr int64_t TilesPerBlock(TileFormat format) { return format == TileFormat::kU4 ? 6 : 3; }
constexpr int64_t BlockBytes(TileFormat format) {
  return TileWords(format) * TilesPerBlock(format) * kWordBytes;
}

struct PackedWeight {
  std::string name;  // with `{layer}` where it runs over layers
  int64_t rows = 0;  // N
  bool has_minimum = false;
};

// One issue of the engine: weights that share an activation operand.
struct PackedIssue {
  TileFormat format = TileFormat::kU4;
  int64_t groups = 0;  // K / 32
  std::vector<PackedWeight> weights;
  // Row tile by row tile in turn (equal rows); otherwise one weight after another.
  bool alternate = false;

  int64_t RowTiles() const;
  int64_t Blocks() const;
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

// A range of weights.bin; offset and size are multiples of 4096, the size at least that.
struct WeightSegment {
  uint64_t file_offset = 0;
  uint64_t bytes = 0;
  uint64_t used_bytes = 0;  // what the card reads of it
};

struct WeightLayout {
  std::vector<WeightSegment> channels;   // one a channel
  std::vector<WeightSegment> constants;  // as in the plan
  uint64_t file_bytes = 0;
};

// INVALID_ARGUMENT when the plan contradicts itself (no channel, no rows, unequal alternating rows).
absl::StatusOr<WeightLayout> LayOutWeights(const PackingPlan& plan);

}  // namespace streamtensor::compiler
