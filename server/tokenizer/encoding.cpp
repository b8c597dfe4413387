// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/encoding.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace streamtensor::server {

absl::StatusOr<std::vector<uint32_t>> Encoding::Finish() && {
  HasRoomFor(0);
  RETURN_IF_ERROR(status_);
  return std::move(ids);
}

bool Encoding::Exceed() {
  status_ = absl::OutOfRangeError(absl::StrCat("the text has more than ", bounds_.max_tokens, " tokens"));
  return false;
}

}  // namespace streamtensor::server
