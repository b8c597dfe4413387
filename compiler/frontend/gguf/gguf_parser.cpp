// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/gguf/gguf_parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/status_macros.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

constexpr uint32_t kMagic = 0x46554747;     // "GGUF"
constexpr uint64_t kKeyBytesLimit = 65535;  // the specification's
constexpr uint64_t kTensorNameBytesLimit = 64;
constexpr uint64_t kTensorCountLimit = 1 << 20;
constexpr uint64_t kMetadataCountLimit = 1 << 16;
constexpr uint64_t kAlignmentLimit = 1 << 20;
constexpr int kArrayDepthLimit = 4;
// Least bytes in the file: key length, value type, one byte of value; name length, rank, dimension,
// type, offset.
constexpr uint64_t kMetadataEntryBytes = 8 + 4 + 1;
constexpr uint64_t kTensorInfoBytes = 8 + 4 + 8 + 4 + 8;

absl::Status Damaged(uint64_t offset, std::string_view message) {
  return absl::InvalidArgumentError(Message("damaged GGUF at byte ", offset, ": ", message));
}

template <typename T>
T Load(std::span<const uint8_t> bytes, uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

bool MultiplyOverflows(uint64_t a, uint64_t b, uint64_t* product) {
  return __builtin_mul_overflow(a, b, product);
}

}  // namespace

absl::Status GgufParser::Parse() {
  RETURN_IF_ERROR(Header());
  RETURN_IF_ERROR(Metadata());
  RETURN_IF_ERROR(TensorInfos());
  return PlaceTensors();
}

template <typename T>
absl::StatusOr<T> GgufParser::Scalar(std::string_view what) {
  if (remaining() < sizeof(T)) {
    return Damaged(position_, Message("the file ends within ", what, " (", sizeof(T), " bytes wanted, ",
                                      remaining(), " left)"));
  }
  T value = Load<T>(bytes_, position_);
  position_ += sizeof(T);
  return value;
}

absl::StatusOr<std::string_view> GgufParser::String(std::string_view what, uint64_t limit_bytes) {
  const uint64_t at = position_;
  ASSIGN_OR_RETURN(const uint64_t length, Scalar<uint64_t>(Message("the length of ", what)));
  if (length > remaining()) {
    return Damaged(at,
                   Message(what, " is said to have ", length, " bytes, the file has ", remaining(), " left"));
  }
  if (length > limit_bytes) {
    return Damaged(at, Message(what, " has ", length, " bytes, at most ", limit_bytes, " are allowed"));
  }
  std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + position_, length);
  position_ += length;
  return text;
}

absl::Status GgufParser::Header() {
  if (bytes_.empty()) return absl::InvalidArgumentError("not a GGUF file: it is empty");
  if (bytes_.size() < 4 || Load<uint32_t>(bytes_, 0) != kMagic) {
    return absl::InvalidArgumentError("not a GGUF file: it does not start with 'GGUF'");
  }
  position_ = 4;
  ASSIGN_OR_RETURN(const uint32_t version, Scalar<uint32_t>("the version"));
  if (version != 2 && version != 3) {
    if (version != 0 && (version & 0xffff) == 0) {
      return absl::UnimplementedError("big-endian GGUF: only little-endian files can be read");
    }
    return absl::UnimplementedError(Message("GGUF version ", version, ": only versions 2 and 3 can be read"));
  }
  file_->version_ = version;
  ASSIGN_OR_RETURN(const uint64_t tensors, Scalar<uint64_t>("the tensor count"));
  ASSIGN_OR_RETURN(const uint64_t entries, Scalar<uint64_t>("the metadata count"));
  if (tensors > kTensorCountLimit || tensors > remaining() / kTensorInfoBytes) {
    return Damaged(8, Message(tensors, " tensors are announced, more than the file can hold"));
  }
  if (entries > kMetadataCountLimit || entries > remaining() / kMetadataEntryBytes) {
    return Damaged(16, Message(entries, " metadata entries are announced, more than the file can hold"));
  }
  tensor_count_ = tensors;
  metadata_count_ = entries;
  return absl::OkStatus();
}

absl::Status GgufParser::Metadata() {
  file_->metadata_.reserve(metadata_count_);
  for (uint64_t i = 0; i < metadata_count_; ++i) {
    const uint64_t at = position_;
    ASSIGN_OR_RETURN(const std::string_view key, String(Message("key ", i), kKeyBytesLimit));
    if (key.empty()) return Damaged(at, Message("key ", i, " is empty"));
    if (!file_->value_index_.emplace(key, i).second) {
      return Damaged(at, Message("key ", Quoted(key), " is duplicated"));
    }
    ASSIGN_OR_RETURN(const uint32_t type, Scalar<uint32_t>(Message("the type of key ", Quoted(key))));
    ASSIGN_OR_RETURN(GgufValue value, Value(static_cast<GgufValueType>(type), key, 0));
    file_->metadata_.emplace_back(key, std::move(value));
  }
  if (const GgufValue* value = file_->FindValue("general.alignment")) {
    ASSIGN_OR_RETURN(const uint64_t alignment, file_->GetUint("general.alignment"));
    if (alignment < 8 || alignment > kAlignmentLimit || (alignment & (alignment - 1)) != 0) {
      return absl::InvalidArgumentError(Message("damaged GGUF: general.alignment is ", GgufValueText(*value),
                                                ", not a power of two from 8 to ", kAlignmentLimit));
    }
    file_->alignment_ = alignment;
  }
  return absl::OkStatus();
}

