// SPDX-License-Identifier: Apache-2.0
// One end of the SEQPACKET socket between the emulator and a card's process. Not thread-safe.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/emulator/file_descriptor.h"
#include "runtime/emulator/wire_protocol.h"

namespace streamtensor::runtime::emulator {

using Deadline = std::chrono::steady_clock::time_point;
inline constexpr Deadline kNoDeadline = Deadline::max();

struct Message {
  MessageHeader header;
  std::string payload;
  FileDescriptor descriptor;  // valid when one came along
};

class MessageSocket {
 public:
  MessageSocket() = default;
  explicit MessageSocket(FileDescriptor fd)
      : fd_(std::move(fd)), buffer_(sizeof(MessageHeader) + kMaxPayloadBytes, '\0') {}

  int fd() const { return fd_.get(); }

  // `descriptor` < 0: none. UNAVAILABLE: the other end is gone; DEADLINE_EXCEEDED: it takes nothing.
  absl::Status Send(MessageHeader header, std::string_view payload, int descriptor, Deadline deadline);

  // UNAVAILABLE: the other end is gone. DEADLINE_EXCEEDED. INTERNAL: invalid message.
  absl::StatusOr<Message> Receive(Deadline deadline);

 private:
  absl::Status WaitFor(short events, Deadline deadline);

  FileDescriptor fd_;
  std::string buffer_;
};

}  // namespace streamtensor::runtime::emulator
