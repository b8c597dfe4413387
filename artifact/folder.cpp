// SPDX-License-Identifier: Apache-2.0
#include "artifact/folder.h"

#include "base/printable.h"

namespace streamtensor::artifact {

bool IsArtifactFileName(std::string_view name) {
  constexpr std::size_t kMaxBytes = 255;  // of a file's name, on Linux
  for (const std::string_view folder : {kHlsFolder, kReportsFolder}) {
    if (!name.starts_with(folder)) continue;
    name.remove_prefix(folder.size());
    break;
  }
  return !name.empty() && name.size() <= kMaxBytes && name.front() != '.' &&
         name.find('/') == std::string_view::npos && !base::HasControlCharacter(name);
}

}  // namespace streamtensor::artifact
