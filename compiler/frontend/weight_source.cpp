// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/weight_source.h"

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {
constexpr char kLayerMark[] = "{layer}";
}  // namespace

std::string WeightName(std::string_view pattern, int64_t layer) {
  return absl::StrReplaceAll(MessagePiece(pattern), {{kLayerMark, Message(layer)}});
}

bool RunsOverLayers(std::string_view pattern) { return pattern.find(kLayerMark) != std::string_view::npos; }

absl::StatusOr<WeightPart> ParseWeightPart(std::string_view text) {
  if (text == "q") return WeightPart::kQ;
  if (text == "d") return WeightPart::kD;
  if (text == "m") return WeightPart::kM;
  if (text == "value") return WeightPart::kValue;
  return absl::InvalidArgumentError(Message("'", text, "' is not a part of a weight: q, d, m or value"));
}

std::string_view WeightPartName(WeightPart part) {
  switch (part) {
    case WeightPart::kQ:
      return "q";
    case WeightPart::kD:
      return "d";
    case WeightPart::kM:
      return "m";
    case WeightPart::kValue:
      return "value";
  }
  return "";
}

}  // namespace streamtensor::compiler
