// SPDX-License-Identifier: Apache-2.0
// Exponentials of a row of logits, fast enough for every token of every step.
#pragma once

#include <span>
#include <vector>

namespace streamtensor::server {

// The largest logit; `is_nan` tells whether any is not a number (then the result means nothing).
float LargestLogit(std::span<const float> logits, bool& is_nan);

// exp((logit - largest) * inverse_temperature) of each, to about 1e-7 of its value; 0 below e^-87.
// Returns their sum. The same row gives the same bits on every host that we run on.
double Weights(std::span<const float> logits, float largest, float inverse_temperature,
               std::vector<float>& weights);

}  // namespace streamtensor::server
