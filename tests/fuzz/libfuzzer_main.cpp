// SPDX-License-Identifier: Apache-2.0
// For libFuzzer's main program. STREAMTENSOR_FUZZ_SEEDS=FOLDER writes the seeds there instead of fuzzing.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* const folder = std::getenv("STREAMTENSOR_FUZZ_SEEDS");
  if (folder == nullptr) return 0;
  int number = 0;
  for (const std::string& seed : streamtensor::fuzz::Seeds()) {
    std::ofstream(std::string(folder) + "/seed-" + std::to_string(number++), std::ios::binary) << seed;
  }
  std::_Exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  streamtensor::fuzz::Accepts({reinterpret_cast<const char*>(data), size});
  return 0;
}