absl::StatusOr<GgufValue> GgufParser::Value(GgufValueType type, std::string_view key, int depth) {
  const std::string what = Message("the value of key ", Quoted(key));
  const uint64_t at = position_;
  GgufValue result;
  result.type = type;
  auto read = [&]<typename Stored, typename Kept>(Stored, Kept) -> absl::Status {
    ASSIGN_OR_RETURN(const Stored value, Scalar<Stored>(what));
    result.value = static_cast<Kept>(value);
    return absl::OkStatus();
  };
  absl::Status status;
  switch (type) {
    case GgufValueType::kUint8:
      status = read(uint8_t{}, uint64_t{});
      break;
    case GgufValueType::kBool:
      status = read(uint8_t{}, uint64_t{});
      if (status.ok() && std::get<uint64_t>(result.value) > 1) {
        status = Damaged(
            at, Message(what, " is a bool of ", std::get<uint64_t>(result.value), ", neither 0 nor 1"));
      }
      break;
    case GgufValueType::kUint16:
      status = read(uint16_t{}, uint64_t{});
      break;
    case GgufValueType::kUint32:
      status = read(uint32_t{}, uint64_t{});
      break;
    case GgufValueType::kUint64:
      status = read(uint64_t{}, uint64_t{});
      break;
    case GgufValueType::kInt8:
      status = read(int8_t{}, int64_t{});
      break;
    case GgufValueType::kInt16:
      status = read(int16_t{}, int64_t{});
      break;
    case GgufValueType::kInt32:
      status = read(int32_t{}, int64_t{});
      break;
    case GgufValueType::kInt64:
      status = read(int64_t{}, int64_t{});
      break;
    case GgufValueType::kFloat32:
      status = read(float{}, double{});
      break;
    case GgufValueType::kFloat64:
      status = read(double{}, double{});
      break;
    case GgufValueType::kString: {
      ASSIGN_OR_RETURN(const std::string_view text, String(what, bytes_.size()));
      result.value = text;
      break;
    }
    case GgufValueType::kArray:
      return Array(key, depth + 1);
    default:
      return Damaged(at, Message(what, " has ", GgufValueTypeName(type), "; types 0 to 12 exist"));
  }
  RETURN_IF_ERROR(status);
  return result;
}

absl::StatusOr<GgufValue> GgufParser::Array(std::string_view key, int depth) {
  const uint64_t at = position_;
  const std::string what = Message("the array of key ", Quoted(key));
  if (depth > kArrayDepthLimit) {
    return Damaged(at, Message(what, " is nested more than ", kArrayDepthLimit, " deep"));
  }
  ASSIGN_OR_RETURN(const uint32_t type, Scalar<uint32_t>(Message("the element type of ", what)));
  ASSIGN_OR_RETURN(const uint64_t count, Scalar<uint64_t>(Message("the length of ", what)));
  const auto element = static_cast<GgufValueType>(type);
  const uint64_t scalar_bytes = GgufScalarBytes(element);
  uint64_t least_bytes = scalar_bytes;
  if (element == GgufValueType::kString) least_bytes = 8;
  if (element == GgufValueType::kArray) least_bytes = 12;
  if (least_bytes == 0) {
    return Damaged(at,
                   Message(what, " has elements of ", GgufValueTypeName(element), "; types 0 to 12 exist"));
  }
  if (count > remaining() / least_bytes) {
    return Damaged(at, Message(what, " is said to have ", count, " elements of at least ", least_bytes,
                               " bytes, the file has ", remaining(), " bytes left"));
  }
  GgufValue result;
  result.type = GgufValueType::kArray;
  if (scalar_bytes != 0) {
    result.value = GgufScalarArray{element, count, bytes_.subspan(position_, count * scalar_bytes)};
    position_ += count * scalar_bytes;
    return result;
  }
  if (element == GgufValueType::kString) {
    std::vector<std::string_view> texts;
    texts.reserve(count);
    for (uint64_t i = 0; i < count; ++i) {
      ASSIGN_OR_RETURN(const std::string_view text,
                       String(Message("element ", i, " of ", what), bytes_.size()));
      texts.push_back(text);
    }
    result.value = std::move(texts);
    return result;
  }
  std::vector<GgufValue> arrays;
  for (uint64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(GgufValue array, Array(key, depth + 1));
    arrays.push_back(std::move(array));
  }
  result.value = std::move(arrays);
  return result;
}

