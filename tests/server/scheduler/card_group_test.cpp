// SPDX-License-Identifier: Apache-2.0
// Replicas, each with its thread, in real time but without asserting any.
#include "server/scheduler/card_group.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "absl/time/clock.h"
#include "tests/server/scheduler/fake_card.h"

namespace streamtensor::server {
namespace {

using testing::FakeDecoder;
using testing::FakeVocabulary;
using testing::RecordingSink;

struct Client {
  Client() {
    sink->on_done = [this] { done.set_value(); };
  }
  std::shared_ptr<RecordingSink> sink = std::make_shared<RecordingSink>();
  std::promise<void> done;
};

std::shared_ptr<Sequence> MakeSequence(Client& client, uint32_t first_token, uint32_t prompt_tokens,
                                       uint32_t max_tokens) {
  GenerationRequest request;
  for (uint32_t i = 0; i < prompt_tokens; ++i) request.prompt.push_back((first_token + i) % 32);
  request.sampling.temperature = 0;
  request.stopping.max_tokens = max_tokens;
  request.stopping.ignore_eos = true;
  request.arrival = absl::Now();
  return std::make_shared<Sequence>(request, std::make_shared<FakeVocabulary>(32), client.sink);
}

class CardGroupTest : public ::testing::Test {
 protected:
  // Cards "fake:0" and so on.
  void Start(int count, const CardLimits& limits = QuickResets()) {
    std::vector<CardGroup::Member> members;
    for (int i = 0; i < count; ++i) {
      auto decoder = std::make_unique<FakeDecoder>(32, 512, 8, 4, 1024);
      decoders_.push_back(decoder.get());
      members.push_back(
          {absl::StrCat("fake:", i), std::move(decoder), std::make_unique<SchedulerObserver>()});
    }
    if (prepare_) prepare_();
    group_ =
        std::make_unique<CardGroup>(std::move(members), limits, &clock_, [](const auto&, const auto&) {});
    group_->Start();
    for (const auto& worker : group_->workers()) {
      while (!worker->snapshot().was_ready) absl::SleepFor(absl::Milliseconds(1));
    }
  }

  static CardLimits QuickResets() {
    CardLimits limits;
    limits.recovery.first_reset_delay = absl::Milliseconds(1);
    limits.recovery.longest_reset_delay = absl::Milliseconds(4);
    return limits;
  }

  std::vector<uint32_t> Reply(uint32_t first_token, uint32_t prompt_tokens, uint32_t max_tokens,
                              uint32_t* cached = nullptr) {
    Client client;
    EXPECT_TRUE(group_->Submit(MakeSequence(client, first_token, prompt_tokens, max_tokens)).ok());
    client.done.get_future().wait();
    EXPECT_TRUE(client.sink->status.ok()) << client.sink->status;
    if (cached != nullptr) *cached = client.sink->summary.cached_tokens;
    return client.sink->token_ids;
  }

  SystemClock clock_;
  std::function<void()> prepare_;
  std::vector<FakeDecoder*> decoders_;
  // What the decoders look at, here and not in a test: the group's threads still run when the test's body has
  // ended.
  std::atomic<bool> away_ = false;
  std::atomic<bool> back_ = false;
  std::unique_ptr<CardGroup> group_;
};

TEST_F(CardGroupTest, TheLeastLoadedCardIsAsked) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  prepare_ = [&] {
    for (FakeDecoder* decoder : decoders_) {
      decoder->on_run = [released](const runtime::Step&) {
        released.wait();
        return absl::OkStatus();
      };
    }
  };
  Start(3);
  std::vector<std::unique_ptr<Client>> clients;
  for (uint32_t i = 0; i < 9; ++i) {
    clients.push_back(std::make_unique<Client>());
    ASSERT_TRUE(group_->Submit(MakeSequence(*clients.back(), i, 3, 4)).ok());
  }
  for (const auto& worker : group_->workers()) EXPECT_EQ(worker->load(), 3);
  release.set_value();
  for (const auto& client : clients) client->done.get_future().wait();
}

TEST_F(CardGroupTest, EqualPrefixesMeetOnOneCard) {
  Start(2);
  uint32_t cached = 0;
  Reply(0, 40, 4, &cached);
  EXPECT_EQ(cached, 0u);
  // Card 0 is a little busier: still there.
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  decoders_[0]->on_run = [released](const runtime::Step&) {
    released.wait();
    return absl::OkStatus();
  };
  Client other;
  ASSERT_TRUE(group_->Submit(MakeSequence(other, 7, 40, 4)).ok());
  Client again;
  ASSERT_TRUE(group_->Submit(MakeSequence(again, 0, 40, 4)).ok());
  release.set_value();
  again.done.get_future().wait();
  other.done.get_future().wait();
  EXPECT_EQ(again.sink->summary.cached_tokens, 36u);
}

TEST_F(CardGroupTest, SequencesGoOnOnAnotherCard) {
  Start(1);
  const std::vector<uint32_t> alone = Reply(3, 10, 60);
  group_.reset();
  decoders_.clear();

  prepare_ = [&] {
    decoders_[0]->on_run = [&, runs = 0](const runtime::Step&) mutable {
      if (++runs < 12) return absl::OkStatus();
      away_ = true;
      return absl::UnavailableError("it died for good");
    };
    decoders_[0]->on_reset = [&] {
      if (away_) decoders_[0]->reset_status = absl::UnavailableError("nobody there");
    };
  };
  Start(2);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<Client>());
    ASSERT_TRUE(group_->Submit(MakeSequence(*clients.back(), 3, 10, 60)).ok());
  }
  for (const auto& client : clients) {
    client->done.get_future().wait();
    EXPECT_TRUE(client->sink->status.ok()) << client->sink->status;
    EXPECT_EQ(client->sink->token_ids, alone);
  }
  EXPECT_TRUE(away_);
  EXPECT_TRUE(group_->AnyReady());
  EXPECT_FALSE(group_->workers()[0]->ready());
  EXPECT_EQ(Reply(3, 10, 60), alone) << "new ones go to the card that is well";
}

