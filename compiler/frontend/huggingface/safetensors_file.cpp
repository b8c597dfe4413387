// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/safetensors_file.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <limits>
#include <tuple>

#include "base/json_reader.h"
#include "base/status_macros.h"
#include "compiler/frontend/huggingface/json_members.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

using nlohmann::json;

// The format's own limit.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr size_t kMaxNameBytes = 1024;
constexpr size_t kMaxDtypeBytes = 32;
constexpr size_t kMaxRank = 16;

// Element types whose size is known. One that is not in the list may be listed but not read.
constexpr struct {
  std::string_view name;
  uint64_t bits;
  std::optional<GgufTensorType> type;
} kDtypes[] = {
    {"BOOL", 8, {}},
    {"F4", 4, {}},
    {"F6_E2M3", 6, {}},
    {"F6_E3M2", 6, {}},
    {"U8", 8, {}},
    {"I8", 8, {}},
    {"F8_E5M2", 8, {}},
    {"F8_E4M3", 8, {}},
    {"F8_E8M0", 8, {}},
    {"I16", 16, {}},
    {"U16", 16, {}},
    {"F16", 16, GgufTensorType::kF16},
    {"BF16", 16, GgufTensorType::kBF16},
    {"I32", 32, {}},
    {"U32", 32, {}},
    {"F32", 32, GgufTensorType::kF32},
    {"C64", 64, {}},
    {"F64", 64, {}},
    {"I64", 64, {}},
    {"U64", 64, {}},
};

absl::Status Damaged(std::string_view message) {
  return absl::InvalidArgumentError(Message("damaged safetensors: ", message));
}

// A tensor and where its bytes stand, from the start of the data.
struct Placed {
  uint64_t begin = 0;
  uint64_t end = 0;
  SafetensorsTensor tensor;
};

absl::StatusOr<std::vector<int64_t>> ReadShape(const json& shape, const std::string& what) {
  if (!shape.is_array()) return Damaged(Message(what, ": 'shape' is ", JsonText(shape), ", not an array"));
  if (shape.size() > kMaxRank) {
    return Damaged(Message(what, " has ", shape.size(), " dimensions; at most ", kMaxRank, " are allowed"));
  }
  std::vector<int64_t> dims;
  for (const json& dim : shape) {
    if (!dim.is_number_unsigned() ||
        dim.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return Damaged(
          Message(what, " has the dimension ", JsonText(dim), ", not an integer from 0 to 2^63 - 1"));
    }
    dims.push_back(dim.get<int64_t>());
  }
  return dims;
}

