// SPDX-License-Identifier: Apache-2.0
// What the emulated card's power sensor shows: modelled, never measured.
#pragma once

#include <chrono>
#include <string>

#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::runtime::card_program {

class PowerModel {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  void SetTiming(const artifact::v1::TimingModel& timing) {
    static_watts_ = timing.static_watts();
    known_ = timing.step_cycles_size() > 0 && timing.clock_hz() > 0;
  }
  // A run ended at `now` that took `joules` in `modelled_seconds`.
  void AddRun(double joules, double modelled_seconds, TimePoint now);

  // In XRT's JSON. The power is the static one plus the runs' dynamic energy, averaged with a window
  // that decays over a second of the host's clock. "N/A" while no design is loaded.
  std::string ElectricalJson(TimePoint now);
  // Temperature is not modelled: no sensor.
  static std::string ThermalJson();

 private:
  void Decay(TimePoint now);

  bool known_ = false;
  double static_watts_ = 0;
  double dynamic_joules_ = 0;  // of the window
  TimePoint decayed_at_ = {};
};

}  // namespace streamtensor::runtime::card_program
