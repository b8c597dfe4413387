// SPDX-License-Identifier: Apache-2.0
// Planning and accounting alone: there is no card, and each wanted row of logits says token 5.
#include "server/scheduler/scheduler.h"

#include <gtest/gtest.h>

#include <numeric>

#include "server/scheduler/output_processor.h"
#include "tests/server/scheduler/fake_card.h"

namespace streamtensor::server {
namespace {

using testing::FakeVocabulary;
using testing::RecordingSink;
using testing::SimulatedClock;

constexpr int32_t kVocabulary = 32;
constexpr int32_t kStepTokens = 8;
constexpr int32_t kPageTokens = 4;

runtime::DecoderInfo Decoder(int32_t pages) {
  runtime::DecoderInfo info;
  info.vocabulary = kVocabulary;
  info.max_context = 64;
  info.step_tokens = kStepTokens;
  info.page_tokens = kPageTokens;
  info.max_pages = 16;
  info.pages = pages;
  return info;
}

class SchedulerTest : public ::testing::Test {
 protected:
  struct Client {
    std::shared_ptr<RecordingSink> sink = std::make_shared<RecordingSink>();
    std::shared_ptr<Sequence> sequence;
  };

  void Start(int32_t pages) {
    scheduler_ = std::make_unique<Scheduler>(Decoder(pages), &clock_, limits_, &observer_);
    output_ = std::make_unique<OutputProcessor>(kVocabulary, scheduler_->max_context(), &clock_, &observer_);
  }

  static GenerationRequest Request(uint32_t prompt_tokens, uint32_t max_tokens) {
    GenerationRequest request;
    request.prompt.resize(prompt_tokens);
    std::iota(request.prompt.begin(), request.prompt.end(), 1u);
    for (uint32_t& id : request.prompt) id %= kVocabulary;
    request.sampling.temperature = 0;
    request.stopping.max_tokens = max_tokens;
    return request;
  }

  Client Add(GenerationRequest request) {
    Client client;
    request.arrival = clock_.now;
    client.sequence = std::make_shared<Sequence>(std::move(request), vocabulary_, client.sink);
    scheduler_->Enqueue(client.sequence);
    return client;
  }

  // The step completed.
  void Complete(const StepPlan& plan, const runtime::StepResult& result = {}) {
    std::vector<float> logits(plan.logit_rows() * kVocabulary);
    for (int64_t row = 0; row < plan.logit_rows(); ++row) logits[row * kVocabulary + 5] = 1;
    scheduler_->Update(plan, result, output_->Process(plan, logits));
    scheduler_->CheckInvariants();
  }

  static std::vector<int32_t> Chunks(const StepPlan& plan) {
    std::vector<int32_t> tokens;
    for (const PlannedChunk& chunk : plan.chunks) tokens.push_back(chunk.tokens);
    return tokens;
  }

