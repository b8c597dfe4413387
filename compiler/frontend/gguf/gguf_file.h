// SPDX-License-Identifier: Apache-2.0
// Reads GGUF version 2 and 3 (little-endian). Every length, count, offset and alignment is checked
// against the file before it is used, so any bytes may be given to it. Free of MLIR.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "artifact/mapped_file.h"
#include "compiler/frontend/gguf/gguf_types.h"

namespace streamtensor::compiler {

struct GgufValue;

// An array of scalars stays in the file: `count` little-endian elements.
struct GgufScalarArray {
  GgufValueType element = GgufValueType::kUint8;
  uint64_t count = 0;
  std::span<const uint8_t> bytes;
};

struct GgufValue {
  GgufValueType type = GgufValueType::kUint8;
  // Unsigned and bool as uint64_t, signed as int64_t, both floats as double. Strings and arrays view
  // the file's bytes and live as long as the GgufFile.
  std::variant<uint64_t, int64_t, double, std::string_view, GgufScalarArray, std::vector<std::string_view>,
               std::vector<GgufValue>>
      value;
};

// Text for people: strings quoted and escaped, arrays by length and first elements.
std::string GgufValueText(const GgufValue& value);

struct GgufTensor {
  std::string_view name;                        // views the file
  uint32_t type = 0;                            // FindGgufTensorLayout() knows it
  uint32_t rank = 0;                            // 1..4
  std::array<uint64_t, 4> dims = {1, 1, 1, 1};  // innermost (contiguous) first, as in the file
  uint64_t offset = 0;                          // of its first byte, from the start of the file
  uint64_t bytes = 0;

  uint64_t elements() const { return dims[0] * dims[1] * dims[2] * dims[3]; }
};

// Immutable after parsing: may be used from several threads at once.
class GgufFile {
 public:
  // Maps the file into memory.
  //  NOT_FOUND         no such file
  //  INVALID_ARGUMENT  not a regular file that can be read, or damaged; names the offset, key or tensor at
  //  fault UNIMPLEMENTED     another version, byte order or tensor type
  static absl::StatusOr<std::shared_ptr<const GgufFile>> Open(const std::string& path);

  // Parses bytes that stay valid and unchanged as long as the GgufFile lives.
  static absl::StatusOr<std::shared_ptr<const GgufFile>> Parse(std::span<const uint8_t> bytes);

  GgufFile(const GgufFile&) = delete;
  GgufFile& operator=(const GgufFile&) = delete;

  uint32_t version() const { return version_; }
  uint64_t alignment() const { return alignment_; }
  uint64_t file_bytes() const { return bytes_.size(); }

  // In file order.
  const std::vector<std::pair<std::string_view, GgufValue>>& metadata() const { return metadata_; }
  const std::vector<GgufTensor>& tensors() const { return tensors_; }

  // nullptr when there is none.
  const GgufValue* FindValue(std::string_view key) const;
  const GgufTensor* FindTensor(std::string_view name) const;

  std::span<const uint8_t> TensorBytes(const GgufTensor& tensor) const {
    return bytes_.subspan(tensor.offset, tensor.bytes);
  }

  // The value of a key with the type one wants. NOT_FOUND without the key; INVALID_ARGUMENT, naming the
  // key, when it holds something else. Integers may be stored in any integer type.
  absl::StatusOr<int64_t> GetInt(std::string_view key) const;
  absl::StatusOr<uint64_t> GetUint(std::string_view key) const;
  absl::StatusOr<double> GetFloat(std::string_view key) const;
  absl::StatusOr<bool> GetBool(std::string_view key) const;
  absl::StatusOr<std::string_view> GetString(std::string_view key) const;
  absl::StatusOr<std::span<const std::string_view>> GetStrings(std::string_view key) const;
  // An array of any integer type.
  absl::StatusOr<std::vector<int64_t>> GetInts(std::string_view key) const;
  // An array of float32 or float64.
  absl::StatusOr<std::vector<double>> GetFloats(std::string_view key) const;

 private:
  friend class GgufParser;
  GgufFile() = default;

  artifact::MappedFile mapping_;  // empty after Parse()
  std::span<const uint8_t> bytes_;
  uint32_t version_ = 0;
  uint64_t alignment_ = 32;
  std::vector<std::pair<std::string_view, GgufValue>> metadata_;
  std::vector<GgufTensor> tensors_;
  std::map<std::string_view, size_t> value_index_;
  std::map<std::string_view, size_t> tensor_index_;
};

}  // namespace streamtensor::compiler
