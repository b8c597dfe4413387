// SPDX-License-Identifier: Apache-2.0
#include "runtime/drivers/dummy/dummy_faults.h"

#include <algorithm>
#include <span>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "runtime/drivers/dummy/hash_model.h"

namespace streamtensor::runtime::drivers {

using Kind = DummyFaults::Kind;

FaultyHardware::FaultyHardware(const CardConfig& config)
    : step_time_(config.dummy_step_us),
      faults_(config.dummy_faults),
      failing_answers_(config.dummy_faults.failed_opens),
      hanging_answers_(config.dummy_faults.hanging_opens) {}

absl::Status FaultyHardware::Answer() {
  if (hanging_answers_ > 0) {
    --hanging_answers_;
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
  if (failing_answers_ <= 0) return absl::OkStatus();
  --failing_answers_;
  return absl::UnavailableError("dummy fault: the card does not answer");
}

absl::Status FaultyHardware::Run(std::chrono::microseconds limit) {
  const std::optional<Kind> fault = NextFault();
  std::chrono::microseconds time = step_time_;
  if (fault == Kind::kSlow) time = 10 * time + std::chrono::milliseconds(10);
  if (fault == Kind::kHang) time = limit + std::chrono::microseconds(1);
  std::this_thread::sleep_for(std::min(time, limit));
  if (time > limit) {
    return absl::DeadlineExceededError(
        absl::StrCat("the run was not done after ", absl::FormatDuration(absl::FromChrono(limit))));
  }
  if (fault == Kind::kFail) return absl::UnavailableError("dummy fault: the run failed");
  if (fault == Kind::kDie) {
    failing_answers_ = 1 + static_cast<int64_t>(Mix(faults_.seed ^ runs_) % 3);
    return absl::UnavailableError("dummy fault: the card died");
  }
  return absl::OkStatus();
}

std::optional<Kind> FaultyHardware::NextFault() {
  if (faults_.every_runs == 0) return std::nullopt;
  const uint64_t bits = Mix(faults_.seed + kGoldenRatio * ++runs_);
  if (bits % static_cast<uint64_t>(faults_.every_runs) != 0) return std::nullopt;
  static constexpr Kind kAll[] = {Kind::kFail, Kind::kHang, Kind::kDie, Kind::kSlow};
  const std::span<const Kind> kinds = faults_.kinds.empty() ? std::span<const Kind>(kAll) : faults_.kinds;
  return kinds[Mix(bits) % kinds.size()];
}

}  // namespace streamtensor::runtime::drivers
