// SPDX-License-Identifier: Apache-2.0
// Plans written by hand, logits written by hand: what becomes of them.
#include "server/scheduler/output_processor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "tests/server/scheduler/fake_card.h"

namespace streamtensor::server {
namespace {

using testing::FakeVocabulary;
using testing::RecordingSink;
using testing::SimulatedClock;

constexpr int32_t kVocabulary = 16;
constexpr int32_t kMaxContext = 10;

class LatencyObserver : public SchedulerObserver {
 public:
  void OnFirstToken(absl::Duration since_arrival) override { first.push_back(since_arrival); }
  void OnNextToken(absl::Duration since_previous) override { next.push_back(since_previous); }
  std::vector<absl::Duration> first;
  std::vector<absl::Duration> next;
};

class OutputProcessorTest : public ::testing::Test {
 protected:
  struct Client {
    std::shared_ptr<RecordingSink> sink = std::make_shared<RecordingSink>();
    std::shared_ptr<Sequence> sequence;
  };

  static GenerationRequest Request(std::vector<uint32_t> prompt) {
    GenerationRequest request;
    request.prompt = std::move(prompt);
    request.sampling.temperature = 0;
    return request;
  }

  Client Make(GenerationRequest request) {
    Client client;
    request.arrival = clock_.now;
    client.sequence = std::make_shared<Sequence>(std::move(request), vocabulary_, client.sink);
    return client;
  }

  // Adds the positions from `first` up to the sequence's last token; those of `wanting` want logits.
  static void AddChunk(StepPlan& plan, const Client& client, int32_t first, std::vector<int32_t> wanting) {
    PlannedChunk chunk{client.sequence, client.sequence->token_count() - first,
                       static_cast<int32_t>(wanting.size())};
    const auto slot = static_cast<int32_t>(plan.chunks.size());
    for (int32_t i = 0; i < chunk.tokens; ++i) {
      const int32_t position = first + i;
      const bool wants = std::find(wanting.begin(), wanting.end(), position) != wanting.end();
      plan.step.tokens.push_back(
          {static_cast<int32_t>(client.sequence->tokens()[position]), slot, position, first, wants});
    }
    plan.chunks.push_back(std::move(chunk));
  }

  // A decoding step of one sequence, whose logits say `token`.
  ChunkOutcome Decode(const Client& client, uint32_t token) {
    StepPlan plan;
    const int32_t last = client.sequence->token_count() - 1;
    AddChunk(plan, client, last, {last});
    return output_.Process(plan, Row(token)).at(0);
  }

  static std::vector<float> Row(uint32_t token) {
    std::vector<float> row(kVocabulary);
    row.at(token) = 1;
    return row;
  }

