// SPDX-License-Identifier: Apache-2.0
#include "server/generation/generation.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace streamtensor::server {
namespace {

// A reply pauses at this size. With the step in flight (16 prompt tokens with 20 alternatives each), pending
// output stays below 64 KiB.
constexpr size_t kPauseBytes = 56 << 10;

}  // namespace

std::shared_ptr<Generation> Generation::Create(GenerationService* service, std::string request_id,
                                               absl::Time deadline, size_t siblings) {
  return std::shared_ptr<Generation>(new Generation(service, std::move(request_id), deadline, siblings));
}

Generation::Generation(GenerationService* service, std::string request_id, absl::Time deadline,
                       size_t siblings)
    : service_(service),
      request_id_(std::move(request_id)),
      arrival_(service->options_.clock->Now()),
      deadline_(deadline),
      pause_bytes_(std::max<size_t>(1, kPauseBytes / siblings)) {
  ++service_->generations_;
}

Generation::~Generation() { --service_->generations_; }

absl::Status Generation::Start(CheckedRequest request, std::shared_ptr<ReplyReceiver> receiver) {
  request.generation.request_id = request_id_;
  request.generation.arrival = arrival_;
  request.generation.deadline = deadline_;
  model_ = std::move(request.model);
  receiver_ = std::move(receiver);
  max_whole_bytes_ = receiver_->MaxWholeBytes();
  const auto sequence =
      std::make_shared<Sequence>(std::move(request.generation), model_->vocabulary(), shared_from_this());
  bool is_cancelled = false;
  {
    MutexLock lock(mutex_);
    sequence_ = sequence;
    is_cancelled = is_cancelled_;
  }
  // From here on Cancel() reaches the sequence.
  if (is_cancelled) sequence->Cancel();
  const absl::Status status = model_->cards().Submit(sequence);
  if (!status.ok()) {
    service_->LogRefusal(request_id_, status);
    receiver_ = nullptr;
    MutexLock lock(mutex_);
    sequence_ = nullptr;
  }
  return status;
}

void Generation::Cancel() {
  std::shared_ptr<Sequence> sequence;
  {
    MutexLock lock(mutex_);
    is_cancelled_ = true;
    sequence = sequence_;
  }
  if (sequence != nullptr) sequence->Cancel();
}

absl::Status Generation::Poll() const {
  if (service_->options_.clock->Now() > deadline_) {
    return absl::DeadlineExceededError("the deadline passed before the prompt was tokenized");
  }
  MutexLock lock(mutex_);
  return is_cancelled_ ? absl::CancelledError("the client cancelled the request") : absl::OkStatus();
}

bool Generation::Writable() const { return max_whole_bytes_ > 0 || unsent_bytes_ < pause_bytes_; }

bool Generation::Overflowed() const { return max_whole_bytes_ > 0 && unsent_bytes_ > max_whole_bytes_; }

void Generation::OnDelta(ReplyDelta delta) {
  const size_t bytes = receiver_->WireBytes(delta);
  unsent_bytes_ += bytes;
  receiver_->OnDelta(std::move(delta), bytes);
}

void Generation::OnSent(size_t wire_bytes) {
  const size_t before = unsent_bytes_.fetch_sub(wire_bytes);
  if (before < pause_bytes_ || before - wire_bytes >= pause_bytes_) return;
  std::shared_ptr<Sequence> sequence;
  {
    MutexLock lock(mutex_);
    sequence = sequence_;
  }
  if (sequence != nullptr) sequence->Wake();
}

void Generation::Flush() {
  if (receiver_ != nullptr) receiver_->Flush();
}

void Generation::OnDone(const absl::Status& status, const ReplySummary& summary) {
  std::shared_ptr<Sequence> sequence;
  {
    MutexLock lock(mutex_);
    sequence = std::exchange(sequence_, nullptr);
  }
  LogEnd(status, summary, sequence->cards());
  std::exchange(receiver_, nullptr)->OnDone(status, summary);
}

void Generation::LogEnd(const absl::Status& status, const ReplySummary& summary,
                        const std::string& cards) const {
  const double seconds = absl::ToDoubleSeconds(service_->options_.clock->Now() - arrival_);
  spdlog::info(
      "request={} model={} {}: prompt {} (cached {}), reply {} tokens, TTFT {:.3f} s, {:.3f} s in all, "
      "card {}",
      request_id_, model_->name(), status.ok() ? "done" : status.ToString(), summary.prompt_tokens,
      summary.cached_tokens, summary.completion_tokens, summary.ttft_seconds, seconds, cards);
  service_->ObserveDuration(seconds);
}

}  // namespace streamtensor::server
