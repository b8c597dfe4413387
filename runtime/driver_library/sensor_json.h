// SPDX-License-Identifier: Apache-2.0
// Reads the sensor reports of xrt::device::get_info(), whose values are strings and may be "N/A".
#pragma once

#include <optional>
#include <string>

namespace streamtensor::runtime::driver_library {

// From `electrical`. Nullopt: no sensor, or no JSON.
std::optional<double> PowerWatts(const std::string& electrical);
// From `thermal`: the FPGA's own temperature if present, else the highest. Nullopt as above.
std::optional<double> TemperatureCelsius(const std::string& thermal);

}  // namespace streamtensor::runtime::driver_library
