// SPDX-License-Identifier: Apache-2.0
#include "server/service/stream_writer.h"

#include <pthread.h>

#include <utility>

#include "server/service/grpc_order.h"

namespace streamtensor::server {

void RunQueue(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) {
    AfterGrpc(tag);
    static_cast<QueueEvent*>(tag)->OnEvent(ok);
  }
}

StreamWriter::StreamWriter(std::unique_ptr<grpc::ServerCompletionQueue> queue) : queue_(std::move(queue)) {}

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

void StreamWriter::Add(Stream* stream) {
  std::lock_guard lock(mutex_);
  streams_.push_back(stream);
}

void StreamWriter::Flush() {
  {
    std::lock_guard lock(mutex_);
    if (streams_.empty() || std::exchange(is_woken_, true)) return;
  }
  BeforeGrpc(&woken_);
  alarm_.Set(queue_.get(), gpr_inf_past(GPR_CLOCK_MONOTONIC), &woken_);
}

void StreamWriter::SendAll() {
  {
    std::lock_guard lock(mutex_);
    is_woken_ = false;
    sending_.swap(streams_);
  }
  for (Stream* stream : sending_) stream->Send();
  sending_.clear();
}

}  // namespace streamtensor::server
