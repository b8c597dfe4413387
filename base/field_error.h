// SPDX-License-Identifier: Apache-2.0
// INVALID_ARGUMENT for one field of a request. The field's path is a payload, so that each API can substitute
// the name its clients use.
#pragma once

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace streamtensor {

// Name of the payload that holds the path.
inline constexpr char kFieldPayload[] = "field";

// "FIELD PROBLEM", for example "sampling.top_p is 7; allowed is above 0 to 1".
inline absl::Status FieldError(const std::string& field, const std::string& problem) {
  absl::Status status = absl::InvalidArgumentError(absl::StrCat(field, " ", problem));
  status.SetPayload(kFieldPayload, absl::Cord(field));
  return status;
}

// Empty: the error does not concern a single field.
inline std::string FieldOf(const absl::Status& status) {
  const auto field = status.GetPayload(kFieldPayload);
  return field.has_value() ? std::string(*field) : std::string();
}

// The same error with another field name.
inline absl::Status RenameField(const absl::Status& status, const std::string& name) {
  const std::string message(status.message());
  const std::string problem = message.substr(std::min(message.size(), FieldOf(status).size() + 1));
  return FieldError(name, problem);
}

}  // namespace streamtensor
