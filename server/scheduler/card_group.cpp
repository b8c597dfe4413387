// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/card_group.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace streamtensor::server {
namespace {

constexpr size_t kRememberedPages = 1 << 16;
// Each page that need not be computed again is worth about this many requests of waiting; but not more
// than a card takes in one step.
constexpr int32_t kMostBusier = 8;

}  // namespace

CardGroup::CardGroup(std::vector<Member> members, const EngineLimits& limits, const Clock* clock,
                     OnState on_state)
    : affinity_(members.front().decoder->info().page_tokens, kRememberedPages) {
  for (Member& member : members) {
    const size_t self = engines_.size();
    EngineOptions options;
    options.card = member.card;
    options.limits = limits;
    options.on_state = [this, self, on_state](const EngineSnapshot& snapshot) {
      on_state(engines_[self]->card(), snapshot);
      if (snapshot.state != CardState::kReady) return;
      for (const auto& engine : engines_) {
        if (engine != engines_[self]) engine->Share();
      }
    };
    options.hand_over = [this, self](const std::shared_ptr<Sequence>& sequence, int32_t load) {
      return HandOver(*engines_[self], sequence, load);
    };
    engines_.push_back(std::make_unique<Engine>(std::move(member.decoder), std::move(options), clock,
                                                member.observer.get()));
    observers_.push_back(std::move(member.observer));
  }
}

CardGroup::~CardGroup() { Close(absl::UnavailableError("the model is being unloaded")); }

void CardGroup::Start() {
  for (const auto& engine : engines_) engine->Start();
}

absl::Status CardGroup::Submit(const std::shared_ptr<Sequence>& sequence) {
  std::vector<uint64_t> digests;
  if (engines_.size() > 1) digests = affinity_.Digests(sequence->request().prompt);
  absl::Status refusal;
  for (const size_t card : InOrder(digests, nullptr)) {
    const absl::Status status = engines_[card]->Submit(sequence);
    if (status.ok()) {
      std::lock_guard lock(mutex_);
      affinity_.Record(digests, card);
      return status;
    }
    if (absl::IsInvalidArgument(status)) return status;
    // A full queue says more than a lost card: trying again soon may help.
    if (refusal.ok() || absl::IsResourceExhausted(status)) refusal = status;
  }
  return refusal;
}

bool CardGroup::HandOver(const Engine& from, const std::shared_ptr<Sequence>& sequence, int32_t load) {
  if (engines_.size() == 1) return false;
  const std::vector<uint64_t> digests = affinity_.Digests(sequence->request().prompt);
  for (const size_t card : InOrder(digests, &from)) {
    Engine& to = *engines_[card];
    if (to.load() + 1 < load && to.max_context() >= from.max_context() && to.Adopt(sequence)) return true;
  }
  return false;
}

// The cards to ask, best first; those that are not ready last.
std::vector<size_t> CardGroup::InOrder(const std::vector<uint64_t>& digests, const Engine* without) {
  std::vector<size_t> order;
  std::vector<int64_t> cost(engines_.size());
  for (size_t card = 0; card < engines_.size(); ++card) {
    if (engines_[card].get() == without) continue;
    order.push_back(card);
    cost[card] = engines_[card]->load() + (engines_[card]->ready() ? 0 : int64_t{1} << 32);
  }
  std::optional<PrefixAffinity::Hint> hint;
  if (!digests.empty()) {
    std::lock_guard lock(mutex_);
    hint = affinity_.Find(digests);
  }
  if (hint.has_value()) cost[hint->card] -= std::min(hint->pages, kMostBusier);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return cost[a] < cost[b]; });
  return order;
}

void CardGroup::SetLimits(const EngineLimits& limits) {
  for (const auto& engine : engines_) engine->SetLimits(limits);
}

void CardGroup::Close(const absl::Status& status) {
  for (const auto& engine : engines_) engine->Stop(status);
  for (const auto& engine : engines_) engine->Join();
}

bool CardGroup::AnyReady() const {
  return std::any_of(engines_.begin(), engines_.end(), [](const auto& engine) { return engine->ready(); });
}

int32_t CardGroup::load() const {
  return std::accumulate(engines_.begin(), engines_.end(), 0,
                         [](int32_t sum, const auto& engine) { return sum + engine->load(); });
}

}  // namespace streamtensor::server
