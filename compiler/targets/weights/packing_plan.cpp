// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/weights/packing_plan.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler {
namespace {

absl::Status Check(const PackedIssue& issue) {
  if (issue.weights.empty()) return absl::InvalidArgumentError("an issue has no weight");
  if (issue.groups < 1) {
    return absl::InvalidArgumentError(absl::StrCat("weight ", issue.weights[0].name, ": ", issue.groups,
                                                   " groups of ", contract::kGroupElements,
                                                   "; 1 or more needed"));
  }
  if (!contract::IsScaleGroups(static_cast<int>(issue.format), issue.scale_groups) ||
      issue.groups % issue.scale_groups != 0) {
    return absl::InvalidArgumentError(absl::StrCat("weight ", issue.weights[0].name, ": ", issue.scale_groups,
                                                   " of ", issue.groups, " groups share a scale; 1 or, of 4 ",
                                                   "bits, 2 or 4 that divide them can"));
  }
  for (const PackedWeight& weight : issue.weights) {
    if (weight.rows < 1) {
      return absl::InvalidArgumentError(absl::StrCat("weight ", weight.name, ": ", weight.rows, " rows"));
    }
    if (issue.alternate && weight.rows != issue.weights[0].rows) {
      return absl::InvalidArgumentError(absl::StrCat("weights ", issue.weights[0].name, " and ", weight.name,
                                                     " alternate, but have ", issue.weights[0].rows, " and ",
                                                     weight.rows, " rows"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

artifact::IssueShape PackedIssue::Shape() const {
  artifact::IssueShape shape{format, groups, 0, scale_groups};
  for (const PackedWeight& weight : weights) {
    shape.row_tiles += contract::CeilDiv<int64_t>(weight.rows, contract::kTileRows);
  }
  return shape;
}

absl::StatusOr<WeightLayout> LayOutWeights(const PackingPlan& plan) {
  if (plan.prologue.empty() && plan.layer.empty() && plan.epilogue.empty()) {
    if (plan.channels > 0)
      return absl::InvalidArgumentError("channels carry weights, but no issue takes any");
  } else if (plan.channels < 1) {
    return absl::InvalidArgumentError("weights need at least one channel");
  }
  uint64_t channel_bytes = 0;
  const auto add = [&](const std::vector<PackedIssue>& issues) -> absl::Status {
    for (const PackedIssue& issue : issues) {
      RETURN_IF_ERROR(Check(issue));
      channel_bytes += artifact::IssueLayout(issue.Shape(), plan.channels).channel_bytes();
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(add(plan.prologue));
  for (int64_t layer = 0; layer < plan.layers; ++layer) RETURN_IF_ERROR(add(plan.layer));
  RETURN_IF_ERROR(add(plan.epilogue));

  std::vector<uint64_t> constant_bytes;
  for (const PackedConstant& constant : plan.constants) {
    if (constant.elements < 1 || constant.layers < 1) {
      return absl::InvalidArgumentError(absl::StrCat("constant ", constant.name, " is empty"));
    }
    constant_bytes.push_back(constant.bytes());
  }
  return artifact::LayOutSegments(std::vector<uint64_t>(plan.channels, channel_bytes), constant_bytes);
}

}  // namespace streamtensor::compiler
