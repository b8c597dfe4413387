// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/artifact/build_log.h"

#include <fstream>

#include "absl/strings/ascii.h"

namespace streamtensor::compiler {

std::string FirstError(const std::string& log) {
  std::ifstream file(log);
  std::string line, first;
  while (std::getline(file, line)) {
    if (first.empty()) first = line;
    if (absl::AsciiStrToLower(line).find("error") != std::string::npos) return line;
  }
  return first.empty() ? "no message" : first;
}

}  // namespace streamtensor::compiler
