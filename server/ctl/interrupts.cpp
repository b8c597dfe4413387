// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/interrupts.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

namespace streamtensor::ctl {

Interrupts::Interrupts(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : signals) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, &previous_);
  signals_ = base::FileDescriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

Interrupts::~Interrupts() {
  while (Take() != 0) {
  }
  pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

int Interrupts::Take() {
  signalfd_siginfo info;
  const ssize_t got = read(signals_.get(), &info, sizeof(info));
  return got == sizeof(info) ? static_cast<int>(info.ssi_signo) : 0;
}

CancelOnInterrupt::CancelOnInterrupt(const Interrupts& interrupts, grpc::ClientContext& context)
    : done_(eventfd(0, EFD_CLOEXEC)),
      thread_([&context, signals = interrupts.descriptor(), done = done_.get()] {
        pollfd events[] = {{signals, POLLIN, 0}, {done, POLLIN, 0}};
        while (poll(events, 2, -1) < 0) {
        }
        if (events[0].revents != 0) context.TryCancel();
      }) {}

CancelOnInterrupt::~CancelOnInterrupt() {
  eventfd_write(done_.get(), 1);
  thread_.join();
}

}  // namespace streamtensor::ctl
