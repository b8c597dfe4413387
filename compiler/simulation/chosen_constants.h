// SPDX-License-Identifier: Apache-2.0
// Which constants a register of a process' control code may hold.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "compiler/schedule/control_code.h"

namespace streamtensor::compiler {

// Through copies and choices; `fixed` are the registers that hold a constant. Nothing: it is computed.
std::optional<std::set<uint64_t>> ChosenFrom(const schedule::ProcessCode& code,
                                             const std::map<int32_t, uint64_t>& fixed, int32_t chosen);

}  // namespace streamtensor::compiler
