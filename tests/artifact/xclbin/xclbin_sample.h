// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "artifact/xclbin/writer.h"
#include "tests/artifact/xclbin/hbm_banks.h"

// An xclbin of a few arguments over three banks, for the tests of this folder.
inline streamtensor::artifact::xclbin::WriterInput SampleInput() {
  static const std::vector<std::byte> bitstream(1000, std::byte{0x5a});
  streamtensor::artifact::xclbin::WriterInput input;
  input.platform = "u55c";
  input.part = "xcu55c-fsvh2892-2L-e";
  input.kernel = "streamtensor_step";
  input.arguments = {{"descriptor", "const uint32_t*", 0},
                     {"status", "uint32_t*", 0},
                     {"weights_0", "const word512*", 7},
                     {"logits", "float*", 31}};
  input.banks = HbmBanks();
  input.clock_hz = 250e6;
  input.bitstream = bitstream;
  input.user_metadata = R"({"formatVersion": 1})";
  input.compiler_version = "1.2 \"quoted\"";
  return input;
}

inline std::vector<std::byte> SampleXclbin() {
  return streamtensor::artifact::xclbin::WriteXclbin(SampleInput()).value();
}
