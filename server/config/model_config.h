// SPDX-License-Identifier: Apache-2.0
// A configuration for one model, without a file.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/config/config.h"

namespace streamtensor::server {

// Serves the model at `path` on one emulated U55C, with every default of a configuration file except:
// - the OpenAI-compatible API listens too, on 127.0.0.1:8000;
// - the context is the model's own, up to the compiler's default.
// `path` is a GGUF file or a Hugging Face folder, compiled into the cache, or a compiled artifact. The model
// has the name of its file or folder.
//   NOT_FOUND  there is nothing at `path`
absl::StatusOr<Config> ConfigForModel(const std::string& path);

}  // namespace streamtensor::server
