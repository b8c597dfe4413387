// SPDX-License-Identifier: Apache-2.0
#include "runtime/emulator/message_socket.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace streamtensor::runtime::emulator {
namespace {

absl::Status Gone() { return absl::UnavailableError("the other end of the card's socket is closed"); }

absl::Status SocketError(const char* what) {
  if (errno == EPIPE || errno == ECONNRESET) return Gone();
  return absl::InternalError(absl::StrCat("card socket, ", what, ": ", std::strerror(errno)));
}

}  // namespace

absl::Status MessageSocket::WaitFor(short events, Deadline deadline) {
  for (;;) {
    int timeout_ms = -1;
    if (deadline != kNoDeadline) {
      const auto left = deadline - std::chrono::steady_clock::now();
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
      timeout_ms = static_cast<int>(std::clamp<decltype(ms)>(ms, 0, INT_MAX));
    }
    pollfd entry = {fd_.get(), events, 0};
    const int n = poll(&entry, 1, timeout_ms);
    if (n > 0) return absl::OkStatus();  // an error or a hang-up shows in the call that follows
    if (n == 0 && std::chrono::steady_clock::now() >= deadline) {
      return absl::DeadlineExceededError("no message in time");
    }
    if (n < 0 && errno != EINTR) return SocketError("poll");
  }
}

absl::Status MessageSocket::Send(MessageHeader header, std::string_view payload, int descriptor,
                                 Deadline deadline) {
  if (payload.size() > kMaxPayloadBytes) {
    return absl::InternalError(
        absl::StrCat("a message of ", payload.size(), " bytes, at most ", kMaxPayloadBytes));
  }
  header.payload_bytes = static_cast<uint32_t>(payload.size());
  iovec parts[2] = {{&header, sizeof header}, {const_cast<char*>(payload.data()), payload.size()}};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = payload.empty() ? 1 : 2;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  }
  for (;;) {
    if (sendmsg(fd_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return absl::OkStatus();
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return SocketError("send");
    RETURN_IF_ERROR(WaitFor(POLLOUT, deadline));
  }
}

absl::StatusOr<Message> MessageSocket::Receive(Deadline deadline) {
  for (;;) {
    iovec part = {buffer_.data(), buffer_.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t n = recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return SocketError("receive");
      RETURN_IF_ERROR(WaitFor(POLLIN, deadline));
      continue;
    }
    if (n == 0) return Gone();
    Message result;
    std::size_t descriptors = 0;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
      // Each is ours to close, also unexpected ones: two fit where one is expected.
      for (std::size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
        int descriptor = -1;
        std::memcpy(&descriptor, CMSG_DATA(part) + at, sizeof descriptor);
        result.descriptor = FileDescriptor(descriptor);
        ++descriptors;
      }
    }
    if (descriptors > 1) return absl::InternalError("card socket: a message with several descriptors");
    const auto size = static_cast<std::size_t>(n);
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || size < sizeof(MessageHeader)) {
      return absl::InternalError("card socket: a message was cut off");
    }
    std::memcpy(&result.header, buffer_.data(), sizeof(MessageHeader));
    if (result.header.magic != kMessageMagic || result.header.payload_bytes != size - sizeof(MessageHeader)) {
      return absl::InternalError("card socket: invalid message");
    }
    result.payload.assign(buffer_, sizeof(MessageHeader), result.header.payload_bytes);
    return result;
  }
}

}  // namespace streamtensor::runtime::emulator
