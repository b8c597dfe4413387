// SPDX-License-Identifier: Apache-2.0
// A streamtensord of one's own for one model, reachable by its owner alone.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/child_process.h"
#include "server/ctl/client.h"
#include "server/ctl/interrupts.h"

namespace streamtensor::ctl {

// Not thread-safe.
class LocalDaemon {
 public:
  // Starts the daemon beside this program. It listens on a socket in a new folder of mode 0700 only, and ends
  // with the thread that started it.
  //   NOT_FOUND  streamtensord is not there; otherwise why no folder can be made
  static absl::StatusOr<std::unique_ptr<LocalDaemon>> Start(const std::string& model);
  // Stops the daemon and removes the folder.
  ~LocalDaemon();

  Target target() const;

  // Waits until the model can be asked and returns it. `on_progress` sees it compile and load.
  //   CANCELLED            a signal has arrived; it is not taken
  //   FAILED_PRECONDITION  the daemon has ended, or the model cannot be loaded, and why
  absl::StatusOr<v1::Model> WaitUntilReady(const Interrupts& interrupts,
                                           const std::function<void(const v1::Model&)>& on_progress);

 private:
  explicit LocalDaemon(std::string folder) : folder_(std::move(folder)) {}

  std::string SocketPath() const { return folder_ + "/grpc.sock"; }
  std::string LogPath() const { return folder_ + "/log"; }
  absl::Status EndedError(const base::ChildExit& exit) const;

  const std::string folder_;
  std::unique_ptr<base::ChildProcess> process_;
};

}  // namespace streamtensor::ctl
