// SPDX-License-Identifier: Apache-2.0
// A text file of a Hugging Face folder, mapped into memory. Free of MLIR.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "artifact/mapped_file.h"

namespace streamtensor::compiler {

class FolderText {
 public:
  // nullopt if the folder does not have the file.
  //  INVALID_ARGUMENT  not a regular file that can be read, or of more than `max_bytes`
  static absl::StatusOr<std::optional<FolderText>> Open(const std::string& folder, const std::string& name,
                                                        size_t max_bytes);

  // Valid as long as this.
  std::string_view text() const {
    return {reinterpret_cast<const char*>(mapping_.bytes().data()), mapping_.bytes().size()};
  }

 private:
  explicit FolderText(artifact::MappedFile mapping) : mapping_(std::move(mapping)) {}

  artifact::MappedFile mapping_;
};

}  // namespace streamtensor::compiler
