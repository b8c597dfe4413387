// SPDX-License-Identifier: Apache-2.0
#include "runtime/emulator/card_process.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"

namespace streamtensor::runtime::emulator {
namespace {

constexpr std::chrono::seconds kStartTimeout{30};  // a loaded machine may take a while to exec

// Nothing of the host's environment reaches an artifact's code.
std::vector<std::string> Environment() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return base::EnvironmentWith({"STREAMTENSOR_ISA=", "ASAN_OPTIONS=", "TSAN_OPTIONS=", "UBSAN_OPTIONS="});
#else
  return base::EnvironmentWith({"STREAMTENSOR_ISA="});
#endif
}

}  // namespace

CardProcess::CardProcess(std::unique_ptr<base::ChildProcess> child, FileDescriptor socket)
    : stderr_(std::make_unique<StderrRelay>(std::move(child->err()),
                                            absl::StrCat("streamtensor-card[", child->pid(), "]: "),
                                            &WriteToStderrWithoutWaiting)),
      child_(std::move(child)),
      socket_(std::move(socket)) {}

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
  base::ChildOptions child;
  child.arguments = {program, "--threads", absl::StrCat(threads)};
  child.own_group = true;  // a terminal's Ctrl-C is for the host to handle
  child.environment = Environment();
  child.privileges = base::ChildOptions::Privileges::kNone;
  child.out = base::ChildOptions::Output::kDiscard;
  child.err = base::ChildOptions::Output::kPipe;
  child.descriptors = {{card.get(), kCardSocketFd}};
  absl::StatusOr<std::unique_ptr<base::ChildProcess>> started = base::ChildProcess::Start(child);
  if (!started.ok()) {
    return absl::UnavailableError(absl::StrCat("card program: ", started.status().message()));
  }
  card.Close();
  std::unique_ptr<CardProcess> process(new CardProcess(*std::move(started), std::move(host)));

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

absl::Status CardProcess::Explain(const absl::Status& status) {
  if (!absl::IsUnavailable(status)) return status;
  constexpr absl::Duration kPatience =
      absl::Seconds(2);  // it closed its socket: it is about to end, or misbehaves
  const std::optional<base::ChildExit> exit = child_->Wait(kPatience);
  return absl::UnavailableError(absl::StrCat("the card's process (pid ", pid(), ") ",
                                             exit ? exit->Describe() : "closed its socket but lives"));
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
    if (answer->header.sequence > sequence) return absl::InternalError("card socket: unexpected answer");
    if (answer->header.code != 0) {
      return absl::Status(static_cast<absl::StatusCode>(answer->header.code), answer->payload);
    }
    return std::move(answer->payload);
  }
}

absl::StatusOr<std::string> CardProcess::Ask(MessageKind kind, std::string_view payload, int descriptor,
                                             Deadline deadline) {
  ASSIGN_OR_RETURN(const uint64_t sequence, Send(kind, payload, descriptor, deadline));
  return Receive(sequence, deadline);
}

}  // namespace streamtensor::runtime::emulator
