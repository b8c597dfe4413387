// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/card_group.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace streamtensor::server {
namespace {

constexpr size_t kRememberedPages = 1 << 16;
// A prefix hit is worth one waiting request per page saved, up to this limit.
constexpr int32_t kMaxAffinity = 8;

}  // namespace

CardGroup::CardGroup(std::vector<Member> members, const CardLimits& limits, const Clock* clock,
                     OnState on_state)
    : on_state_(std::move(on_state)),
      page_tokens_(members.front().decoder->info().page_tokens),
      affinity_(kRememberedPages) {
  for (Member& member : members) {
    const size_t self = workers_.size();
    CardWorkerOptions options;
    options.card = member.card;
    options.limits = limits;
    options.on_state = [this, self](const CardSnapshot& snapshot) {
      on_state_(workers_[self]->card(), snapshot);
      if (snapshot.state != CardState::kReady) return;
      for (const auto& worker : workers_) {
        if (worker != workers_[self]) worker->RebalanceWaiting();
      }
    };
    options.hand_over = [this, self](const std::shared_ptr<Sequence>& sequence, int32_t load) {
      return TransferSequence(*workers_[self], sequence, load);
    };
    workers_.push_back(std::make_unique<CardWorker>(std::move(member.decoder), std::move(options), clock,
                                                    member.observer.get()));
    observers_.push_back(std::move(member.observer));
  }
}

CardGroup::~CardGroup() { Close(absl::UnavailableError("the model is being unloaded")); }

void CardGroup::Start() {
  for (const auto& worker : workers_) worker->Start();
}

absl::Status CardGroup::Submit(const std::shared_ptr<Sequence>& sequence) {
  std::vector<uint64_t> digests;
  if (workers_.size() > 1) digests = PrefixDigests(sequence->request().prompt, page_tokens_);
  absl::Status refusal;
  for (const size_t card : InOrder(digests, nullptr)) {
    const absl::Status status = workers_[card]->Submit(sequence);
    if (status.ok()) {
      MutexLock lock(mutex_);
      affinity_.Record(digests, card);
      return status;
    }
    if (absl::IsInvalidArgument(status)) return status;
    // A full queue is more informative than a lost card: an early retry may succeed.
    if (refusal.ok() || absl::IsResourceExhausted(status)) refusal = status;
  }
  return refusal;
}

bool CardGroup::TransferSequence(const CardWorker& from, const std::shared_ptr<Sequence>& sequence,
                                 int32_t load) {
  if (workers_.size() == 1) return false;
  const std::vector<uint64_t> digests = PrefixDigests(sequence->request().prompt, page_tokens_);
  for (const size_t card : InOrder(digests, &from)) {
    CardWorker& to = *workers_[card];
    if (to.load() + 1 < load && to.max_context() >= from.max_context() && to.Adopt(sequence)) return true;
  }
  return false;
}

// The candidate cards, best first; those that are not ready come last.
std::vector<size_t> CardGroup::InOrder(const std::vector<uint64_t>& digests, const CardWorker* without) {
  std::vector<size_t> order;
  std::vector<int64_t> cost(workers_.size());
  for (size_t card = 0; card < workers_.size(); ++card) {
    if (workers_[card].get() == without) continue;
    order.push_back(card);
    cost[card] = workers_[card]->load() + (workers_[card]->ready() ? 0 : int64_t{1} << 32);
  }
  std::optional<PrefixAffinity::Hint> hint;
  if (!digests.empty()) {
    MutexLock lock(mutex_);
    hint = affinity_.Find(digests);
  }
  if (hint.has_value()) cost[hint->card] -= std::min(hint->pages, kMaxAffinity);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return cost[a] < cost[b]; });
  return order;
}

void CardGroup::SetLimits(const CardLimits& limits) {
  for (const auto& worker : workers_) worker->SetLimits(limits);
}

void CardGroup::Close(const absl::Status& status) {
  for (const auto& worker : workers_) worker->Stop(status);
  for (const auto& worker : workers_) worker->Join();
}

bool CardGroup::AnyReady() const {
  return std::any_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker->ready(); });
}

int32_t CardGroup::load() const {
  return std::accumulate(workers_.begin(), workers_.end(), 0,
                         [](int32_t sum, const auto& worker) { return sum + worker->load(); });
}

int64_t CardGroup::room() const {
  return std::accumulate(workers_.begin(), workers_.end(), int64_t{0}, [](int64_t sum, const auto& worker) {
    return sum + std::max<int64_t>(0, worker->room());
  });
}

}  // namespace streamtensor::server
