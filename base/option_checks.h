// SPDX-License-Identifier: Apache-2.0
// Validators for Option::check(), which run before the value is converted. Messages say what was given and
// what is allowed.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>

namespace streamtensor::base {

// An integer from `min` to `max`.
CLI::Validator WholeNumber(int64_t min, int64_t max);
CLI::Validator WholeNumber();  // an unsigned number of 64 bits
// A finite number.
CLI::Validator Number();
// More than 0, at most 1e9: seconds, a rate.
CLI::Validator PositiveNumber();

}  // namespace streamtensor::base
