// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/local_daemon.h"

#include <poll.h>
#include <signal.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/program_folder.h"
#include "base/status_macros.h"

namespace streamtensor::ctl {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kPollPeriod = absl::Milliseconds(50);
constexpr absl::Duration kMaxStopTime = absl::Seconds(20);

absl::StatusOr<std::string> MakePrivateFolder() {
  std::error_code error;
  fs::path parent = fs::temp_directory_path(error);
  if (error) parent = "/tmp";
  std::string folder = parent / "streamtensor-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot make a folder in ", parent.string(), ": ", std::strerror(errno)));
  }
  return folder;
}

std::string LastLine(const std::string& path) {
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalDaemon>> LocalDaemon::Start(const std::string& model) {
  ASSIGN_OR_RETURN(std::string folder, MakePrivateFolder());
  auto daemon = std::unique_ptr<LocalDaemon>(new LocalDaemon(std::move(folder)));
  base::ChildOptions child;
  child.arguments = {base::ProgramFolder() + "/streamtensord",
                     model.starts_with('-') ? "./" + model : model,
                     "--listen",
                     "unix:" + daemon->SocketPath(),
                     "--http-listen",
                     "off",
                     "--metrics-listen",
                     "off"};
  child.own_group = true;  // a terminal's Ctrl-C is for this program
  child.dies_with_parent = true;
  child.out = child.err = base::ChildOptions::Output::kLog;
  child.log = daemon->LogPath();
  ASSIGN_OR_RETURN(daemon->process_, base::ChildProcess::Start(child));
  return daemon;
}

LocalDaemon::~LocalDaemon() {
  if (process_ != nullptr && !process_->Wait(absl::ZeroDuration())) {
    kill(process_->pid(), SIGTERM);
    process_->Wait(kMaxStopTime);
  }
  process_.reset();
  std::error_code error;
  fs::remove_all(folder_, error);
}

Target LocalDaemon::target() const {
  Target target;
  target.server = "unix:" + SocketPath();
  return target;
}

absl::Status LocalDaemon::EndedError(const base::ChildExit& exit) const {
  return absl::FailedPreconditionError(
      absl::StrCat("streamtensord ", exit.Describe(), ": ", LastLine(LogPath())));
}

absl::StatusOr<v1::Model> LocalDaemon::WaitUntilReady(
    const Interrupts& interrupts, const std::function<void(const v1::Model&)>& on_progress) {
  std::optional<Client> client;
  for (;;) {
    if (const std::optional<base::ChildExit> exit = process_->Wait(absl::ZeroDuration()))
      return EndedError(*exit);
    // A connection that is refused is tried again a second later: wait for the socket.
    std::error_code error;
    if (!client && fs::exists(SocketPath(), error)) client.emplace(target());
    v1::ListModelsResponse response;
    grpc::ClientContext context;
    if (client) {
      client->PrepareShort(context);
      if (client->inference->ListModels(&context, {}, &response).ok() && response.models_size() == 1) {
        const v1::Model& model = response.models(0);
        if (model.state() == v1::MODEL_STATE_READY) return model;
        if (model.state() == v1::MODEL_STATE_FAILED) return absl::FailedPreconditionError(model.error());
        on_progress(model);
      }
    }
    pollfd signals = {interrupts.descriptor(), POLLIN, 0};
    if (poll(&signals, 1, static_cast<int>(absl::ToInt64Milliseconds(kPollPeriod))) > 0) {
      return absl::CancelledError("interrupted");
    }
  }
}

}  // namespace streamtensor::ctl