absl::Status GgufParser::TensorInfos() {
  file_->tensors_.reserve(tensor_count_);
  for (uint64_t i = 0; i < tensor_count_; ++i) {
    RETURN_IF_ERROR(TensorInfo());
  }
  return absl::OkStatus();
}

// Name, rank, dimensions, type, offset into the data section (made absolute by PlaceTensors).
absl::Status GgufParser::TensorInfo() {
  const uint64_t at = position_;
  const uint64_t index = file_->tensors_.size();
  GgufTensor tensor;
  ASSIGN_OR_RETURN(const std::string_view name,
                   String(Message("the name of tensor ", index), kTensorNameBytesLimit));
  if (name.empty()) return Damaged(at, Message("tensor ", index, " has no name"));
  tensor.name = name;
  const std::string what = Message("tensor ", Quoted(name));
  if (!file_->tensor_index_.emplace(name, index).second) {
    return Damaged(at, Message(what, " is duplicated"));
  }
  ASSIGN_OR_RETURN(const uint32_t rank, Scalar<uint32_t>(Message("the rank of ", what)));
  if (rank < 1 || rank > 4) {
    return Damaged(at, Message(what, " has ", rank, " dimensions; 1 to 4 are allowed"));
  }
  tensor.rank = rank;
  uint64_t elements = 1;
  for (uint32_t i = 0; i < rank; ++i) {
    ASSIGN_OR_RETURN(const uint64_t dim, Scalar<uint64_t>(Message("a dimension of ", what)));
    if (dim == 0) return Damaged(at, Message("dimension ", i, " of ", what, " is 0"));
    if (MultiplyOverflows(elements, dim, &elements)) {
      return Damaged(at, Message(what, " has more than 2^64 elements"));
    }
    tensor.dims[i] = dim;
  }
  ASSIGN_OR_RETURN(const uint32_t type, Scalar<uint32_t>(Message("the type of ", what)));
  const GgufTensorLayout* layout = FindGgufTensorLayout(type);
  if (layout == nullptr) {
    return absl::UnimplementedError(Message(what, " at byte ", at, " has the unknown tensor type ", type));
  }
  tensor.type = type;
  if (tensor.dims[0] % layout->block_elements != 0) {
    return Damaged(at, Message("rows of ", what, " have ", tensor.dims[0], " elements; ", layout->name,
                               " wants a multiple of ", layout->block_elements));
  }
  if (MultiplyOverflows(elements / layout->block_elements, layout->block_bytes, &tensor.bytes)) {
    return Damaged(at, Message(what, " has more than 2^64 bytes"));
  }
  ASSIGN_OR_RETURN(const uint64_t offset, Scalar<uint64_t>(Message("the offset of ", what)));
  if (offset % file_->alignment_ != 0) {
    return Damaged(at, Message("the data of ", what, " start at offset ", offset,
                               ", not a multiple of the alignment ", file_->alignment_));
  }
  tensor.offset = offset;
  file_->tensors_.push_back(tensor);
  return absl::OkStatus();
}

// The data section starts at the next multiple of the alignment.
absl::Status GgufParser::PlaceTensors() {
  if (file_->tensors_.empty()) return absl::OkStatus();
  const uint64_t start = (position_ + file_->alignment_ - 1) / file_->alignment_ * file_->alignment_;
  const uint64_t available = start <= bytes_.size() ? bytes_.size() - start : 0;
  std::vector<const GgufTensor*> by_offset;
  for (GgufTensor& tensor : file_->tensors_) {
    if (tensor.offset > available || tensor.bytes > available - tensor.offset) {
      return absl::InvalidArgumentError(Message(
          "damaged GGUF: tensor ", Quoted(tensor.name), " takes ", tensor.bytes, " bytes from offset ",
          tensor.offset, " of the data, which are ", available, " bytes: the file is cut short"));
    }
    tensor.offset += start;
    by_offset.push_back(&tensor);
  }
  std::sort(by_offset.begin(), by_offset.end(),
            [](const GgufTensor* a, const GgufTensor* b) { return a->offset < b->offset; });
  for (size_t i = 1; i < by_offset.size(); ++i) {
    const GgufTensor& before = *by_offset[i - 1];
    if (before.offset + before.bytes > by_offset[i]->offset) {
      return absl::InvalidArgumentError(Message("damaged GGUF: the data of tensors ", Quoted(before.name),
                                                " and ", Quoted(by_offset[i]->name), " overlap at byte ",
                                                by_offset[i]->offset));
    }
  }
  return absl::OkStatus();
}

}  // namespace streamtensor::compiler
