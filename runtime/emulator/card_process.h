// SPDX-License-Identifier: Apache-2.0
// Starts, talks to and ends the streamtensor-card process behind an emulated card.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/child_process.h"
#include "runtime/emulator/message_socket.h"
#include "runtime/emulator/stderr_relay.h"

namespace streamtensor::runtime::emulator {

// Not thread-safe.
class CardProcess {
 public:
  // `threads` that it computes on: 1 or 2. NOT_FOUND: no such program. UNAVAILABLE: it does not answer.
  static absl::StatusOr<std::unique_ptr<CardProcess>> Start(const std::string& program,
                                                            const std::string& platform, uint32_t threads);
  CardProcess(const CardProcess&) = delete;
  CardProcess& operator=(const CardProcess&) = delete;

  pid_t pid() const { return child_->pid(); }

  // Sends a request and returns its sequence number. `descriptor` < 0: none.
  absl::StatusOr<uint64_t> Send(MessageKind kind, std::string_view payload, int descriptor,
                                Deadline deadline);
  // The answer's payload or its error. Skips answers to abandoned requests.
  absl::StatusOr<std::string> Receive(uint64_t sequence, Deadline deadline);
  // Both, for everything but runs.
  absl::StatusOr<std::string> Ask(MessageKind kind, std::string_view payload, int descriptor,
                                  Deadline deadline);

 private:
  CardProcess(std::unique_ptr<base::ChildProcess> child, FileDescriptor socket);
  // An error of the socket, with what became of the process.
  absl::Status Explain(const absl::Status& status);

  std::unique_ptr<StderrRelay> stderr_;              // outlives the process
  const std::unique_ptr<base::ChildProcess> child_;  // killed with this object
  MessageSocket socket_;
  uint64_t sequence_ = 0;
};

}  // namespace streamtensor::runtime::emulator
