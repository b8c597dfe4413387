// SPDX-License-Identifier: Apache-2.0
#include "server/config/model_files.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace streamtensor::server {

std::vector<ModelFile> ModelFiles(const Config& config) {
  std::vector<ModelFile> files;
  for (const ModelEntry& model : config.models) {
    const std::string& path = model.source.empty() ? model.artifact : model.source;
    files.push_back({model.name, path, access(path.c_str(), R_OK) == 0 ? "" : std::strerror(errno)});
  }
  return files;
}

}  // namespace streamtensor::server