  SimulatedClock clock_;
  SchedulerLimits limits_;
  SchedulerObserver observer_;
  std::shared_ptr<const Vocabulary> vocabulary_ = std::make_shared<FakeVocabulary>(kVocabulary);
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<OutputProcessor> output_;
};

TEST_F(SchedulerTest, WithoutSequencesThereIsNoPlan) {
  Start(8);
  EXPECT_TRUE(scheduler_->Schedule().empty());
  EXPECT_EQ(scheduler_->NextDeadline(), absl::InfiniteFuture());
}

TEST_F(SchedulerTest, APromptIsReadInChunksAndItsLastTokenWantsLogits) {
  Start(8);
  const Client client = Add(Request(19, 1));
  std::vector<int32_t> chunks;
  std::vector<int64_t> rows;
  for (StepPlan plan = scheduler_->Schedule(); !plan.empty(); plan = scheduler_->Schedule()) {
    EXPECT_EQ(plan.number, chunks.size() + 1);
    ASSERT_EQ(plan.chunks.size(), 1u);
    EXPECT_EQ(plan.chunks[0].sequence, client.sequence);
    chunks.push_back(plan.chunks[0].tokens);
    rows.push_back(plan.logit_rows());
    Complete(plan);
  }
  EXPECT_EQ(chunks, (std::vector<int32_t>{8, 8, 3}));
  EXPECT_EQ(rows, (std::vector<int64_t>{0, 0, 1}));
  EXPECT_EQ(client.sink->token_ids, std::vector<uint32_t>{5});
}

TEST_F(SchedulerTest, ThePlanDescribesTheStepToTheCard) {
  Start(8);
  const Client first = Add(Request(2, 9));
  Complete(scheduler_->Schedule());
  GenerationRequest request = Request(5, 9);
  request.prompt[0] = 9;
  const Client second = Add(request);
  const StepPlan plan = scheduler_->Schedule();
  EXPECT_EQ(Chunks(plan), (std::vector<int32_t>{1, 5})) << "decode before prefill";
  ASSERT_EQ(plan.step.tokens.size(), 6u);
  EXPECT_EQ(plan.step.tokens[0].token_id, 5) << "the token that the first step made";
  EXPECT_EQ(plan.step.tokens[0].position, 2);
  EXPECT_EQ(plan.step.tokens[0].start, 2);
  EXPECT_TRUE(plan.step.tokens[0].wants_logits);
  for (int32_t i = 0; i < 5; ++i) {
    const runtime::StepToken& token = plan.step.tokens[1 + i];
    EXPECT_EQ(token.token_id, static_cast<int32_t>(request.prompt[i]));
    EXPECT_EQ(token.slot, 1);
    EXPECT_EQ(token.position, i);
    EXPECT_EQ(token.start, 0);
    EXPECT_EQ(token.wants_logits, i == 4);
  }
  ASSERT_EQ(plan.step.page_tables.size(), 2u);
  EXPECT_EQ(plan.step.page_tables[0].size(), 1u);
  EXPECT_EQ(plan.step.page_tables[1].size(), 2u);
  Complete(plan);
}

TEST_F(SchedulerTest, HigherPriorityIsPlannedFirstThenEarlierArrival) {
  Start(16);
  const Client low = Add(Request(4, 1));
  GenerationRequest request = Request(4, 1);
  request.priority = 1;
  const Client high = Add(request);
  const Client later = Add(Request(4, 1));
  const StepPlan plan = scheduler_->Schedule();
  ASSERT_EQ(Chunks(plan), (std::vector<int32_t>{4, 4}));
  EXPECT_EQ(plan.chunks[0].sequence, high.sequence);
  EXPECT_EQ(plan.chunks[1].sequence, low.sequence);
  Complete(plan);
  EXPECT_FALSE(later.sink->done);
}

TEST_F(SchedulerTest, PagesAreSharedFromUpdateOn) {
  Start(16);
  Add(Request(8, 1));
  const StepPlan plan = scheduler_->Schedule();
  EXPECT_EQ(scheduler_->counts().pages_held, 2);
  EXPECT_EQ(scheduler_->counts().pages_cached, 0);
  Complete(plan);
  EXPECT_EQ(scheduler_->counts().pages_held, 0);
  EXPECT_EQ(scheduler_->counts().pages_cached, 2);
  const Client second = Add(Request(8, 1));
  EXPECT_EQ(Chunks(scheduler_->Schedule()), std::vector<int32_t>{4})
      << "one page shared, one token left to compute";
}

TEST_F(SchedulerTest, EnergyIsDividedAndTimeIsNot) {
  Start(16);
  const Client small = Add(Request(1, 1));
  const Client large = Add(Request(3, 1));
  runtime::StepResult result;
  result.joules = 8;
  result.joules_measured = true;
  result.modelled_cycles = 100;
  Complete(scheduler_->Schedule(), result);
  EXPECT_DOUBLE_EQ(small.sink->summary.joules, 2);
  EXPECT_DOUBLE_EQ(large.sink->summary.joules, 6);
  EXPECT_TRUE(large.sink->summary.joules_measured);
  EXPECT_EQ(small.sink->summary.modelled_cycles, 100u);
  EXPECT_EQ(large.sink->summary.modelled_cycles, 100u);
}

TEST_F(SchedulerTest, TheYoungestGivesUpItsPagesWhenNoneIsLeft) {
  Start(4);
  const Client old = Add(Request(6, 9));
  const Client young = Add(Request(4, 9));
  Complete(scheduler_->Schedule());  // six tokens of the first, two of the second
  Complete(scheduler_->Schedule());
  while (scheduler_->counts().running == 2) Complete(scheduler_->Schedule());
  EXPECT_EQ(scheduler_->counts().waiting, 1);
  EXPECT_EQ(young.sequence->request().prompt.size(), 4u);
  const size_t before = young.sink->token_ids.size();
  while (!old.sink->done) Complete(scheduler_->Schedule());
  EXPECT_EQ(young.sink->token_ids.size(), before);
  while (!young.sink->done) Complete(scheduler_->Schedule());
  EXPECT_EQ(young.sink->token_ids.size(), 9u);
}

TEST_F(SchedulerTest, ARefusedStepEndsItsSequencesAlone) {
  limits_.max_running = 1;
  Start(16);
  const Client running = Add(Request(4, 1));
  const Client waiting = Add(Request(4, 1));
  scheduler_->OnStepRefused(scheduler_->Schedule(), absl::InvalidArgumentError("slot 1 after 3"));
  EXPECT_EQ(running.sink->status, absl::InternalError("the card refused a step: slot 1 after 3"));
  EXPECT_FALSE(waiting.sink->done);
  Complete(scheduler_->Schedule());
  EXPECT_TRUE(waiting.sink->status.ok());
}

TEST_F(SchedulerTest, FourFailedStepsEndASequence) {
  Start(16);
  const Client client = Add(Request(4, 1));
  const Client other = Add(Request(3, 1));
  for (int failures = 1; failures <= 4; ++failures) {
    const StepPlan plan = scheduler_->Schedule();
    EXPECT_EQ(plan.chunks.size(), failures <= 2 ? 2u : 1u) << "from the third on alone";
    scheduler_->OnStepFailed(plan, absl::UnavailableError("it broke"));
    scheduler_->CheckInvariants();
    EXPECT_EQ(scheduler_->counts().pages_held + scheduler_->counts().pages_cached, 0);
    EXPECT_EQ(client.sink->done, failures == 4);
  }
  EXPECT_EQ(
      client.sink->status,
      absl::UnavailableError("the card failed in 4 runs of this request, one after the other: it broke"));
  Complete(scheduler_->Schedule());
  EXPECT_TRUE(other.sink->status.ok()) << other.sink->status;
}

TEST_F(SchedulerTest, NextDeadlineIsTheEarliestOfAll) {
  Start(16);
  GenerationRequest request = Request(4, 9);
  request.deadline = clock_.now + absl::Seconds(7);
  Add(request);
  request.deadline = clock_.now + absl::Seconds(3);
  const Client first = Add(request);
  EXPECT_EQ(scheduler_->NextDeadline(), clock_.now + absl::Seconds(3));
  clock_.now += absl::Seconds(3);
  scheduler_->EndExpired();
  EXPECT_TRUE(absl::IsDeadlineExceeded(first.sink->status));
  EXPECT_EQ(scheduler_->NextDeadline(), clock_.now + absl::Seconds(4));
}

TEST_F(SchedulerTest, WaitingSequencesAreTakenInOrderOfService) {
  Start(16);
  const Client low = Add(Request(4, 9));
  GenerationRequest request = Request(4, 9);
  request.priority = 3;
  const Client high = Add(request);
  const std::vector<std::shared_ptr<Sequence>> taken = scheduler_->TakeWaiting();
  EXPECT_EQ(taken, (std::vector<std::shared_ptr<Sequence>>{high.sequence, low.sequence}));
  EXPECT_EQ(scheduler_->counts().waiting, 0);
  scheduler_->EndTaken(taken[0], absl::UnavailableError("no card"));
  EXPECT_EQ(high.sink->status, absl::UnavailableError("no card"));
}

using SchedulerDeathTest = SchedulerTest;

TEST_F(SchedulerDeathTest, APlanComesBackOnceBeforeTheNext) {
  Start(16);
  Add(Request(4, 9));
  const StepPlan plan = scheduler_->Schedule();
  EXPECT_DEATH(scheduler_->Schedule(), "check failed: !step_under_way_");
  EXPECT_DEATH(scheduler_->OnCardLost(), "check failed: !step_under_way_");
  EXPECT_DEATH(Add(Request(4, 9)), "check failed: !step_under_way_");
  EXPECT_DEATH(scheduler_->Update(plan, {}, {}),
               "check failed: outcomes.size\\(\\) == plan.chunks.size\\(\\)");
  Complete(plan);
  EXPECT_DEATH(Complete(plan), "step 1 is not under way");
}

TEST_F(SchedulerDeathTest, AStepMayNotComputeMoreThanThereIs) {
  Start(16);
  Add(Request(4, 9));
  StepPlan plan = scheduler_->Schedule();
  plan.chunks[0].tokens = 5;
  const std::vector<ChunkOutcome> outcomes(1);
  EXPECT_DEATH(scheduler_->Update(plan, {}, outcomes), "placement.computed <= sequence.token_count\\(\\)");
}

}  // namespace
}  // namespace streamtensor::server
