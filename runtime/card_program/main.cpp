// SPDX-License-Identifier: Apache-2.0
// streamtensor-card: the process of one emulated card. Started by the emulator (card_emulated.so) with a
// socket as descriptor 3; ends with it.
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include "base/option_checks.h"
#include "base/program.h"
#include "runtime/card/second_thread.h"
#include "runtime/card_program/card_server.h"
#include "runtime/card_program/confinement.h"
#include "runtime/emulator/message_socket.h"

#ifndef ST_VERSION
#error "the build defines ST_VERSION"
#endif

namespace {

using streamtensor::runtime::card::SecondThread;
using streamtensor::runtime::emulator::FileDescriptor;
using streamtensor::runtime::emulator::kCardSocketFd;
using streamtensor::runtime::emulator::MessageSocket;

constexpr char kNotes[] =
    "The emulated card's driver starts this program, holds the other end of the socket on descriptor 3, and\n"
    "ends it by closing that end. Don't run it by hand: write 'driver: emulated' in the configuration of\n"
    "streamtensord, or use streamtensorc run.\n"
    "Environment: STREAMTENSOR_ISA  instruction set of the design to load (x86-64-v3, x86-64-v4-vnni)";

bool IsSocket(int fd) {
  int type = 0;
  socklen_t length = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET;
}

// Ends the process when the host closes its end, even in the middle of a launch. The parent's death
// signal would not do: it fires when the thread that started us ends, and not when a card is closed.
void WatchHost() {
  pollfd entry = {kCardSocketFd, 0, 0};  // hang-ups alone
  while (poll(&entry, 1, -1) <= 0 || (entry.revents & (POLLHUP | POLLERR | POLLNVAL)) == 0) {
  }
  _exit(0);
}

int Serve(int threads) {
  if (!IsSocket(kCardSocketFd)) {
    std::fputs(
        "streamtensor-card: descriptor 3 is not a card's socket: this program is started by the driver\n",
        stderr);
    return 2;
  }
  // Close everything inherited from the host.
  close_range(kCardSocketFd + 1, ~0u, 0);
  fcntl(kCardSocketFd, F_SETFD, FD_CLOEXEC);
  prctl(PR_SET_NAME, "st-card");
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);

  std::thread(WatchHost).detach();
  // Before starting threads is given up.
  std::unique_ptr<SecondThread> second_thread;
  if (threads == 2) second_thread = std::make_unique<SecondThread>();
  if (absl::Status status = streamtensor::runtime::card_program::DropNetworkAndWriteAccess(); !status.ok()) {
    std::fprintf(stderr, "streamtensor-card: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  streamtensor::runtime::card_program::CardServer server{MessageSocket(FileDescriptor(kCardSocketFd)),
                                                         second_thread.get()};
  const int code = server.Serve();
  std::fflush(nullptr);
  _exit(code);  // the watching thread is blocked for good
}

}  // namespace

int main(int argc, char** argv) {
  int threads = 1;
  streamtensor::base::Program program("streamtensor-card", "The process of one emulated card.",
                                      [] { return ST_VERSION; });
  program.app()
      .add_option("--threads", threads, "Threads that compute, 1 or 2 (default 1)")
      ->type_name("N")
      ->check(streamtensor::base::WholeNumber(1, 2));
  program.app().footer(kNotes);
  program.SetRun([&threads] { return Serve(threads); });
  return program.Main(argc, argv);
}
