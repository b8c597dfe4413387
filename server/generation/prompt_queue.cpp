// SPDX-License-Identifier: Apache-2.0
#include "server/generation/prompt_queue.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {
namespace {

constexpr int kNiceness = 10;

}  // namespace

PromptQueue::PromptQueue(int threads) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      pthread_setname_np(pthread_self(), "long-prompts");
      // Where cores are few, a long prompt gives way to the steps and to short requests. Linux has a nice
      // value for each thread.
      setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), getpriority(PRIO_PROCESS, 0) + kNiceness);
      RunThread();
    });
  }
}

PromptQueue::~PromptQueue() {
  Close();
  for (std::thread& thread : threads_) thread.join();
}

absl::Status PromptQueue::Run(size_t bytes, int64_t max_waiting, std::function<void()> work) {
  if (bytes <= kMaxShortBytes) {
    work();
    return absl::OkStatus();
  }
  {
    MutexLock lock(mutex_);
    if (is_closed_) return absl::UnavailableError("the server is shutting down");
    const auto waiting = static_cast<int64_t>(waiting_.size());
    if (waiting >= max_waiting || waiting_bytes_ + bytes > kMaxWaitingBytes) {
      return absl::ResourceExhaustedError(absl::StrCat("the queue is full: ", waiting, " long prompts of ",
                                                       waiting_bytes_, " bytes wait to be tokenized"));
    }
    waiting_.push_back({bytes, std::move(work)});
    waiting_bytes_ += bytes;
  }
  changed_.NotifyAll();
  return absl::OkStatus();
}

void PromptQueue::Close() {
  MutexLock lock(mutex_);
  is_closed_ = true;
  changed_.NotifyAll();
  while (!waiting_.empty() || running_ > 0) changed_.Wait(mutex_);
}

void PromptQueue::RunThread() {
  while (true) {
    Work work;
    {
      MutexLock lock(mutex_);
      while (waiting_.empty() && !is_closed_) changed_.Wait(mutex_);
      if (waiting_.empty()) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_bytes_ -= work.bytes;
      ++running_;
    }
    work.run();
    work.run = nullptr;
    {
      MutexLock lock(mutex_);
      --running_;
    }
    changed_.NotifyAll();
  }
}

}  // namespace streamtensor::server
