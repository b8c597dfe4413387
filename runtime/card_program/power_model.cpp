// SPDX-License-Identifier: Apache-2.0
#include "runtime/card_program/power_model.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace streamtensor::runtime::card_program {
namespace {

constexpr double kWindowSeconds = 1.0;

}  // namespace

void PowerModel::Decay(TimePoint now) {
  const double seconds = std::chrono::duration<double>(now - decayed_at_).count();
  dynamic_joules_ *= std::exp(-seconds / kWindowSeconds);
  decayed_at_ = now;
}

void PowerModel::AddRun(double joules, double modelled_seconds, TimePoint now) {
  Decay(now);
  dynamic_joules_ += std::max(0.0, joules - static_watts_ * modelled_seconds);
}

std::string PowerModel::ElectricalJson(TimePoint now) {
  if (!known_) {
    return R"({"power_rails": [], "power_consumption_max_watts": "N/A", "power_consumption_watts": "N/A", )"
           R"("power_consumption_warning": "false", "streamtensor_source": "modelled"})";
  }
  Decay(now);
  return absl::StrFormat(
      R"({"power_rails": [], "power_consumption_max_watts": "N/A", "power_consumption_watts": "%.6f", )"
      R"("power_consumption_warning": "false", "streamtensor_source": "modelled"})",
      static_watts_ + dynamic_joules_ / kWindowSeconds);
}

std::string PowerModel::ThermalJson() { return R"({"thermals": []})"; }

}  // namespace streamtensor::runtime::card_program
