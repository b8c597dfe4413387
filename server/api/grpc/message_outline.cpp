// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/message_outline.h"

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "server/tokenizer/tokenizer.h"

namespace streamtensor::server {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::io::CodedInputStream;

// An object, its place in a list and, mostly, a string.
constexpr size_t kBytesPerField = 64;
// A packed number takes a byte or more, and four in memory.
constexpr size_t kBytesPerPackedByte = 4;
constexpr int kModelField = 1;
// No model's name is longer.
constexpr uint32_t kMaxModelBytes = 4 << 10;

enum WireType { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kGroup = 3, kEndGroup = 4, kFixed32 = 5 };

class OutlineReader {
 public:
  explicit OutlineReader(google::protobuf::io::ZeroCopyInputStream* bytes) : in_(bytes) {}

  absl::StatusOr<MessageOutline> Read(const Descriptor& type) {
    if (!ReadFields(type, /*is_root=*/true)) {
      if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat("the message is no ", type.name()));
      return status_;
    }
    outline_.memory_bytes += kBytesPerField * outline_.fields;
    return std::move(outline_);
  }

 private:
  // Up to the limit of the enclosing message. Requests nest as deep as their types do.
  bool ReadFields(const Descriptor& type, bool is_root) {
    int groups = 0;  // open ones, which only unknown fields are
    for (uint32_t tag = in_.ReadTag(); tag != 0; tag = in_.ReadTag()) {
      if (++outline_.fields > kMaxMessageFields) {
        return Fail(absl::InvalidArgumentError(
            absl::StrCat("the request has more than ", kMaxMessageFields,
                         " fields, counting entries of lists and what is in them; that is the limit")));
      }
      const FieldDescriptor* const field =
          groups == 0 ? type.FindFieldByNumber(static_cast<int>(tag >> 3)) : nullptr;
      switch (tag & 7) {
        case kVarint: {
          uint64_t value = 0;
          if (!in_.ReadVarint64(&value)) return false;
          break;
        }
        case kFixed64:
          if (!in_.Skip(8)) return false;
          break;
        case kFixed32:
          if (!in_.Skip(4)) return false;
          break;
        case kLengthDelimited:
          if (!ReadDelimited(field, is_root)) return false;
          break;
        case kGroup:
          ++groups;
          break;
        case kEndGroup:
          if (--groups < 0) return false;
          break;
        default:
          return false;
      }
    }
    return groups == 0 && in_.ConsumedEntireMessage();
  }

  bool ReadDelimited(const FieldDescriptor* field, bool is_root) {
    uint32_t bytes = 0;
    if (!in_.ReadVarint32(&bytes) || bytes > INT32_MAX) return false;
    const int size = static_cast<int>(bytes);
    if (field != nullptr && field->message_type() != nullptr) {
      const CodedInputStream::Limit limit = in_.PushLimit(size);
      const bool is_whole = ReadFields(*field->message_type(), /*is_root=*/false);
      // A limit beyond the end of the bytes is not reached.
      const bool is_complete = is_whole && in_.BytesUntilLimit() == 0;
      in_.PopLimit(limit);
      return is_complete;
    }
    if (field != nullptr && is_root && field->number() == kModelField &&
        field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      return ReadModel(bytes);
    }
    const bool is_packed = field != nullptr && field->is_packable();
    outline_.memory_bytes += is_packed ? kBytesPerPackedByte * bytes : bytes;
    return in_.Skip(size);
  }

  bool ReadModel(uint32_t bytes) {
    outline_.memory_bytes += bytes;
    const uint32_t known = std::min(bytes, kMaxModelBytes);
    std::string name;
    if (!in_.ReadString(&name, static_cast<int>(known))) return false;
    outline_.model = Utf8Stream().Push(name);
    return in_.Skip(static_cast<int>(bytes - known));
  }

  bool Fail(absl::Status status) {
    status_ = std::move(status);
    return false;
  }

  CodedInputStream in_;
  MessageOutline outline_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<MessageOutline> OutlineMessage(const Descriptor& type, const grpc::ByteBuffer& bytes) {
  // The reader takes a pointer to what it only reads.
  grpc::ByteBuffer shared = bytes;
  grpc::ProtoBufferReader stream(&shared);
  if (!stream.status().ok()) return absl::InvalidArgumentError(absl::StrCat("there is no ", type.name()));
  return OutlineReader(&stream).Read(type);
}

absl::Status ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message& message) {
  grpc::ByteBuffer shared = bytes;
  grpc::ProtoBufferReader stream(&shared);
  if (stream.status().ok() && message.ParseFromZeroCopyStream(&stream)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the message is no ", message.GetDescriptor()->name()));
}

absl::Status ParseSmallMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message& message) {
  if (bytes.Length() > kMaxSmallBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the ", message.GetDescriptor()->name(), " has ",
                                                   bytes.Length(), " bytes; allowed are up to ",
                                                   kMaxSmallBytes));
  }
  RETURN_IF_ERROR(OutlineMessage(*message.GetDescriptor(), bytes).status());
  return ParseMessage(bytes, message);
}

grpc::ByteBuffer SerializeMessage(const google::protobuf::Message& message) {
  grpc::ByteBuffer bytes;
  bool is_own = false;
  const grpc::Status status =
      grpc::GenericSerialize<grpc::ProtoBufferWriter, google::protobuf::Message>(message, &bytes, &is_own);
  ST_CHECK(status.ok(), status.error_message());
  return bytes;
}

}  // namespace streamtensor::server
