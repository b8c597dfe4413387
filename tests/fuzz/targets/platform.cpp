// SPDX-License-Identifier: Apache-2.0
// A card model, configs/platforms/*.yaml.
#include "compiler/targets/platform/platform.h"

#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

std::vector<std::string> Seeds() {
  std::ifstream file(ST_SOURCE_DIR "/configs/platforms/u55c.yaml", std::ios::binary);
  return {std::string(std::istreambuf_iterator<char>(file), {})};
}

bool Accepts(std::string_view input) {
  const auto platform = compiler::ParsePlatform(std::string(input), "u55c.yaml");
  if (!platform.ok()) return Refused(platform.status(), {"u55c.yaml"});
  Require(platform->Dsps() > 0 && platform->memory.UsableBytesPerSecond() > 0,
          "a platform has units and memory");
  return true;
}

}  // namespace streamtensor::fuzz
