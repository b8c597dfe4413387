// SPDX-License-Identifier: Apache-2.0
// Whether the models of a configuration are there.
#pragma once

#include <string>
#include <vector>

#include "server/config/config.h"

namespace streamtensor::server {

struct ModelFile {
  std::string model;
  std::string path;   // of its source or artifact
  std::string error;  // why this process cannot read it, in the system's words; empty: it can
};

// One for each model, in order. A daemon starts without those that cannot be read and serves the others.
std::vector<ModelFile> ModelFiles(const Config& config);

}  // namespace streamtensor::server
