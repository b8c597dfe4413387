// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/gguf/gguf_file.h"

#include <cstddef>
#include <cstring>
#include <limits>
#include <utility>

#include "base/status_macros.h"
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
  absl::StatusOr<artifact::MappedFile> mapping = artifact::MappedFile::Open(path);
  if (absl::IsNotFound(mapping.status())) return mapping.status();
  if (!mapping.ok()) return absl::InvalidArgumentError(mapping.status().message());
  std::shared_ptr<GgufFile> file(new GgufFile);
  file->mapping_ = *std::move(mapping);
  const std::span<const std::byte> bytes = file->mapping_.bytes();
  file->bytes_ = {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  if (absl::Status status = GgufParser(file->bytes_, file.get()).Parse(); !status.ok()) {
    return absl::Status(status.code(), Message("'", path, "': ", status.message()));
  }
  return file;
}

absl::StatusOr<std::shared_ptr<const GgufFile>> GgufFile::Parse(std::span<const uint8_t> bytes) {
  std::shared_ptr<GgufFile> file(new GgufFile);
  file->bytes_ = bytes;
  RETURN_IF_ERROR(GgufParser(bytes, file.get()).Parse());
  return file;
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

absl::StatusOr<int64_t> GgufFile::GetInt(std::string_view key) const {
  const GgufValue* value = FindValue(key);
  if (value == nullptr) return Missing(key);
  if (value->type != GgufValueType::kBool) {
    constexpr auto kLimit = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    if (const auto* number = std::get_if<int64_t>(&value->value)) return *number;
    if (const auto* number = std::get_if<uint64_t>(&value->value); number != nullptr && *number <= kLimit) {
      return static_cast<int64_t>(*number);
    }
  }
  return WrongType(key, *value, "an integer below 2^63");
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

absl::StatusOr<std::vector<double>> GgufFile::GetFloats(std::string_view key) const {
  const GgufValue* value = FindValue(key);
  if (value == nullptr) return Missing(key);
  const auto* array = std::get_if<GgufScalarArray>(&value->value);
  if (array == nullptr ||
      (array->element != GgufValueType::kFloat32 && array->element != GgufValueType::kFloat64)) {
    return WrongType(key, *value, "an array of floats");
  }
  std::vector<double> numbers;
  numbers.reserve(array->count);
  for (uint64_t i = 0; i < array->count; ++i) {
    numbers.push_back(array->element == GgufValueType::kFloat32 ? Load<float>(array->bytes, i)
                                                                : Load<double>(array->bytes, i));
  }
  return numbers;
}

}  // namespace streamtensor::compiler
