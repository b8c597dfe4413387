// SPDX-License-Identifier: Apache-2.0
// A model that can be asked, on a fake card and without files.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "server/models/loaded_model.h"
#include "server/scheduler/card_group.h"
#include "tests/server/scheduler/fake_card.h"
#include "tests/server/tokenizer/ascii_tokenizer.h"

namespace streamtensor::server::testing {

// Holds a card's steps back until they are let go.
class StepGate {
 public:
  // By the card's thread.
  absl::Status Pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_ || passes_ > 0; });
    if (!is_open_) --passes_;
    return absl::OkStatus();
  }
  void Allow(int steps) {
    std::lock_guard lock(mutex_);
    passes_ += steps;
    changed_.notify_all();
  }
  void Open() {
    std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  // Waits until so many steps have been begun, in all.
  void AwaitSteps(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  int passes_ = 0;
  bool is_open_ = false;
};

class FakeModel {
 public:
  static constexpr int32_t kContext = 256;

  // Ready when the constructor returns. `gate` is not needed, and outlives the model. `clock` outlives it
  // too.
  FakeModel(const Clock* clock, StepGate* gate, bool content_special_tokens = false,
            int32_t context = kContext) {
    std::unique_ptr<Tokenizer> tokenizer = MakeAsciiTokenizer();
    auto decoder = std::make_unique<FakeDecoder>(static_cast<int32_t>(tokenizer->vocabulary()), context, 16,
                                                 32, context / 4);
    if (gate != nullptr) decoder->on_run = [gate](const runtime::Step&) { return gate->Pass(); };
    std::vector<CardGroup::Member> members;
    members.push_back({"fake:0", std::move(decoder), std::make_unique<SchedulerObserver>()});
    auto cards =
        std::make_unique<CardGroup>(std::move(members), CardLimits(), clock, [](const auto&, const auto&) {});
    cards->Start();
    while (!cards->AnyReady()) absl::SleepFor(absl::Milliseconds(1));
    model_ = std::make_shared<LoadedModel>(
        "m", std::move(tokenizer),
        ChatTemplate::Create("{% for m in messages %}{{ m.role ~ m.content }}<|im_end|>{% endfor %}"),
        content_special_tokens, std::move(cards));
  }

  // As the registry does it: what the cards' threads still hold of the model must not be the last of it.
  ~FakeModel() { model_->cards().Close(absl::UnavailableError("the test is over")); }
  FakeModel(const FakeModel&) = delete;
  FakeModel& operator=(const FakeModel&) = delete;

  const std::shared_ptr<const LoadedModel>& get() const { return model_; }

 private:
  std::shared_ptr<const LoadedModel> model_;
};

}  // namespace streamtensor::server::testing
