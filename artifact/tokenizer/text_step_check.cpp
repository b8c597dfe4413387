// SPDX-License-Identifier: Apache-2.0
#include "artifact/tokenizer/text_step_check.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"

namespace streamtensor::artifact {
namespace {

using v1::TextStep;

constexpr int kMaxSteps = 64;
constexpr size_t kMaxGrowth = 4096;
// Bytes of the longest compatibility decomposition of one byte of text, and of the longest canonical one.
constexpr size_t kCompatibilityGrowth = 11;
constexpr size_t kCanonicalGrowth = 3;

absl::Status InStep(int index, absl::StatusCode code, absl::string_view what) {
  return absl::Status(code, absl::StrCat("tokenizer: step ", index, " ", what));
}

// How many times as long text may become.
size_t GrowthOf(const CheckedStep& checked) {
  switch (checked.step.step_case()) {
    case TextStep::kForm:
      return checked.step.form() == TextStep::FORM_KC || checked.step.form() == TextStep::FORM_KD
                 ? kCompatibilityGrowth
                 : kCanonicalGrowth;
    case TextStep::kLowercase:
    case TextStep::kSpaceIdeographs:
      return 2;
    case TextStep::kCharsmap:
      return std::max<size_t>(checked.charsmap->max_text_bytes(), 1);
    case TextStep::kReplace:
      return checked.step.replace().text().size() + 1;  // a match may be empty
    default:
      return 1;
  }
}

absl::StatusOr<CheckedStep> CheckStep(const TextStep& step, int index) {
  CheckedStep checked = {.step = step, .charsmap = {}, .pattern = {}};
  const auto unknown = [&](absl::string_view field, int value) {
    return InStep(index, absl::StatusCode::kUnimplemented,
                  absl::StrCat("has ", field, " ", value, ", which is not known to this build"));
  };
  switch (step.step_case()) {
    case TextStep::kForm:
      if (step.form() == TextStep::FORM_UNSPECIFIED || !TextStep::Form_IsValid(step.form())) {
        return unknown("form", step.form());
      }
      break;
    case TextStep::kDropMarks:
      if (step.drop_marks() == TextStep::MARKS_UNSPECIFIED || !TextStep::Marks_IsValid(step.drop_marks())) {
        return unknown("drop_marks", step.drop_marks());
      }
      break;
    case TextStep::kCharsmap: {
      absl::StatusOr<Charsmap> map = Charsmap::Create(step.charsmap());
      if (!map.ok()) return InStep(index, map.status().code(), map.status().message());
      checked.charsmap = *std::move(map);
      checked.step.clear_charsmap();
      checked.step.mutable_charsmap()->set_by_grapheme(step.charsmap().by_grapheme());
      break;
    }
    case TextStep::kReplace: {
      absl::StatusOr<SplitPattern> pattern = SplitPattern::Create(step.replace().pattern());
      if (!pattern.ok()) return InStep(index, pattern.status().code(), pattern.status().message());
      checked.pattern = *std::move(pattern);
      break;
    }
    case TextStep::STEP_NOT_SET:
      return InStep(index, absl::StatusCode::kUnimplemented, "is not known to this build");
    default:
      break;
  }
  return checked;
}

}  // namespace

absl::StatusOr<std::vector<CheckedStep>> CheckTextSteps(const v1::Tokenizer& message) {
  if (message.steps_size() > kMaxSteps) {
    return absl::InvalidArgumentError(
        absl::StrCat("tokenizer: ", message.steps_size(), " steps, expected at most ", kMaxSteps));
  }
  std::vector<CheckedStep> checked;
  size_t growth = 1;
  for (int i = 0; i < message.steps_size(); ++i) {
    ASSIGN_OR_RETURN(CheckedStep step, CheckStep(message.steps(i), i));
    growth *= GrowthOf(step);
    if (growth > kMaxGrowth) {
      return InStep(
          i, absl::StatusCode::kInvalidArgument,
          absl::StrCat("may make text ", growth, " times as long, expected at most ", kMaxGrowth, " times"));
    }
    checked.push_back(std::move(step));
  }
  return checked;
}

}  // namespace streamtensor::artifact
