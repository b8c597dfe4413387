// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/gguf/gguf_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "compiler/frontend/gguf/gguf_parser.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

template <typename T>
T Load(std::span<const uint8_t> bytes, uint64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

absl::Status WrongType(std::string_view key, const GgufValue& value, std::string_view wanted) {
  return absl::InvalidArgumentError(Message("metadata key '", Printable(key), "' holds ",
                                            GgufValueText(value), " (", GgufValueTypeName(value.type),
                                            "), expected ", wanted));
}

absl::Status Missing(std::string_view key) {
  return absl::NotFoundError(Message("metadata key '", key, "' is missing"));
}

std::string ScalarText(const GgufScalarArray& array, uint64_t index) {
  switch (array.element) {
    case GgufValueType::kUint8:
    case GgufValueType::kBool:
      return Message(array.bytes[index]);
    case GgufValueType::kInt8:
      return Message(static_cast<int8_t>(array.bytes[index]));
    case GgufValueType::kUint16:
      return Message(Load<uint16_t>(array.bytes, index));
    case GgufValueType::kInt16:
      return Message(Load<int16_t>(array.bytes, index));
    case GgufValueType::kUint32:
      return Message(Load<uint32_t>(array.bytes, index));
    case GgufValueType::kInt32:
      return Message(Load<int32_t>(array.bytes, index));
    case GgufValueType::kUint64:
      return Message(Load<uint64_t>(array.bytes, index));
    case GgufValueType::kInt64:
      return Message(Load<int64_t>(array.bytes, index));
    case GgufValueType::kFloat32:
      return Message(Load<float>(array.bytes, index));
    case GgufValueType::kFloat64:
      return Message(Load<double>(array.bytes, index));
    case GgufValueType::kString:
    case GgufValueType::kArray:
      break;
  }
  return "?";
}

std::string QuotedText(std::string_view text) { return Message("\"", Printable(text, 200), "\""); }

// "[n: a, b, c, ...]"
template <typename ElementText>
std::string ArrayText(uint64_t count, ElementText element_text) {
  constexpr uint64_t kShown = 8;
  std::string text = Message("[", count, ":");
  for (uint64_t i = 0; i < count && i < kShown; ++i) {
    absl::StrAppend(&text, i == 0 ? " " : ", ", element_text(i));
  }
  absl::StrAppend(&text, count > kShown ? ", ...]" : "]");
  return text;
}

}  // namespace

std::string GgufValueText(const GgufValue& value) {
  if (const auto* number = std::get_if<uint64_t>(&value.value)) {
    if (value.type == GgufValueType::kBool) return *number != 0 ? "true" : "false";
    return Message(*number);
  }
  if (const auto* number = std::get_if<int64_t>(&value.value)) return Message(*number);
  if (const auto* number = std::get_if<double>(&value.value)) return Message(*number);
  if (const auto* text = std::get_if<std::string_view>(&value.value)) return QuotedText(*text);
  if (const auto* array = std::get_if<GgufScalarArray>(&value.value)) {
    return ArrayText(array->count, [&](uint64_t i) { return ScalarText(*array, i); });
  }
  if (const auto* texts = std::get_if<std::vector<std::string_view>>(&value.value)) {
    return ArrayText(texts->size(), [&](uint64_t i) { return QuotedText((*texts)[i]); });
  }
  const auto& arrays = std::get<std::vector<GgufValue>>(value.value);
  return ArrayText(arrays.size(), [&](uint64_t i) { return GgufValueText(arrays[i]); });
}

absl::StatusOr<std::shared_ptr<const GgufFile>> GgufFile::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    const int error = errno;
    const std::string message = Message("cannot open '", path, "': ", std::strerror(error));
    return error == ENOENT ? absl::NotFoundError(message) : absl::InvalidArgumentError(message);
  }
  struct stat info;
  if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(descriptor);
    return absl::InvalidArgumentError(Message("'", path, "' is not a regular file"));
  }
  if (info.st_size == 0) {
    close(descriptor);
    return absl::InvalidArgumentError(Message("'", path, "' is not a GGUF file: it is empty"));
  }
  void* mapping = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0);
  const int map_error = errno;
  close(descriptor);
  if (mapping == MAP_FAILED) {
    return absl::InvalidArgumentError(Message("cannot map '", path, "': ", std::strerror(map_error)));
  }
  std::shared_ptr<GgufFile> file(new GgufFile);
  file->mapping_ = mapping;
  file->bytes_ = {static_cast<const uint8_t*>(mapping), static_cast<size_t>(info.st_size)};
  if (absl::Status status = GgufParser(file->bytes_, file.get()).Parse(); !status.ok()) {
    return absl::Status(status.code(), Message("'", path, "': ", status.message()));
  }
  return file;
}