  SimulatedClock clock_;
  LatencyObserver observer_;
  std::shared_ptr<const Vocabulary> vocabulary_ = std::make_shared<FakeVocabulary>(kVocabulary);
  OutputProcessor output_{kVocabulary, kMaxContext, &clock_, &observer_};
};

TEST_F(OutputProcessorTest, ATokenIsAppendedAndSent) {
  const Client client = Make(Request({3, 4}));
  const ChunkOutcome outcome = Decode(client, 7);
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_FALSE(outcome.finished);
  EXPECT_EQ(client.sequence->tokens(), (std::vector<uint32_t>{3, 4, 7}));
  EXPECT_EQ(client.sink->token_ids, std::vector<uint32_t>{7});
  EXPECT_EQ(client.sink->text, vocabulary_->PieceBytes(7));
  EXPECT_FALSE(client.sink->done) << "the caller ends sequences";
}

TEST_F(OutputProcessorTest, EachChunkGetsItsOwnRows) {
  const Client first = Make(Request({3}));
  const Client reading = Make(Request({3, 4, 5}));
  const Client last = Make(Request({6}));
  StepPlan plan;
  AddChunk(plan, first, 0, {0});
  AddChunk(plan, reading, 0, {});
  AddChunk(plan, last, 0, {0});
  std::vector<float> logits = Row(8);
  const std::vector<float> second = Row(9);
  logits.insert(logits.end(), second.begin(), second.end());
  EXPECT_EQ(output_.Process(plan, logits).size(), 3u);
  EXPECT_EQ(first.sink->token_ids, std::vector<uint32_t>{8});
  EXPECT_TRUE(reading.sink->token_ids.empty());
  EXPECT_EQ(last.sink->token_ids, std::vector<uint32_t>{9});
}

TEST_F(OutputProcessorTest, ARowOfThePromptScoresTheTokenAfterIt) {
  GenerationRequest request = Request({3, 4, 5});
  request.prompt_logprobs = true;
  request.logprobs = 1;
  const Client client = Make(request);
  StepPlan plan;
  AddChunk(plan, client, 0, {0, 1, 2});
  std::vector<float> logits;
  for (const uint32_t token : {4u, 9u, 7u}) {
    const std::vector<float> row = Row(token);
    logits.insert(logits.end(), row.begin(), row.end());
  }
  EXPECT_TRUE(output_.Process(plan, logits).at(0).status.ok());
  ASSERT_EQ(client.sink->prompt_logprobs.size(), 2u);
  EXPECT_EQ(client.sink->prompt_logprobs[0].token_id, 4u);
  EXPECT_EQ(client.sink->prompt_logprobs[0].alternatives.at(0).token_id, 4u);
  EXPECT_EQ(client.sink->prompt_logprobs[1].token_id, 5u);
  EXPECT_EQ(client.sink->prompt_logprobs[1].alternatives.at(0).token_id, 9u);
  ASSERT_EQ(client.sink->logprobs.size(), 1u);
  EXPECT_EQ(client.sink->logprobs[0].token_id, 7u);
}

TEST_F(OutputProcessorTest, WithoutTokensToMakeTheReplyEndsWithThePrompt) {
  GenerationRequest request = Request({3, 4, 5});
  request.stopping.max_tokens = 0;
  const Client client = Make(request);
  StepPlan first;
  AddChunk(first, client, 0, {});
  first.chunks[0].tokens = 2;
  first.step.tokens.pop_back();
  EXPECT_FALSE(output_.Process(first, {}).at(0).finished);
  StepPlan second;
  AddChunk(second, client, 2, {});
  EXPECT_TRUE(output_.Process(second, {}).at(0).finished);
  EXPECT_TRUE(client.sink->token_ids.empty());
}

TEST_F(OutputProcessorTest, AStopStringEndsTheReplyAndIsNotSent) {
  GenerationRequest request = Request({3});
  request.stopping.stop_strings = {"ab"};
  const Client client = Make(request);
  EXPECT_FALSE(Decode(client, 5).finished);  // "a"
  EXPECT_EQ(client.sink->text, "") << "it may become the stop string";
  EXPECT_TRUE(Decode(client, 6).finished);  // "b"
  EXPECT_EQ(client.sink->text, "");
  EXPECT_EQ(client.sink->token_ids, (std::vector<uint32_t>{5, 6}));
}

TEST_F(OutputProcessorTest, NothingEndsAReplyBeforeMinTokens) {
  GenerationRequest request = Request({3});
  request.stopping.min_tokens = 2;
  const Client client = Make(request);
  EXPECT_FALSE(Decode(client, 0).finished) << "the end is banned: another token is chosen";
  EXPECT_NE(client.sink->token_ids.at(0), 0u);
  EXPECT_TRUE(Decode(client, 0).finished);
}

TEST_F(OutputProcessorTest, MaxTokensAndTheContextEndAReply) {
  GenerationRequest request = Request({3, 4});
  request.stopping.max_tokens = 2;
  const Client limited = Make(request);
  EXPECT_FALSE(Decode(limited, 7).finished);
  EXPECT_TRUE(Decode(limited, 7).finished);
  const Client open = Make(Request(std::vector<uint32_t>(kMaxContext - 2, 3)));
  EXPECT_FALSE(Decode(open, 7).finished);
  EXPECT_TRUE(Decode(open, 7).finished);
}

TEST_F(OutputProcessorTest, ARowThatIsNoNumberEndsItsSequenceAlone) {
  const Client broken = Make(Request({3}));
  const Client well = Make(Request({4}));
  StepPlan plan;
  AddChunk(plan, broken, 0, {0});
  AddChunk(plan, well, 0, {0});
  std::vector<float> logits(2 * kVocabulary);
  logits[3] = std::numeric_limits<float>::quiet_NaN();
  logits[kVocabulary + 8] = 1;
  const std::vector<ChunkOutcome> outcomes = output_.Process(plan, logits);
  EXPECT_EQ(outcomes.at(0).status.code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(broken.sink->token_ids.empty());
  EXPECT_TRUE(outcomes.at(1).status.ok());
  EXPECT_EQ(well.sink->token_ids, std::vector<uint32_t>{8});
}

TEST_F(OutputProcessorTest, AClientThatHasGoneHearsNoMore) {
  const Client client = Make(Request({3}));
  client.sequence->Cancel();
  Decode(client, 7);
  EXPECT_TRUE(client.sink->token_ids.empty());
  EXPECT_EQ(client.sequence->generated(), 1u);
}

TEST_F(OutputProcessorTest, LatenciesAreToldFromTheFirstTokenOn) {
  const Client client = Make(Request({3}));
  clock_.now += absl::Seconds(2);
  Decode(client, 7);
  clock_.now += absl::Seconds(1);
  Decode(client, 7);
  EXPECT_EQ(observer_.first, std::vector<absl::Duration>{absl::Seconds(2)});
  EXPECT_EQ(observer_.next, std::vector<absl::Duration>{absl::Seconds(1)});
}

TEST(OutputProcessorDeathTest, LogitsMustMatchThePlan) {
  SimulatedClock clock;
  SchedulerObserver observer;
  OutputProcessor output(kVocabulary, kMaxContext, &clock, &observer);
  EXPECT_DEATH(output.Process(StepPlan(), std::vector<float>(kVocabulary)), "16 logits for 0 rows of 16");
}

}  // namespace
}  // namespace streamtensor::server
