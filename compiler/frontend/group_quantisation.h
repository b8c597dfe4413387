// SPDX-License-Identifier: Apache-2.0
// Quantises groups of float32 to the card's integers, with the scales of least squared error. The same values
// give the same integers and scales, whatever is around them. Free of MLIR.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/status.h"

namespace streamtensor::compiler {

constexpr int kMaxQuantisedGroup = 128;

// x = d * q, q from -127 to 127: of the scales max |x| / 95 to max |x| / 127, rounded to float16, the one
// with the least squared error; q = round_half_even(x / d). `x` has a multiple of 8 elements, at most
// kMaxQuantisedGroup, and `q` as many.
//  INVALID_ARGUMENT  an element is not finite, or float16 can't carry the scale
absl::Status QuantiseToBytes(std::span<const float> x, int8_t* q, uint16_t* d);

// x = d * q + m, q from 0 to 15. The interval that the integers span is shrunk from [min x, max x] about its
// middle, step by step; for each width least squares give d and m of the integers that it rounds to, and
// those integers that d and m round to are kept where the sum of squared errors is the least so far. The best
// is fitted again as long as that helps. An element's squared error counts by |x| plus the root of the mean
// square: no text is looked at, but large weights matter more. This is the search for clipping of Choukroun
// et al. (Low-bit quantization of neural networks for efficient inference, 2019) with the least squares and
// the weights of `make_qkx2_quants` in ggml (ggml-quants.c). By that sum never worse than rounding to the
// nearest within [min x, max x]. Sizes as above.
//  INVALID_ARGUMENT  an element is not finite, or float16 can't carry scale or minimum
absl::Status QuantiseToNibbles(std::span<const float> x, int8_t* q, uint16_t* d, uint16_t* m);

}  // namespace streamtensor::compiler
