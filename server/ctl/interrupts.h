// SPDX-License-Identifier: Apache-2.0
// Signals that end what a command is doing instead of the program.
#pragma once

#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <initializer_list>
#include <thread>

#include "base/file_descriptor.h"

namespace streamtensor::ctl {

// During its lifetime the given signals (SIGINT, say) are held for Take(). Construct it before the process
// has other threads, which inherit the mask. Not thread-safe.
class Interrupts {
 public:
  explicit Interrupts(std::initializer_list<int> signals);
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // A signal that has arrived and was not taken yet; 0: none.
  int Take();
  // Readable while Take() would return one.
  int descriptor() const { return signals_.get(); }

 private:
  sigset_t previous_;
  base::FileDescriptor signals_;
};

// Cancels a call when a signal arrives, or at once if one has not been taken.
class CancelOnInterrupt {
 public:
  // Both outlive the object.
  CancelOnInterrupt(const Interrupts& interrupts, grpc::ClientContext& context);
  ~CancelOnInterrupt();
  CancelOnInterrupt(const CancelOnInterrupt&) = delete;
  CancelOnInterrupt& operator=(const CancelOnInterrupt&) = delete;

 private:
  base::FileDescriptor done_;
  std::thread thread_;
};

}  // namespace streamtensor::ctl
