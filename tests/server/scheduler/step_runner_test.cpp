// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/step_runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/server/scheduler/fake_card.h"

namespace streamtensor::server {
namespace {

using testing::FakeDecoder;
using testing::FakeVocabulary;
using testing::RecordingSink;
using testing::SimulatedClock;

class StepRunnerTest : public ::testing::Test {
 protected:
  struct Client {
    std::shared_ptr<RecordingSink> sink = std::make_shared<RecordingSink>();
    std::shared_ptr<Sequence> sequence;
  };

  void Start(int32_t pages, int32_t step_tokens = 8, int32_t max_context = 64) {
    decoder_ = std::make_unique<FakeDecoder>(32, max_context, step_tokens, 4, pages);
    decoder_->clock = &clock_;
    runner_ = std::make_unique<StepRunner>(decoder_.get(), &clock_, limits_, &observer_);
    scheduler_ = &runner_->scheduler();
  }

  static GenerationRequest Request(uint32_t prompt_tokens, uint32_t max_tokens) {
    GenerationRequest request;
    request.prompt.resize(prompt_tokens);
    std::iota(request.prompt.begin(), request.prompt.end(), 3u);
    for (uint32_t& id : request.prompt) id %= 32;
    request.sampling.temperature = 0;
    request.stopping.max_tokens = max_tokens;
    request.stopping.ignore_eos = true;
    return request;
  }

  Client Add(GenerationRequest request) {
    Client client;
    request.arrival = clock_.now;
    client.sequence = std::make_shared<Sequence>(std::move(request), vocabulary_, client.sink);
    EXPECT_TRUE(scheduler_->Check(*client.sequence).ok());
    scheduler_->Enqueue(client.sequence);
    return client;
  }

  StepRunner::Outcome RunStep() {
    StepRunner::Outcome outcome = runner_->RunStep();
    scheduler_->CheckInvariants();
    return outcome;
  }

  void RunDry() {
    for (int i = 0; i < 10000 && RunStep().ran; ++i) {
    }
  }

