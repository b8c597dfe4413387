// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/weight_source.h"

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {
constexpr char kLayerMark[] = "{layer}";
}  // namespace

absl::StatusOr<MatrixParts> WeightSource::ReadMatrix(std::string_view name) const {
  MatrixParts parts;
  ASSIGN_OR_RETURN(parts.q, Read(name, WeightPart::kQ));
  ASSIGN_OR_RETURN(parts.d, Read(name, WeightPart::kD));
  if (!Shape(name, WeightPart::kM).ok()) return parts;
  ASSIGN_OR_RETURN(parts.m, Read(name, WeightPart::kM));
  return parts;
}

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
