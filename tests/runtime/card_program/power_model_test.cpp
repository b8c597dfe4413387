// SPDX-License-Identifier: Apache-2.0
#include "runtime/card_program/power_model.h"

#include <gtest/gtest.h>

#include "runtime/driver_library/sensor_json.h"

namespace streamtensor::runtime::card_program {
namespace {

using std::chrono::milliseconds;

TEST(PowerModel, KnowsNothingBeforeADesign) {
  PowerModel model;
  EXPECT_EQ(driver_library::PowerWatts(model.ElectricalJson({})), std::nullopt);
  EXPECT_EQ(driver_library::TemperatureCelsius(PowerModel::ThermalJson()), std::nullopt);
}

TEST(PowerModel, ApproachesStaticPlusDynamicPowerAndFallsBack) {
  artifact::v1::TimingModel timing;
  timing.set_clock_hz(250e6);
  timing.set_static_watts(30);
  timing.add_step_cycles(1000);
  PowerModel model;
  model.SetTiming(timing);
  PowerModel::TimePoint now(std::chrono::hours(1));
  EXPECT_NEAR(*driver_library::PowerWatts(model.ElectricalJson(now)), 30, 1e-6);
  // Each run 0.02 J of dynamic energy and some static; 100 runs a second: 2 W of dynamic power.
  for (int i = 0; i < 1000; ++i) {
    now += milliseconds(10);
    model.AddRun(0.02 + 30 * 0.005, 0.005, now);
  }
  EXPECT_NEAR(*driver_library::PowerWatts(model.ElectricalJson(now)), 32, 0.05);
  EXPECT_NEAR(*driver_library::PowerWatts(model.ElectricalJson(now + std::chrono::seconds(60))), 30, 1e-6);
}

}  // namespace
}  // namespace streamtensor::runtime::card_program
