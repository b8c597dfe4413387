// SPDX-License-Identifier: Apache-2.0
#include "runtime/executable/kernel_launch.h"

#include <algorithm>
#include <span>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "kernels/contract/descriptor.h"
#include "runtime/executable/step_descriptor.h"

namespace streamtensor::runtime {

using artifact::v1::Argument;

absl::StatusOr<RunReport> LaunchKernel(Card& card, ArgumentBuffers& buffers, uint64_t descriptor_bytes,
                                       const artifact::ModelledStep& modelled, absl::Duration timeout) {
  RETURN_IF_ERROR(buffers.Of(Argument::ROLE_DESCRIPTOR).ToCard(0, descriptor_bytes));
  CardBuffer& status_buffer = buffers.Of(Argument::ROLE_STATUS);
  const std::span<uint32_t> status = ArgumentBuffers::As<uint32_t>(status_buffer);
  std::fill(status.begin(), status.end(), contract::kStatusCleared);
  RETURN_IF_ERROR(status_buffer.ToCard(0, contract::kStatusWords * 4));

  absl::StatusOr<RunReport> report = card.Run(timeout);
  // A design that failed is a card that failed: the caller resets it and goes on.
  if (absl::IsInternal(report.status())) return absl::UnavailableError(report.status().message());
  RETURN_IF_ERROR(report.status());

  RETURN_IF_ERROR(status_buffer.FromCard(0, contract::kStatusWords * 4));
  RETURN_IF_ERROR(CheckStatus(status));
  if (report->modelled_cycles == 0) {
    report->modelled_cycles = modelled.cycles;
    report->modelled_seconds = modelled.seconds;
    if (!report->joules_measured) report->joules = modelled.joules;
  }
  return report;
}

}  // namespace streamtensor::runtime
