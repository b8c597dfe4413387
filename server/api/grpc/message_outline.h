// SPDX-License-Identifier: Apache-2.0
// Bounds what a serialised message costs before it is built, and builds it.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace streamtensor::server {

// Fields of a message at all depths, entries of lists included. Two bytes of a message can stand for a nested
// message or an unknown field, which costs a hundred in memory. Packed numbers do not count.
inline constexpr size_t kMaxMessageFields = size_t{1} << 16;

// What is known of a serialised request before it is parsed.
struct MessageOutline {
  std::string model;        // field 1 of every request that has one; valid UTF-8, at most 4 KiB of it
  size_t fields = 0;        // at all depths
  size_t memory_bytes = 0;  // about what the parsed message takes, and what queues count
};

// Reads the structure of `bytes`, a message of `type`, without copying its contents: a fraction of a
// millisecond for what it accepts. Thread-safe.
//   INVALID_ARGUMENT  not such a message, or more than kMaxMessageFields
absl::StatusOr<MessageOutline> OutlineMessage(const google::protobuf::Descriptor& type,
                                              const grpc::ByteBuffer& bytes);

// Parses `bytes`, whose outline was accepted.
//   INVALID_ARGUMENT  not a message of that type
absl::Status ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message& message);

// The same of bytes whose outline was not read, for services without tokens and rates.
//   INVALID_ARGUMENT  more than kMaxSmallBytes; as OutlineMessage() and ParseMessage()
inline constexpr size_t kMaxSmallBytes = 1024;
absl::Status ParseSmallMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message& message);

grpc::ByteBuffer SerializeMessage(const google::protobuf::Message& message);

}  // namespace streamtensor::server
