// SPDX-License-Identifier: Apache-2.0
#include "base/program_folder.h"

#include <filesystem>
#include <system_error>

namespace streamtensor::base {

std::string ProgramFolder() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "." : program.parent_path().string();
}

}  // namespace streamtensor::base
