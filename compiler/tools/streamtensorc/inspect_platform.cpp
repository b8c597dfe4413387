// SPDX-License-Identifier: Apache-2.0
#include "compiler/tools/streamtensorc/inspect_platform.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "compiler/platform/platform.h"
#include "nlohmann/json.hpp"

namespace streamtensor::compiler {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json LogicJson(const LogicResources<T>& logic) {
  return {{"lut", logic.lut},
          {"ff", logic.ff},
          {"bram36", logic.bram36},
          {"uram", logic.uram},
          {"dsp", logic.dsp}};
}

Json PlatformJson(const Platform& platform) {
  Json json = {{"name", platform.name}, {"title", platform.title}, {"part", platform.part}};
  if (platform.vitis)
    json["vitis"] = {{"platform", platform.vitis->platform}, {"shell", platform.vitis->shell}};
  json["clock"] = {{"frequency_hz", platform.clock_hz}};
  const Platform::Memory& memory = platform.memory;
  json["memory"] = {{"kind", memory.kind},
                    {"connectivity_name", memory.connectivity_name},
                    {"topology_name", memory.topology_name},
                    {"banks", memory.banks},
                    {"bytes_per_bank", memory.bytes_per_bank},
                    {"bytes_per_second_per_bank", memory.bytes_per_second_per_bank},
                    {"burst_efficiency", memory.burst_efficiency},
                    {"refresh_interval_seconds", memory.refresh_interval_seconds},
                    {"refresh_seconds", memory.refresh_seconds},
                    {"read_latency_seconds", memory.read_latency_seconds},
                    {"slrs", memory.slrs}};
  json["engine"] = {{"weight_channels", platform.engine.weight_channels}, {"unroll", platform.engine.unroll}};
  Json slrs = Json::array();
  for (const LogicResources<int64_t>& slr : platform.slrs) slrs.push_back(LogicJson(slr));
  json["logic"] = {{"slrs", std::move(slrs)}, {"limits", LogicJson(platform.limits)}};
  if (platform.sll.wires > 0) {
    json["logic"]["sll"] = {{"wires", platform.sll.wires}, {"limit", platform.sll.limit}};
  }
  json["host"] = {{"launch_seconds", platform.launch_seconds}};
  json["power"] = {{"static_watts", platform.static_watts},
                   {"dynamic_joules_per_byte", platform.dynamic_joules_per_byte}};
  json["sources"] = platform.sources;
  json["derived"] = {{"memory_bytes", memory.banks * memory.bytes_per_bank},
                     {"peak_bytes_per_second", memory.PeakBytesPerSecond()},
                     {"usable_bytes_per_second_per_bank", memory.UsableBytesPerSecond()},
                     {"on_chip_bytes", platform.OnChipBytes()},
                     {"dsps", platform.Dsps()}};
  return json;
}

// A line a value, under the name of its place.
void AppendLines(const std::string& name, const Json& json, std::string* text) {
  if (!json.is_structured()) {
    absl::StrAppendFormat(text, "%-40s %s\n", name, json.is_string() ? json.get<std::string>() : json.dump());
    return;
  }
  for (const auto& [key, value] : json.items()) {
    AppendLines(name.empty() ? key : absl::StrCat(name, ".", key), value, text);
  }
}

}  // namespace

absl::StatusOr<std::string> InspectPlatform(const std::string& path, bool json) {
  ASSIGN_OR_RETURN(const Platform platform, ReadPlatform(path));
  const Json values = PlatformJson(platform);
  if (json) return values.dump(2) + "\n";
  std::string text;
  AppendLines("", values, &text);
  return text;
}

}  // namespace streamtensor::compiler
