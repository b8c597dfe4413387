// SPDX-License-Identifier: Apache-2.0
#include "server/sampling/params.h"

#include <cmath>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"

namespace streamtensor::server {
namespace {

absl::Status CheckRange(const char* field, float value, float least, float most, bool least_allowed = true) {
  if (std::isfinite(value) && value <= most && (least_allowed ? value >= least : value > least)) {
    return absl::OkStatus();
  }
  return FieldError(
      absl::StrCat("sampling.", field),
      absl::StrCat("is ", value, "; allowed is ", least_allowed ? "" : "above ", least, " to ", most));
}

absl::Status CheckTokenId(const std::string& field, uint32_t id, uint32_t vocabulary) {
  if (id < vocabulary) return absl::OkStatus();
  return FieldError(field, absl::StrCat("is ", id, "; the model's token ids are 0 to ", vocabulary - 1));
}

absl::Status CheckCount(const char* field, size_t count, size_t most) {
  if (count <= most) return absl::OkStatus();
  return FieldError(field, absl::StrCat("has ", count, " entries; at most ", most, " are allowed"));
}

}  // namespace

absl::Status Check(const SamplingParams& params, uint32_t vocabulary) {
  absl::Status status;
  status.Update(CheckRange("temperature", params.temperature, 0, 100));
  status.Update(CheckRange("top_p", params.top_p, 0, 1, false));
  status.Update(CheckRange("min_p", params.min_p, 0, 1));
  // As far from 1 on both sides; near 0 it would make logits infinite.
  status.Update(CheckRange("repetition_penalty", params.repetition_penalty, 0.01f, 100));
  status.Update(CheckRange("presence_penalty", params.presence_penalty, -100, 100));
  status.Update(CheckRange("frequency_penalty", params.frequency_penalty, -100, 100));
  status.Update(CheckCount("sampling.logit_bias", params.logit_bias.size(), kMaxLogitBias));
  std::unordered_set<uint32_t> seen;
  for (size_t i = 0; i < params.logit_bias.size() && status.ok(); ++i) {
    const auto& [id, bias] = params.logit_bias[i];
    const std::string field = absl::StrCat("sampling.logit_bias[", i, "]");
    status.Update(CheckTokenId(absl::StrCat(field, ".token_id"), id, vocabulary));
    if (!seen.insert(id).second) {
      status.Update(FieldError(absl::StrCat(field, ".token_id"), absl::StrCat(id, " is given twice")));
    }
    if (!(std::fabs(bias) <= 1000)) {
      status.Update(
          FieldError(absl::StrCat(field, ".bias"), absl::StrCat("is ", bias, "; allowed is -1000 to 1000")));
    }
  }
  return status;
}

absl::Status Check(const StoppingParams& params, uint32_t vocabulary) {
  absl::Status status;
  if (params.max_tokens.has_value() && params.min_tokens > *params.max_tokens) {
    status.Update(FieldError("stopping.min_tokens",
                             absl::StrCat("is ", params.min_tokens,
                                          "; allowed is up to stopping.max_tokens, ", *params.max_tokens)));
  }
  status.Update(CheckCount("stopping.stop_strings", params.stop_strings.size(), kMaxStopStrings));
  status.Update(CheckCount("stopping.stop_token_ids", params.stop_token_ids.size(), kMaxStopTokenIds));
  for (size_t i = 0; i < params.stop_strings.size() && status.ok(); ++i) {
    const size_t bytes = params.stop_strings[i].size();
    if (bytes == 0 || bytes > kMaxStopStringBytes) {
      status.Update(FieldError(absl::StrCat("stopping.stop_strings[", i, "]"),
                               absl::StrCat("has ", bytes, " bytes; allowed is 1 to ", kMaxStopStringBytes)));
    }
  }
  for (size_t i = 0; i < params.stop_token_ids.size() && status.ok(); ++i) {
    status.Update(
        CheckTokenId(absl::StrCat("stopping.stop_token_ids[", i, "]"), params.stop_token_ids[i], vocabulary));
  }
  return status;
}

}  // namespace streamtensor::server
