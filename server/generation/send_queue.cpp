// SPDX-License-Identifier: Apache-2.0
#include "server/generation/send_queue.h"

#include <utility>

namespace streamtensor::server {

SendQueue::SendQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

void SendQueue::Add(Stream* stream) {
  MutexLock lock(mutex_);
  streams_.push_back(stream);
}

void SendQueue::Flush() {
  {
    MutexLock lock(mutex_);
    if (streams_.empty() || std::exchange(is_woken_, true)) return;
  }
  wake_();
}

void SendQueue::SendAll() {
  {
    MutexLock lock(mutex_);
    is_woken_ = false;
    sending_.swap(streams_);
  }
  for (Stream* stream : sending_) stream->Send();
  sending_.clear();
}

}  // namespace streamtensor::server
