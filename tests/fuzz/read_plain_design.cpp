// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/plain_design.h"

namespace streamtensor::fuzz {

std::string ReadPlainDesign() {
  std::ifstream file(ST_FUZZ_DESIGN, std::ios::binary);
  Require(file.good(), "the design is built");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace streamtensor::fuzz
