// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "artifact/xclbin/writer.h"

// A card's memory as on a U55C, for tests that write xclbins.
inline std::vector<streamtensor::artifact::xclbin::WriterBank> HbmBanks() {
  std::vector<streamtensor::artifact::xclbin::WriterBank> banks;
  for (int i = 0; i < 32; ++i) {
    banks.push_back({streamtensor::artifact::xclbin::WriterBank::Kind::kHbm, "HBM[" + std::to_string(i) + "]",
                     uint64_t{512} << 20});
  }
  return banks;
}
