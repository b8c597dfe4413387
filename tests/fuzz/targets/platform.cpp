// SPDX-License-Identifier: Apache-2.0
// A card model, configs/platforms/*.yaml.
#include "compiler/platform/platform.h"

#include <cstring>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const char* name : {"u200", "u250", "u280", "u55c", "v80"}) {
    std::ifstream file(std::string(ST_SOURCE_DIR "/configs/platforms/") + name + ".yaml", std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(file), {});
    // All are read as one file's.
    text.replace(text.find("name: "), 6 + std::strlen(name), "name: u55c");
    seeds.push_back(std::move(text));
  }
  return seeds;
}

bool Accepts(std::string_view input) {
  const auto platform = compiler::ParsePlatform(std::string(input), "u55c.yaml");
  if (!platform.ok()) return Refused(platform.status(), {"u55c.yaml"});
  Require(platform->Dsps() > 0 && platform->OnChipBytes() > 0 &&
              platform->memory.UsableBytesPerSecond() > 0 && platform->memory.PeakBytesPerSecond() > 0 &&
              platform->ClockMhz() > 0,
          "a platform has units, memory and a clock");
  const int64_t last = platform->memory.banks - 1;
  Require(platform->engine.weight_channels <= platform->memory.banks, "each channel has a bank");
  Require(platform->memory.TopologyName(last).size() <= 15, "a bank's name fits an xclbin");
  Require(platform->memory.ConnectivityName(last).find('{') == std::string::npos, "a bank has a number");
  return true;
}

}  // namespace streamtensor::fuzz
