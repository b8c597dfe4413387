// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/weights/packing_plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace streamtensor::compiler {
namespace {

constexpr int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

absl::Status Check(const PackedIssue& issue) {
  if (issue.weights.empty()) return absl::InvalidArgumentError("an issue has no weight");
  if (issue.groups < 1) {
    return absl::InvalidArgumentError(absl::StrCat("weight ", issue.weights[0].name, ": ", issue.groups,
                                                   " groups of 32; 1 or more needed"));
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

int64_t PackedIssue::RowTiles() const {
  int64_t tiles = 0;
  for (const PackedWeight& weight : weights) tiles += CeilDiv(weight.rows, kTileRows);
  return tiles;
}

int64_t PackedIssue::Blocks() const { return CeilDiv(RowTiles() * groups, TilesPerBlock(format)); }

absl::StatusOr<WeightLayout> LayOutWeights(const PackingPlan& plan) {
  if (plan.prologue.empty() && plan.layer.empty() && plan.epilogue.empty()) {
    return absl::UnimplementedError("the module has no product with weights; one at least is needed as yet");
  }
  if (plan.channels < 1) return absl::InvalidArgumentError("weights need at least one channel");
  std::vector<uint64_t> used(plan.channels, 0);
  int64_t block = 0;
  auto deal = [&](const std::vector<PackedIssue>& issues) -> absl::Status {
    for (const PackedIssue& issue : issues) {
      if (absl::Status status = Check(issue); !status.ok()) return status;
      for (int64_t i = 0; i < issue.Blocks(); ++i) used[block++ % plan.channels] += BlockBytes(issue.format);
    }
    return absl::OkStatus();
  };
  if (absl::Status status = deal(plan.prologue); !status.ok()) return status;
  for (int64_t layer = 0; layer < plan.layers; ++layer) {
    if (absl::Status status = deal(plan.layer); !status.ok()) return status;
  }
  if (absl::Status status = deal(plan.epilogue); !status.ok()) return status;

  WeightLayout layout;
  auto append = [&](uint64_t bytes) {
    const uint64_t padded =
        std::max<uint64_t>(CeilDiv(bytes, kSegmentAlignment) * kSegmentAlignment, kSegmentAlignment);
    WeightSegment segment{layout.file_bytes, padded, bytes};
    layout.file_bytes += padded;
    return segment;
  };
  for (uint64_t bytes : used) layout.channels.push_back(append(bytes));
  for (const PackedConstant& constant : plan.constants) {
    if (constant.elements < 1 || constant.layers < 1) {
      return absl::InvalidArgumentError(absl::StrCat("constant ", constant.name, " is empty"));
    }
    layout.constants.push_back(append(constant.bytes()));
  }
  return layout;
}

}  // namespace streamtensor::compiler
