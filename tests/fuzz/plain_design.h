// SPDX-License-Identifier: Apache-2.0
// A design without tricks for the card's server: copies token ids to its output, adding what the pool holds.
#pragma once

#include <string>

namespace streamtensor::fuzz {

constexpr int kPlainTokens = 4;

// The bytes of its shared object.
std::string ReadPlainDesign();

}  // namespace streamtensor::fuzz
