// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/quantisation.h"

namespace streamtensor::compiler {
namespace {

constexpr Quantisation kAll[] = {Quantisation::kNone, Quantisation::kW8A8, Quantisation::kW4A8,
                                 Quantisation::kW4G128, Quantisation::kW8};

}  // namespace

std::string_view QuantisationName(Quantisation quantise) {
  switch (quantise) {
    case Quantisation::kNone:
      return "none";
    case Quantisation::kW8A8:
      return "w8a8";
    case Quantisation::kW4A8:
      return "w4a8";
    case Quantisation::kW4G128:
      return "w4g128";
    case Quantisation::kW8:
      return "w8";
  }
  return "";
}

std::optional<Quantisation> ParseQuantisation(std::string_view name) {
  for (const Quantisation quantise : kAll) {
    if (QuantisationName(quantise) == name) return quantise;
  }
  return std::nullopt;
}

std::vector<std::string> QuantisationNames() {
  std::vector<std::string> names;
  for (const Quantisation quantise : kAll) {
    if (quantise != Quantisation::kNone) names.emplace_back(QuantisationName(quantise));
  }
  return names;
}

bool IsOfCheckpoints(Quantisation quantise) {
  return quantise == Quantisation::kW4G128 || quantise == Quantisation::kW8;
}

}  // namespace streamtensor::compiler
