// SPDX-License-Identifier: Apache-2.0
#include "runtime/driver_library/sensor_json.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace streamtensor::runtime::driver_library {
namespace {

using Json = nlohmann::json;

Json Parse(const std::string& text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false); }

// A number, or a string that is one.
std::optional<double> Number(const Json& object, const char* key) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  if (found->is_number()) return found->get<double>();
  if (!found->is_string()) return std::nullopt;
  const std::string& text = found->get_ref<const std::string&>();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<double> PowerWatts(const std::string& electrical) {
  return Number(Parse(electrical), "power_consumption_watts");
}

std::optional<double> TemperatureCelsius(const std::string& thermal) {
  const Json report = Parse(thermal);
  if (!report.is_object() || !report.contains("thermals") || !report["thermals"].is_array())
    return std::nullopt;
  std::optional<double> highest;
  for (const Json& sensor : report["thermals"]) {
    const std::optional<double> celsius = Number(sensor, "temp_C");
    if (!celsius.has_value() || *celsius <= 0) continue;  // XRT reports absent sensors as 0
    if (const auto place = sensor.find("location_id"); place != sensor.end() && *place == "fpga0")
      return celsius;
    if (!highest.has_value() || *celsius > *highest) highest = celsius;
  }
  return highest;
}

}  // namespace streamtensor::runtime::driver_library
