// SPDX-License-Identifier: Apache-2.0
// Where the values of an imported module's weights come from. The IR names a weight
// (`dataflow.weight`) and a part of it (`dataflow.part`); a WeightSource answers with the bytes.
// Free of MLIR, so that weight packing and tests need not link it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace streamtensor::compiler {

// What `dataflow.part` says: "q", "d", "m", "value".
enum class WeightPart { kQ, kD, kM, kValue };

enum class WeightElement {
  kU4,   // one byte an element, 0..15 (i4 in the IR)
  kI8,   // signed byte
  kF16,  // raw 16 bits, little-endian
  kF32,  // raw 32 bits, little-endian
};

// Bytes that Read() gives for one element.
constexpr int64_t BytesPerElement(WeightElement element) {
  switch (element) {
    case WeightElement::kU4:
    case WeightElement::kI8:
      return 1;
    case WeightElement::kF16:
      return 2;
    case WeightElement::kF32:
      return 4;
  }
  return 0;
}

// Shape of one part of one weight, of a single layer: without the leading layer dimension of a stack.
struct WeightShape {
  WeightElement element = WeightElement::kF32;
  std::vector<int64_t> dims;  // as in the IR: q [N, K/G, G], d and m [N, K/G], value as it is

  int64_t elements() const {
    int64_t count = 1;
    for (int64_t dim : dims) count *= dim;
    return count;
  }
  int64_t bytes() const { return elements() * BytesPerElement(element); }
};

// The parts of a quantised matrix.
struct MatrixParts {
  std::vector<uint8_t> q, d, m;  // m: empty where there is none
};

// Const member functions may be called from several threads at once.
class WeightSource {
 public:
  virtual ~WeightSource() = default;

  // `name` is the IR's name with `{layer}` already replaced (see WeightName).
  //  NOT_FOUND         no such weight, or it has no such part
  virtual absl::StatusOr<WeightShape> Shape(std::string_view name, WeightPart part) const = 0;

  // The part's elements, row-major, exactly Shape(name, part).bytes() bytes.
  //  NOT_FOUND         no such weight, or it has no such part
  //  INVALID_ARGUMENT  the model file holds a value that the format can't carry (a scale that is not
  //                    finite, a minimum beyond float16); the message names tensor and block
  virtual absl::StatusOr<std::vector<uint8_t>> Read(std::string_view name, WeightPart part) const = 0;

  // All parts of a quantised matrix, as Read() gives them: it is quantised once.
  virtual absl::StatusOr<MatrixParts> ReadMatrix(std::string_view name) const;
};

// Replaces `{layer}` in a `dataflow.weight` name; a name without it is returned unchanged.
std::string WeightName(std::string_view pattern, int64_t layer);

// True when the name runs over layers, that is, holds `{layer}`.
bool RunsOverLayers(std::string_view pattern);

// "q", "d", "m" or "value"; INVALID_ARGUMENT otherwise.
absl::StatusOr<WeightPart> ParseWeightPart(std::string_view text);
std::string_view WeightPartName(WeightPart part);

}  // namespace streamtensor::compiler