absl::Status ReadOffsets(const json& offsets, const std::string& what, uint64_t available, Placed* placed) {
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned()) {
    return Damaged(Message(what, ": 'data_offsets' is ", JsonText(offsets), ", not two offsets"));
  }
  placed->begin = offsets[0].get<uint64_t>();
  placed->end = offsets[1].get<uint64_t>();
  if (placed->begin > placed->end || placed->end > available) {
    return Damaged(Message(what, " takes bytes ", placed->begin, " to ", placed->end,
                           " of the data, which are ", available, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status CheckSize(const SafetensorsTensor& tensor, uint64_t bits, uint64_t bytes,
                       const std::string& what) {
  uint64_t total_bits = bits;
  bool overflows = false;
  for (int64_t dim : tensor.dims) {
    overflows |= __builtin_mul_overflow(total_bits, static_cast<uint64_t>(dim), &total_bits);
  }
  // A dimension of 0 makes the product 0, whatever the others are.
  if (std::find(tensor.dims.begin(), tensor.dims.end(), 0) != tensor.dims.end()) {
    overflows = false;
    total_bits = 0;
  }
  if (overflows) return Damaged(Message(what, " has more than 2^64 bits"));
  if (total_bits % 8 != 0 || total_bits / 8 != bytes) {
    return Damaged(Message(what, " has ", total_bits, " bits by its shape and type ", tensor.dtype, ", but ",
                           bytes, " bytes in the file"));
  }
  return absl::OkStatus();
}

bool IsDtypeName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxDtypeBytes && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

absl::StatusOr<Placed> ReadTensor(const std::string& name, const json& entry, uint64_t available) {
  const std::string what = Message("tensor ", Quoted(name));
  if (name.empty() || name.size() > kMaxNameBytes) {
    return Damaged(
        Message(what, " has a name of ", name.size(), " bytes; 1 to ", kMaxNameBytes, " are allowed"));
  }
  if (!entry.is_object()) return Damaged(Message(what, " is ", JsonText(entry), ", not an object"));
  for (const char* key : {"dtype", "shape", "data_offsets"}) {
    if (!entry.contains(key)) return Damaged(Message(what, " has no '", key, "'"));
  }
  if (entry.size() != 3) {
    return Damaged(Message(what, " has keys besides 'dtype', 'shape' and 'data_offsets'"));
  }
  Placed placed;
  placed.tensor.name = name;
  const json& dtype = entry["dtype"];
  if (!dtype.is_string() || !IsDtypeName(dtype.get_ref<const std::string&>())) {
    return Damaged(Message(what, ": 'dtype' is ", JsonText(dtype), ", not the name of a type"));
  }
  placed.tensor.dtype = dtype.get<std::string>();
  ASSIGN_OR_RETURN(placed.tensor.dims, ReadShape(entry["shape"], what));
  RETURN_IF_ERROR(ReadOffsets(entry["data_offsets"], what, available, &placed));
  const auto known = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                  [&](const auto& entry) { return entry.name == placed.tensor.dtype; });
  if (known != std::end(kDtypes)) {
    placed.tensor.type = known->type;
    RETURN_IF_ERROR(CheckSize(placed.tensor, known->bits, placed.end - placed.begin, what));
  }
  return placed;
}

absl::StatusOr<std::map<std::string, std::string>> ReadMetadata(const json& entries) {
  if (!entries.is_object()) {
    return Damaged(Message("'__metadata__' is ", JsonText(entries), ", not an object"));
  }
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : entries.items()) {
    if (!value.is_string()) {
      return Damaged(
          Message("'__metadata__' key ", Quoted(key), " holds ", JsonText(value), ", not a string"));
    }
    metadata.emplace(key, value.get<std::string>());
  }
  return metadata;
}

// The tensors fill the data without gaps and overlaps: nothing hides between them. `placed` is sorted by
// offset.
absl::Status CheckPlaces(const std::vector<Placed>& placed, uint64_t available) {
  uint64_t end = 0;
  for (size_t i = 0; i < placed.size(); ++i) {
    if (placed[i].begin == end) {
      end = placed[i].end;
    } else if (placed[i].begin > end) {
      return Damaged(Message("bytes ", end, " to ", placed[i].begin, " of the data, before tensor ",
                             Quoted(placed[i].tensor.name), ", belong to no tensor"));
    } else {
      return Damaged(Message("the data of tensors ", Quoted(placed[i - 1].tensor.name), " and ",
                             Quoted(placed[i].tensor.name), " overlap at byte ", placed[i].begin));
    }
  }
  if (end != available) {
    return Damaged(Message("the tensors take ", end, " bytes of data, the file has ", available));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<const SafetensorsFile>> SafetensorsFile::Open(const std::string& path) {
  absl::StatusOr<artifact::MappedFile> mapping = artifact::MappedFile::Open(path);
  if (absl::IsNotFound(mapping.status())) return mapping.status();
  if (!mapping.ok()) return absl::InvalidArgumentError(mapping.status().message());
  std::unique_ptr<SafetensorsFile> file(new SafetensorsFile);
  file->mapping_ = *std::move(mapping);
  const std::span<const std::byte> bytes = file->mapping_.bytes();
  file->bytes_ = {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  if (absl::Status status = file->ParseHeader(); !status.ok()) {
    return absl::Status(status.code(), Message("'", path, "': ", status.message()));
  }
  return file;
}

absl::StatusOr<std::unique_ptr<const SafetensorsFile>> SafetensorsFile::Parse(
    std::span<const uint8_t> bytes) {
  std::unique_ptr<SafetensorsFile> file(new SafetensorsFile);
  file->bytes_ = bytes;
  RETURN_IF_ERROR(file->ParseHeader());
  return file;
}

// The header's length in 8 bytes, the header (JSON, padded with spaces), the data.
absl::Status SafetensorsFile::ParseHeader() {
  uint64_t header_bytes = 0;
  if (bytes_.size() < sizeof(header_bytes)) {
    return Damaged(Message("the file has ", bytes_.size(), " bytes, fewer than the length of its header"));
  }
  std::memcpy(&header_bytes, bytes_.data(), sizeof(header_bytes));
  if (header_bytes > bytes_.size() - sizeof(header_bytes)) {
    return Damaged(Message("the header is said to have ", header_bytes, " bytes, the file has ",
                           bytes_.size(), ": no safetensors, or cut short"));
  }
  if (header_bytes > kMaxHeaderBytes) {
    return Damaged(
        Message("the header has ", header_bytes, " bytes; at most ", kMaxHeaderBytes, " are allowed"));
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + sizeof(header_bytes),
                              header_bytes);
  if (!text.starts_with('{')) return Damaged("the header does not begin with '{'");
  const absl::StatusOr<json> header = base::ReadJson(text);
  if (!header.ok()) return Damaged(Message("the header: ", header.status().message()));
  const std::span<const uint8_t> data = bytes_.subspan(sizeof(header_bytes) + header_bytes);

  std::vector<Placed> placed;
  for (const auto& [name, entry] : header->items()) {
    if (name == "__metadata__") {
      ASSIGN_OR_RETURN(metadata_, ReadMetadata(entry));
    } else {
      ASSIGN_OR_RETURN(placed.emplace_back(), ReadTensor(name, entry, data.size()));
    }
  }
  // Tensors without bytes before the one that begins at their place.
  std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::tie(a.begin, a.end, a.tensor.name) < std::tie(b.begin, b.end, b.tensor.name);
  });
  RETURN_IF_ERROR(CheckPlaces(placed, data.size()));
  for (Placed& each : placed) {
    each.tensor.bytes = data.subspan(each.begin, each.end - each.begin);
    tensors_.push_back(std::move(each.tensor));
  }
  return absl::OkStatus();
}

}  // namespace streamtensor::compiler