TEST_F(CardGroupTest, WithoutACardTheyWaitForTheFirstThatComesBack) {
  prepare_ = [&] {
    for (int i = 0; i < 2; ++i) {
      FakeDecoder* decoder = decoders_[i];
      decoder->on_run = [&, i](const runtime::Step&) {
        const bool works = !away_ || (i == 1 && back_);
        return works ? absl::OkStatus() : absl::UnavailableError("pulled out");
      };
      decoder->on_reset = [&, decoder, i] {
        const bool works = !away_ || (i == 1 && back_);
        decoder->reset_status = works ? absl::OkStatus() : absl::UnavailableError("nobody there");
      };
    }
  };
  Start(2);
  Client client;
  client.sink->on_delta = [&] {
    if (client.sink->token_ids.size() == 10) away_ = true;
  };
  ASSERT_TRUE(group_->Submit(MakeSequence(client, 3, 10, 60)).ok());
  while (group_->AnyReady() || !away_) {
    // The second card is well as long as nobody runs on it; its turn comes with the sequence.
    absl::SleepFor(absl::Milliseconds(1));
  }
  Client refused;
  EXPECT_EQ(group_->Submit(MakeSequence(refused, 3, 10, 60)).code(), absl::StatusCode::kUnavailable);
  back_ = true;
  client.done.get_future().wait();
  EXPECT_TRUE(client.sink->status.ok()) << client.sink->status;
  EXPECT_EQ(client.sink->token_ids.size(), 60u);
}

TEST_F(CardGroupTest, ACardThatComesBackTakesItsShare) {
  CardLimits limits = QuickResets();
  limits.scheduler.max_running = 1;
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  prepare_ = [&] {
    decoders_[0]->on_run = [released](const runtime::Step&) {
      released.wait();
      return absl::OkStatus();
    };
    decoders_[1]->sensors_gone = true;
    decoders_[1]->on_reset = [&, opens = 0]() mutable {
      away_ = ++opens > 1;
      decoders_[1]->sensors_gone = false;
      decoders_[1]->reset_status =
          away_ && !back_ ? absl::UnavailableError("nobody there") : absl::OkStatus();
      if (opens == 1) decoders_[1]->sensors_gone = true;
    };
  };
  Start(2, limits);
  while (!away_) absl::SleepFor(absl::Milliseconds(1));
  std::vector<std::unique_ptr<Client>> clients;
  for (uint32_t i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<Client>());
    ASSERT_TRUE(group_->Submit(MakeSequence(*clients.back(), i, 3, 4)).ok());
  }
  EXPECT_EQ(group_->workers()[0]->load(), 8);
  back_ = true;
  while (!group_->workers()[1]->ready()) absl::SleepFor(absl::Milliseconds(1));
  // The first card's thread is in its step; then it hears of the other.
  release.set_value();
  for (const auto& client : clients) client->done.get_future().wait();
  EXPECT_GT(decoders_[1]->runs, 0);
}

TEST_F(CardGroupTest, AFullQueueIsSaidBeforeALostCard) {
  CardLimits limits = QuickResets();
  limits.scheduler.max_queue = 1;
  limits.scheduler.max_running = 1;
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  prepare_ = [&] {
    decoders_[0]->on_run = [released](const runtime::Step&) {
      released.wait();
      return absl::OkStatus();
    };
    decoders_[1]->sensors_gone = true;
    decoders_[1]->on_reset = [&] {
      if (away_.exchange(true)) decoders_[1]->reset_status = absl::UnavailableError("nobody there");
    };
  };
  Start(2, limits);
  while (group_->workers()[1]->ready()) absl::SleepFor(absl::Milliseconds(1));
  std::vector<std::unique_ptr<Client>> clients;
  absl::Status status;
  while (status.ok()) {
    clients.push_back(std::make_unique<Client>());
    status = group_->Submit(MakeSequence(*clients.back(), 3, 4, 2));
    ASSERT_LT(clients.size(), 10u);
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  clients.pop_back();
  release.set_value();
  for (const auto& client : clients) client->done.get_future().wait();
}

}  // namespace
}  // namespace streamtensor::server
