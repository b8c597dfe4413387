// SPDX-License-Identifier: Apache-2.0
#include "runtime/emulator/card_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgets to say that its functions are C
}

extern char** environ;

namespace streamtensor::runtime::emulator {
namespace {

constexpr std::chrono::seconds kStartTimeout{30};  // a loaded machine may take a while to exec

class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  // A process group of its own: a terminal's Ctrl-C is for the host to handle. Signals as in a fresh
  // program, whatever the host did with them.
  int Fill(int socket) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (error == 0) error = posix_spawnattr_setpgroup(&attributes_, 0);
    if (error == 0) error = posix_spawnattr_setsigmask(&attributes_, &none);
    if (error == 0) error = posix_spawnattr_setsigdefault(&attributes_, &all);
    if (error == 0) error = posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    if (error == 0) error = posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
    if (error == 0) error = posix_spawn_file_actions_adddup2(&actions_, socket, kCardSocketFd);
    return error;
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CardProcess>> CardProcess::Start(const std::string& program,
                                                                const std::string& platform,
                                                                uint32_t threads) {
  if (access(program.c_str(), X_OK) != 0) {
    return absl::NotFoundError(absl::StrCat("card program ", program, ": ", std::strerror(errno)));
  }
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::ResourceExhaustedError(absl::StrCat("socket for a card: ", std::strerror(errno)));
  }
  FileDescriptor host(ends[0]);
  FileDescriptor card(ends[1]);
  SpawnSettings settings;
  int error = settings.Fill(card.get());
  pid_t pid = -1;
  std::string option = "--threads", number = std::to_string(threads);
  char* arguments[] = {const_cast<char*>(program.c_str()), option.data(), number.data(), nullptr};
  if (error == 0) {
    error = posix_spawn(&pid, program.c_str(), settings.actions(), settings.attributes(), arguments, environ);
  }
  if (error != 0) {
    return absl::UnavailableError(
        absl::StrCat("can't start card program ", program, ": ", std::strerror(error)));
  }
  card.Close();
  std::unique_ptr<CardProcess> process(
      new CardProcess(pid, FileDescriptor(pidfd_open(pid, 0)), std::move(host)));

  PayloadWriter hello;
  hello.Put(kProtocolVersion);
  hello.PutString(platform);
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  absl::StatusOr<std::string> answer = process->Ask(MessageKind::kHello, hello.bytes(), -1, deadline);
  if (!answer.ok()) {
    return absl::UnavailableError(
        absl::StrCat("card program ", program, ": ", std::string(answer.status().message())));
  }
  PayloadReader reader(*answer);
  const auto version = reader.Get<uint32_t>();
  if (!reader.complete() || version != kProtocolVersion) {
    return absl::UnavailableError(absl::StrCat("card program ", program, " speaks protocol version ", version,
                                               ", this program ", kProtocolVersion));
  }
  return process;
}

CardProcess::~CardProcess() {
  if (reaped_) return;
  if (pidfd_.valid()) {
    pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0);
  } else {
    kill(pid_, SIGKILL);
  }
  Reap(-1);
}

bool CardProcess::Reap(int timeout_ms) {
  if (reaped_) return true;
  if (timeout_ms >= 0 && pidfd_.valid()) {
    pollfd entry = {pidfd_.get(), POLLIN, 0};
    while (poll(&entry, 1, timeout_ms) < 0 && errno == EINTR) {
    }
    if ((entry.revents & POLLIN) == 0) return false;
  }
  int status = 0;
  pid_t result;
  do {
    result = waitpid(pid_, &status, timeout_ms >= 0 && !pidfd_.valid() ? WNOHANG : 0);
  } while (result < 0 && errno == EINTR);
  if (result == 0) return false;
  reaped_ = true;  // also when somebody else reaped it (ECHILD)
  if (result < 0) {
    end_ = "ended";
  } else if (WIFSIGNALED(status)) {
    end_ = absl::StrCat("was killed by signal ", WTERMSIG(status), " (", strsignal(WTERMSIG(status)), ")");
  } else {
    end_ = absl::StrCat("exited with code ", WEXITSTATUS(status));
  }
  return true;
}

absl::Status CardProcess::Explain(const absl::Status& status) {
  if (!absl::IsUnavailable(status)) return status;
  constexpr int kReapMs = 2000;  // it closed its socket: it is about to end, or misbehaves
  if (Reap(kReapMs))
    return absl::UnavailableError(absl::StrCat("the card's process (pid ", pid_, ") ", end_));
  return absl::UnavailableError(
      absl::StrCat("the card's process (pid ", pid_, ") closed its socket but lives"));
}

absl::StatusOr<uint64_t> CardProcess::Send(MessageKind kind, std::string_view payload, int descriptor,
                                           Deadline deadline) {
  MessageHeader header;
  header.kind = kind;
  header.sequence = ++sequence_;
  if (absl::Status status = socket_.Send(header, payload, descriptor, deadline); !status.ok())
    return Explain(status);
  return header.sequence;
}

absl::StatusOr<std::string> CardProcess::Receive(uint64_t sequence, Deadline deadline) {
  for (;;) {
    absl::StatusOr<Message> answer = socket_.Receive(deadline);
    if (!answer.ok()) return Explain(answer.status());
    if (answer->header.sequence < sequence) continue;
    if (answer->header.sequence > sequence)
      return absl::InternalError("card socket: an answer nobody asked for");
    if (answer->header.code != 0) {
      return absl::Status(static_cast<absl::StatusCode>(answer->header.code), answer->payload);
    }
    return std::move(answer->payload);
  }
}

absl::StatusOr<std::string> CardProcess::Ask(MessageKind kind, std::string_view payload, int descriptor,
                                             Deadline deadline) {
  const absl::StatusOr<uint64_t> sequence = Send(kind, payload, descriptor, deadline);
  if (!sequence.ok()) return sequence.status();
  return Receive(*sequence, deadline);
}

}  // namespace streamtensor::runtime::emulator
