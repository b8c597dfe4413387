// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/stream_writer.h"

#include <pthread.h>

#include <utility>

#include "server/api/grpc/grpc_order.h"

namespace streamtensor::server {

void RunQueue(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) {
    AfterGrpc(tag);
    static_cast<QueueEvent*>(tag)->OnEvent(ok);
  }
}

StreamWriter::StreamWriter(std::unique_ptr<grpc::ServerCompletionQueue> queue)
    : queue_(std::move(queue)), streams_([this] { Wake(); }) {}

StreamWriter::~StreamWriter() {
  queue_->Shutdown();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    RunQueue(*queue_);
  }
}

void StreamWriter::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "stream-writer");
    RunQueue(*queue_);
  });
}

void StreamWriter::Enter() {
  MutexLock lock(mutex_);
  ++streams_open_;
}

void StreamWriter::Leave() {
  MutexLock lock(mutex_);
  if (--streams_open_ == 0) changed_.NotifyAll();
}

void StreamWriter::WaitUntilAllLeft() {
  MutexLock lock(mutex_);
  while (streams_open_ > 0) changed_.Wait(mutex_);
}

// An alarm that is already due is an event of the queue.
void StreamWriter::Wake() {
  BeforeGrpc(&woken_);
  alarm_.Set(queue_.get(), gpr_inf_past(GPR_CLOCK_MONOTONIC), &woken_);
}

}  // namespace streamtensor::server
