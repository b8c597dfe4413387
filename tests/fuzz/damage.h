// SPDX-License-Identifier: Apache-2.0
// Damages sound inputs, the same way for the same numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace streamtensor::fuzz {

// The copy number `index` of `count` of seeds[which]: the first half go over the whole input from its first
// byte to its last (a bit flipped, a byte or a field set to an extreme, the rest cut off), so that no section
// is left out; the second half have one to three changes at random places, splices with the other seeds among
// them.
std::string Damaged(const std::vector<std::string>& seeds, std::size_t which, uint64_t index, uint64_t count,
                    uint64_t seed);

}  // namespace streamtensor::fuzz
