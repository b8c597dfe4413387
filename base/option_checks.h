// SPDX-License-Identifier: Apache-2.0
// Checks of option values whose messages say what was given and what would be right. For Option::check(),
// which runs them before the value is converted.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>

namespace streamtensor::base {

// A whole number from `least` to `most`.
CLI::Validator WholeNumber(int64_t min, int64_t max);
CLI::Validator WholeNumber();  // an unsigned number of 64 bits
// A finite number.
CLI::Validator Number();
// More than 0, at most 1e9: seconds, a rate.
CLI::Validator PositiveNumber();

}  // namespace streamtensor::base
