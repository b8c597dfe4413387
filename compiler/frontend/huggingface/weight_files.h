// SPDX-License-Identifier: Apache-2.0
// The .safetensors files of a Hugging Face folder: one, or several with an index. Free of MLIR.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/frontend/huggingface/safetensors_file.h"

namespace streamtensor::compiler {

// Tensor name -> file, as model.safetensors.index.json says. A file's name is one in the folder, never a
// path.
//  INVALID_ARGUMENT  names the key at fault
absl::StatusOr<std::map<std::string, std::string>> ParseWeightIndex(std::string_view text);

// Opens model.safetensors, or else the files of model.safetensors.index.json, by name. Each tensor of the
// index stands in its file, and the files hold no others.
//  NOT_FOUND         neither file is there
//  INVALID_ARGUMENT  damaged, or index and files disagree; names file and tensor
absl::StatusOr<std::vector<std::unique_ptr<const SafetensorsFile>>> OpenWeightFiles(
    const std::string& folder);

}  // namespace streamtensor::compiler
