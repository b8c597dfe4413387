// SPDX-License-Identifier: Apache-2.0
// Reads one .safetensors file. Every length and offset is checked against the file before it is used, so any
// bytes may be given to it. Free of MLIR.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "artifact/mapped_file.h"
#include "compiler/frontend/gguf/gguf_types.h"

namespace streamtensor::compiler {

struct SafetensorsTensor {
  std::string name;
  std::string dtype;                   // as the file says: "F32", "BF16", "F8_E4M3"
  std::optional<GgufTensorType> type;  // of F32, F16 and BF16
  std::vector<int64_t> dims;           // outermost first; none for a scalar; may hold 0
  std::span<const uint8_t> bytes;      // in the file, of any alignment
};

// Immutable after parsing: may be used from several threads at once.
class SafetensorsFile {
 public:
  // Maps the file into memory.
  //  NOT_FOUND         no such file
  //  INVALID_ARGUMENT  not a regular file that can be read, or damaged; names the byte, key or tensor at
  //  fault
  static absl::StatusOr<std::unique_ptr<const SafetensorsFile>> Open(const std::string& path);

  // Parses bytes that stay valid and unchanged as long as the result lives.
  static absl::StatusOr<std::unique_ptr<const SafetensorsFile>> Parse(std::span<const uint8_t> bytes);

  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  uint64_t file_bytes() const { return bytes_.size(); }
  // By offset in the file.
  const std::vector<SafetensorsTensor>& tensors() const { return tensors_; }
  // Of a tensor's first byte in the file.
  uint64_t OffsetOf(const SafetensorsTensor& tensor) const {
    return static_cast<uint64_t>(tensor.bytes.data() - bytes_.data());
  }
  // "__metadata__" of the header.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  SafetensorsFile() = default;
  absl::Status ParseHeader();

  artifact::MappedFile mapping_;  // empty after Parse()
  std::span<const uint8_t> bytes_;
  std::vector<SafetensorsTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace streamtensor::compiler
