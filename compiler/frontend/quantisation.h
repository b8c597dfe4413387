// SPDX-License-Identifier: Apache-2.0
// What --quantise asks for. Free of MLIR.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace streamtensor::compiler {

enum class Quantisation {
  kNone,    // a checkpoint's matrices in the formats that its file has, a module in the types it says
  kW8A8,    // of a module: products on the INT engine, int8 weights and activations, by groups of 32
  kW4A8,    // the same with weights of 4 bits
  kW4G128,  // of a checkpoint: float matrices in 4 bits, a scale and a minimum for 128 of a row
  kW8,      // of a checkpoint: float matrices in 8 bits, a scale for 32 of a row
};

// "none", "w8a8", "w4a8", "w4g128", "w8".
std::string_view QuantisationName(Quantisation quantise);
// nullopt: no such name.
std::optional<Quantisation> ParseQuantisation(std::string_view name);
// All but "none".
std::vector<std::string> QuantisationNames();
// Whether it is for checkpoints rather than modules.
bool IsOfCheckpoints(Quantisation quantise);

}  // namespace streamtensor::compiler