absl::StatusOr<std::shared_ptr<const GgufFile>> GgufFile::Parse(std::span<const uint8_t> bytes) {
  std::shared_ptr<GgufFile> file(new GgufFile);
  file->bytes_ = bytes;
  if (absl::Status status = GgufParser(bytes, file.get()).Parse(); !status.ok()) return status;
  return file;
}

GgufFile::~GgufFile() {
  if (mapping_ != nullptr) munmap(mapping_, bytes_.size());
}

const GgufValue* GgufFile::FindValue(std::string_view key) const {
  auto found = value_index_.find(key);
  return found != value_index_.end() ? &metadata_[found->second].second : nullptr;
}

const GgufTensor* GgufFile::FindTensor(std::string_view name) const {
  auto found = tensor_index_.find(name);
  return found != tensor_index_.end() ? &tensors_[found->second] : nullptr;
}

absl::StatusOr<uint64_t> GgufFile::GetUint(std::string_view key) const {
  const GgufValue* value = FindValue(key);
  if (value == nullptr) return Missing(key);
  if (value->type != GgufValueType::kBool) {
    if (const auto* number = std::get_if<uint64_t>(&value->value)) return *number;
    if (const auto* number = std::get_if<int64_t>(&value->value); number != nullptr && *number >= 0) {
      return static_cast<uint64_t>(*number);
    }
  }
  return WrongType(key, *value, "a non-negative integer");
}

absl::StatusOr<double> GgufFile::GetFloat(std::string_view key) const {
  const GgufValue* value = FindValue(key);
  if (value == nullptr) return Missing(key);
  if (const auto* number = std::get_if<double>(&value->value)) return *number;
  return WrongType(key, *value, "a float");
}

absl::StatusOr<bool> GgufFile::GetBool(std::string_view key) const {
  const GgufValue* value = FindValue(key);
  if (value == nullptr) return Missing(key);
  if (value->type == GgufValueType::kBool) return std::get<uint64_t>(value->value) != 0;
  return WrongType(key, *value, "a bool");
}

absl::StatusOr<std::string_view> GgufFile::GetString(std::string_view key) const {
  const GgufValue* value = FindValue(key);
  if (value == nullptr) return Missing(key);
  if (const auto* text = std::get_if<std::string_view>(&value->value)) return *text;
  return WrongType(key, *value, "a string");
}

absl::StatusOr<std::span<const std::string_view>> GgufFile::GetStrings(std::string_view key) const {
  const GgufValue* value = FindValue(key);
  if (value == nullptr) return Missing(key);
  if (const auto* texts = std::get_if<std::vector<std::string_view>>(&value->value)) {
    return std::span<const std::string_view>(*texts);
  }
  return WrongType(key, *value, "an array of strings");
}

absl::StatusOr<std::vector<int64_t>> GgufFile::GetInts(std::string_view key) const {
  const GgufValue* value = FindValue(key);
  if (value == nullptr) return Missing(key);
  const auto* array = std::get_if<GgufScalarArray>(&value->value);
  if (array == nullptr) return WrongType(key, *value, "an array of integers");
  std::vector<int64_t> numbers;
  numbers.reserve(array->count);
  for (uint64_t i = 0; i < array->count; ++i) {
    switch (array->element) {
      case GgufValueType::kUint8:
        numbers.push_back(array->bytes[i]);
        break;
      case GgufValueType::kInt8:
        numbers.push_back(static_cast<int8_t>(array->bytes[i]));
        break;
      case GgufValueType::kUint16:
        numbers.push_back(Load<uint16_t>(array->bytes, i));
        break;
      case GgufValueType::kInt16:
        numbers.push_back(Load<int16_t>(array->bytes, i));
        break;
      case GgufValueType::kUint32:
        numbers.push_back(Load<uint32_t>(array->bytes, i));
        break;
      case GgufValueType::kInt32:
        numbers.push_back(Load<int32_t>(array->bytes, i));
        break;
      case GgufValueType::kInt64:
        numbers.push_back(Load<int64_t>(array->bytes, i));
        break;
      case GgufValueType::kUint64: {
        const uint64_t number = Load<uint64_t>(array->bytes, i);
        if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
          return WrongType(key, *value, "integers below 2^63");
        }
        numbers.push_back(static_cast<int64_t>(number));
        break;
      }
      default:
        return WrongType(key, *value, "an array of integers");
    }
  }
  return numbers;
}

}  // namespace streamtensor::compiler
