// SPDX-License-Identifier: Apache-2.0
// The elements of a module's arguments and results, as hosts hold them and as the card's rows do: words of 32
// bits (Argument.Element of the manifest).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "streamtensor/runtime/executable.h"

namespace streamtensor::runtime {

// Of the card, for each element: 1 or 2.
std::size_t WordsOf(ElementType type);

// `elements` holds whole elements, `words` WordsOf(type) for each.
void ToWords(ElementType type, std::span<const std::byte> elements, std::span<uint32_t> words);
void FromWords(ElementType type, std::span<const uint32_t> words, std::span<std::byte> elements);

}  // namespace streamtensor::runtime
