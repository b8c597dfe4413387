// SPDX-License-Identifier: Apache-2.0
#include "runtime/driver_library/sensor_json.h"

#include <gtest/gtest.h>

namespace streamtensor::runtime::driver_library {
namespace {

TEST(SensorJson, ReadsPower) {
  EXPECT_EQ(PowerWatts(R"({"power_consumption_watts": "23.5"})"), 23.5);
  EXPECT_EQ(PowerWatts(R"({"power_consumption_watts": 23.5})"), 23.5);
  EXPECT_EQ(PowerWatts(R"({"power_consumption_watts": "N/A"})"), std::nullopt);
  EXPECT_EQ(PowerWatts(R"({"power_consumption_watts": "12 W"})"), std::nullopt);
  EXPECT_EQ(PowerWatts(R"({"power_consumption_watts": {}})"), std::nullopt);
  EXPECT_EQ(PowerWatts("{}"), std::nullopt);
  EXPECT_EQ(PowerWatts("[1]"), std::nullopt);
  EXPECT_EQ(PowerWatts("{"), std::nullopt);
  EXPECT_EQ(PowerWatts(""), std::nullopt);
}

TEST(SensorJson, ReadsTheHottestOrTheFpga) {
  EXPECT_EQ(TemperatureCelsius(R"({"thermals": [{"location_id": "pcb_top_front", "temp_C": "41"},
      {"location_id": "fpga0", "temp_C": "39"}]})"),
            39);
  EXPECT_EQ(TemperatureCelsius(R"({"thermals": [{"location_id": "a", "temp_C": "41"},
      {"location_id": "b", "temp_C": "N/A"}, {"location_id": "c", "temp_C": "0"}, {"temp_C": "44"}]})"),
            44);
  EXPECT_EQ(TemperatureCelsius(R"({"thermals": []})"), std::nullopt);
  EXPECT_EQ(TemperatureCelsius(R"({"thermals": 3})"), std::nullopt);
  EXPECT_EQ(TemperatureCelsius(R"({"thermals": [{"location_id": 7, "temp_C": "44"}]})"), 44);
  EXPECT_EQ(TemperatureCelsius("x"), std::nullopt);
}

}  // namespace
}  // namespace streamtensor::runtime::driver_library