  SimulatedClock clock_;
  SchedulerLimits limits_;
  SchedulerObserver observer_;
  std::shared_ptr<const Vocabulary> vocabulary_ = std::make_shared<FakeVocabulary>(32);
  std::unique_ptr<FakeDecoder> decoder_;
  std::unique_ptr<StepRunner> runner_;
  Scheduler* scheduler_ = nullptr;  // the runner's
};

TEST_F(StepRunnerTest, OneRequest) {
  Start(16);
  const Client client = Add(Request(5, 7));
  RunDry();
  ASSERT_TRUE(client.sink->done);
  EXPECT_TRUE(client.sink->status.ok()) << client.sink->status;
  EXPECT_EQ(client.sink->token_ids.size(), 7u);
  EXPECT_EQ(client.sink->summary.finish_reason, FinishReason::kLength);
  EXPECT_EQ(client.sink->summary.completion_tokens, 7u);
  EXPECT_EQ(client.sink->summary.prompt_tokens, 5u);
  EXPECT_EQ(client.sink->summary.modelled_cycles, 7000u) << "one step of prefill, six of decoding";
  EXPECT_DOUBLE_EQ(client.sink->summary.joules, 7);
  EXPECT_DOUBLE_EQ(client.sink->summary.ttft_seconds, 0.005);
  EXPECT_DOUBLE_EQ(client.sink->summary.decode_seconds, 0.030);
  EXPECT_EQ(scheduler_->counts().pages_held, 0);
}

TEST_F(StepRunnerTest, AStepCarriesDecodeTokensBeforePrefill) {
  Start(32);
  const Client first = Add(Request(3, 20));
  RunStep();
  const Client second = Add(Request(20, 1));
  std::vector<std::vector<int32_t>> slots;
  decoder_->on_run = [&](const runtime::Step& step) {
    slots.emplace_back();
    for (const runtime::StepToken& token : step.tokens) slots.back().push_back(token.slot);
    return absl::OkStatus();
  };
  RunStep();
  EXPECT_EQ(slots.at(0), (std::vector<int32_t>{0, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(first.sink->token_ids.size(), 2u) << "a long prompt stalls nobody";
}

TEST_F(StepRunnerTest, PrefillIsNotStarvedByDecoding) {
  Start(64, 4, 32);
  std::vector<Client> decoding;
  for (int i = 0; i < 8; ++i) decoding.push_back(Add(Request(1, 25)));
  for (int i = 0; i < 4; ++i) RunStep();
  const Client late = Add(Request(6, 1));
  int steps = 0;
  while (!late.sink->done && steps < 100) {
    RunStep();
    ++steps;
  }
  EXPECT_LE(steps, 20);
}

TEST_F(StepRunnerTest, MaxTokensZeroOnlyReadsThePrompt) {
  Start(16);
  GenerationRequest request = Request(10, 0);
  request.prompt_logprobs = true;
  request.logprobs = 2;
  const Client client = Add(request);
  RunDry();
  ASSERT_TRUE(client.sink->done);
  EXPECT_EQ(client.sink->summary.finish_reason, FinishReason::kLength);
  EXPECT_TRUE(client.sink->token_ids.empty());
  ASSERT_EQ(client.sink->prompt_logprobs.size(), 9u);
  for (size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(client.sink->prompt_logprobs[i].token_id, request.prompt[i + 1]);
    EXPECT_EQ(client.sink->prompt_logprobs[i].alternatives.size(), 2u);
    EXPECT_LT(client.sink->prompt_logprobs[i].logprob, 0);
  }
}

TEST_F(StepRunnerTest, TheContextEndsAReply) {
  Start(64, 8, 16);
  GenerationRequest request = Request(10, 0);
  request.stopping.max_tokens.reset();
  const Client client = Add(request);
  RunDry();
  EXPECT_EQ(client.sink->token_ids.size(), 6u);
  EXPECT_EQ(client.sink->summary.finish_reason, FinishReason::kLength);
}

TEST_F(StepRunnerTest, APromptBeyondTheContextIsRefused) {
  Start(64, 8, 16);
  auto check = [&](GenerationRequest request) {
    return scheduler_->Check(Sequence(std::move(request), vocabulary_, std::make_shared<RecordingSink>()));
  };
  EXPECT_TRUE(check(Request(15, 1)).ok());
  EXPECT_TRUE(check(Request(16, 0)).ok());
  const absl::Status status = check(Request(16, 1));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("16 tokens; the model's context of 16 tokens has room for 15"),
            std::string::npos)
      << status;
  EXPECT_FALSE(check(Request(0, 1)).ok());
}

TEST_F(StepRunnerTest, CancellationFreesWithinAStep) {
  Start(16);
  const Client client = Add(Request(5, 50));
  RunStep();
  RunStep();
  client.sequence->Cancel();
  const int runs = decoder_->runs;
  EXPECT_FALSE(RunStep().ran);
  EXPECT_EQ(decoder_->runs, runs);
  EXPECT_EQ(client.sink->status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(scheduler_->counts().running, 0);
  EXPECT_EQ(scheduler_->counts().pages_held, 0);
}

TEST_F(StepRunnerTest, DeadlinesHoldInQueueAndDecode) {
  limits_.max_running = 1;
  Start(16);
  GenerationRequest request = Request(5, 50);
  request.deadline = clock_.now + absl::Milliseconds(52);
  const Client decoding = Add(request);
  request.deadline = clock_.now + absl::Milliseconds(20);
  const Client queued = Add(request);
  RunDry();
  EXPECT_EQ(queued.sink->status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(queued.sink->token_ids.size(), 0u);
  EXPECT_EQ(decoding.sink->status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(decoding.sink->token_ids.size(), 11u);
}

TEST_F(StepRunnerTest, ASlowReaderPausesAloneAndEndsAtLast) {
  Start(32);
  const Client slow = Add(Request(3, 50));
  const Client quick = Add(Request(4, 50));
  RunStep();
  RunStep();
  slow.sink->writable = false;
  const size_t before = slow.sink->token_ids.size();
  for (int i = 0; i < 10; ++i) RunStep();
  EXPECT_EQ(slow.sink->token_ids.size(), before);
  EXPECT_GE(quick.sink->token_ids.size(), 11u);
  slow.sink->writable = true;
  RunStep();
  EXPECT_EQ(slow.sink->token_ids.size(), before + 1);
  slow.sink->writable = false;
  RunDry();
  EXPECT_TRUE(quick.sink->status.ok());
  const StepRunner::Outcome idle = RunStep();
  EXPECT_FALSE(idle.ran);
  EXPECT_LT(idle.next, absl::InfiniteFuture()) << "it asks to be woken for the limit";
  clock_.now = idle.next;
  RunStep();
  EXPECT_EQ(slow.sink->status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(scheduler_->counts().pages_held, 0);
}

TEST_F(StepRunnerTest, ASlowReaderKeepsNoPlaceFromThoseThatWait) {
  limits_.max_running = 1;
  Start(32);
  const Client alone = Add(Request(3, 30));
  RunDry();
  const Client slow = Add(Request(3, 30));
  RunStep();
  slow.sink->writable = false;
  const Client waiting = Add(Request(4, 10));
  RunStep();
  const StepRunner::Outcome idle = RunStep();
  EXPECT_FALSE(idle.ran);
  EXPECT_EQ(idle.next, clock_.now + limits_.paused_patience) << "it may read on in a moment";
  clock_.now = idle.next;
  RunDry();
  EXPECT_TRUE(waiting.sink->done && waiting.sink->status.ok());
  EXPECT_FALSE(slow.sink->done);
  slow.sink->writable = true;
  RunDry();
  EXPECT_EQ(slow.sink->token_ids, alone.sink->token_ids);
}

// It is the oldest, and too big to come back as long as others run.
TEST_F(StepRunnerTest, ASlowReaderThatLostItsPagesHoldsUpNobody) {
  Start(16, 8, 64);
  const Client slow = Add(Request(40, 20));
  for (int i = 0; i < 6; ++i) RunStep();
  slow.sink->writable = false;
  const Client first = Add(Request(6, 30));
  const Client second = Add(Request(7, 30));
  for (int i = 0; i < 200 && !(first.sink->done && second.sink->done); ++i) {
    if (!RunStep().ran) clock_.now += absl::Milliseconds(100);
  }
  EXPECT_TRUE(first.sink->done && first.sink->status.ok());
  EXPECT_TRUE(second.sink->done && second.sink->status.ok());
  EXPECT_FALSE(slow.sink->done);
  slow.sink->writable = true;
  RunDry();
  EXPECT_TRUE(slow.sink->status.ok());
  EXPECT_EQ(slow.sink->token_ids.size(), 20u);
}

TEST_F(StepRunnerTest, EqualPrefixesAreComputedOnce) {
  Start(32, 16);
  const Client first = Add(Request(21, 4));
  RunDry();
  const Client second = Add(Request(21, 4));
  RunDry();
  EXPECT_EQ(first.sink->summary.cached_tokens, 0u);
  EXPECT_EQ(second.sink->summary.cached_tokens, 20u);
  EXPECT_EQ(first.sink->token_ids, second.sink->token_ids);
  GenerationRequest scored = Request(21, 4);
  scored.prompt_logprobs = true;
  const Client third = Add(scored);
  RunDry();
  EXPECT_EQ(third.sink->summary.cached_tokens, 0u) << "prompt log-probabilities need every row";
  EXPECT_EQ(third.sink->token_ids, first.sink->token_ids);
}

TEST_F(StepRunnerTest, ThePromptOfExactlyFullPagesKeepsOneTokenToCompute) {
  Start(32, 16);
  const Client first = Add(Request(20, 4));
  RunDry();
  const Client second = Add(Request(20, 4));
  RunDry();
  EXPECT_EQ(second.sink->summary.cached_tokens, 16u);
  EXPECT_EQ(first.sink->token_ids, second.sink->token_ids);
}

TEST_F(StepRunnerTest, HigherPriorityIsServedFirst) {
  limits_.max_running = 1;
  Start(32);
  const Client running = Add(Request(3, 5));
  RunStep();
  const Client low = Add(Request(3, 5));
  GenerationRequest request = Request(3, 5);
  request.priority = 1;
  const Client high = Add(request);
  while (!high.sink->done && RunStep().ran) {
  }
  EXPECT_TRUE(running.sink->done);
  EXPECT_FALSE(low.sink->done);
  RunDry();
  EXPECT_TRUE(low.sink->done);
}

TEST_F(StepRunnerTest, AFailedRunLosesNoSequence) {
  limits_.max_running = 1;
  Start(32);
  const Client running = Add(Request(3, 5));
  const Client waiting = Add(Request(3, 5));
  RunStep();
  RunStep();
  decoder_->on_run = [](const runtime::Step&) { return absl::UnavailableError("the card process died"); };
  const StepRunner::Outcome outcome = RunStep();
  EXPECT_EQ(outcome.card.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(scheduler_->counts().waiting, 2);
  EXPECT_EQ(scheduler_->counts().pages_held + scheduler_->counts().pages_cached, 0);
  EXPECT_FALSE(running.sink->done || waiting.sink->done);
  decoder_->on_run = nullptr;
  EXPECT_TRUE(decoder_->Reset().ok());
  RunDry();
  EXPECT_TRUE(running.sink->status.ok() && waiting.sink->status.ok());
  EXPECT_EQ(running.sink->token_ids, waiting.sink->token_ids);
  EXPECT_EQ(running.sink->token_ids.size(), 5u);
}

TEST_F(StepRunnerTest, ARequestThatBreaksTheCardIsToldFromItsNeighbours) {
  Start(64);
  GenerationRequest poison = Request(6, 5);
  poison.prompt[0] = 31;
  const Client broken = Add(poison);
  std::vector<Client> others;
  for (int i = 0; i < 3; ++i) others.push_back(Add(Request(2, 9)));
  decoder_->on_run = [](const runtime::Step& step) {
    const bool breaks = std::any_of(
        step.tokens.begin(), step.tokens.end(),
        [](const runtime::StepToken& token) { return token.token_id == 31 && token.position == 0; });
    return breaks ? absl::UnavailableError("it broke") : absl::OkStatus();
  };
  int failures = 0;
  for (int i = 0; i < 200 && scheduler_->counts().running + scheduler_->counts().waiting > 0; ++i) {
    if (RunStep().card.ok()) continue;
    ++failures;
    EXPECT_TRUE(decoder_->Reset().ok());
  }
  EXPECT_LE(failures, 4);
  EXPECT_EQ(broken.sink->status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(broken.sink->status.message().find("4 runs of this request"), std::string::npos)
      << broken.sink->status;
  for (const Client& other : others) EXPECT_TRUE(other.sink->status.ok()) << other.sink->status;
}

TEST_F(StepRunnerTest, ADeadlineHoldsInPrefill) {
  Start(64, 4, 200);
  GenerationRequest request = Request(150, 5);
  request.deadline = clock_.now + absl::Milliseconds(42);
  const Client client = Add(request);
  RunDry();
  EXPECT_EQ(client.sink->status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(decoder_->runs, 9) << "steps of 5 ms";
  EXPECT_EQ(scheduler_->counts().pages_held, 0);
}

TEST_F(StepRunnerTest, TheYoungestOfTheLowestPriorityIsPreemptedAndItsStreamGoesOn) {
  Start(15, 8, 40);
  GenerationRequest low = Request(6, 30);
  GenerationRequest high = Request(7, 30);
  high.priority = 1;
  const Client oldest = Add(low);
  const Client youngest = Add(low);
  const Client urgent = Add(high);
  std::vector<const Client*> preempted;
  size_t before[3] = {};
  const Client* const clients[] = {&oldest, &youngest, &urgent};
  // Who makes no progress for more than two steps has lost its pages.
  int stalled[3] = {};
  while (RunStep().ran) {
    for (int i = 0; i < 3; ++i) {
      const bool stands = !clients[i]->sink->done && clients[i]->sink->token_ids.size() == before[i];
      before[i] = clients[i]->sink->token_ids.size();
      stalled[i] = stands ? stalled[i] + 1 : 0;
      if (stalled[i] == 3) preempted.push_back(clients[i]);
    }
  }
  ASSERT_FALSE(preempted.empty());
  EXPECT_EQ(preempted.front(), &youngest);
  EXPECT_EQ(std::count(preempted.begin(), preempted.end(), &urgent), 0);
  EXPECT_EQ(oldest.sink->token_ids, youngest.sink->token_ids);
  EXPECT_EQ(youngest.sink->token_ids.size(), 30u);
}

TEST_F(StepRunnerTest, APageIsSharedOnlyAfterItsLaunchHasCompleted) {
  Start(64, 16);
  const Client first = Add(Request(13, 4));
  const Client second = Add(Request(13, 4));
  bool fails = true;
  decoder_->on_run = [&](const runtime::Step&) {
    return fails ? absl::UnavailableError("the launch did not complete") : absl::OkStatus();
  };
  EXPECT_FALSE(RunStep().card.ok());
  EXPECT_EQ(scheduler_->counts().pages_cached, 0);
  fails = false;
  EXPECT_TRUE(decoder_->Reset().ok());
  RunDry();
  // Admitted together, before either had completed a step.
  EXPECT_EQ(first.sink->summary.cached_tokens, 0u);
  EXPECT_EQ(second.sink->summary.cached_tokens, 0u);
  const Client third = Add(Request(13, 4));
  RunDry();
  EXPECT_EQ(third.sink->summary.cached_tokens, 12u);
  EXPECT_EQ(first.sink->token_ids, third.sink->token_ids);
}

TEST_F(StepRunnerTest, ABiasedTokenWins) {
  Start(32);
  GenerationRequest request = Request(3, 5);
  request.sampling.logit_bias = {{5, 1000}};
  const Client client = Add(request);
  RunDry();
  EXPECT_TRUE(client.sink->status.ok());
  EXPECT_EQ(client.sink->token_ids, std::vector<uint32_t>(5, 5u));
}

}  // namespace
}  // namespace streamtensor::server
