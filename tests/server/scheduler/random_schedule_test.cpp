// SPDX-License-Identifier: Apache-2.0
// Random schedules from seeds: whatever arrives, goes, pauses or is preempted, each reply equals the same
// request's reply alone, and nothing is left behind. STREAMTENSOR_SCHEDULE_SEED replays one seed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "server/scheduler/scheduler.h"
#include "tests/server/scheduler/fake_card.h"

namespace streamtensor::server {
namespace {

using testing::FakeDecoder;
using testing::FakeVocabulary;
using testing::RecordingSink;
using testing::SimulatedClock;

constexpr uint32_t kVocabulary = 40;
constexpr int32_t kContext = 48;

struct Client {
  GenerationRequest request;
  std::shared_ptr<RecordingSink> sink = std::make_shared<RecordingSink>();
  std::shared_ptr<Sequence> sequence;
  bool was_cancelled = false;
};

class PreemptionCounter : public SchedulerObserver {
 public:
  void OnPreempted() override { ++preemptions; }
  int preemptions = 0;
};

GenerationRequest RandomRequest(std::mt19937_64& random) {
  GenerationRequest request;
  // Few distinct beginnings, so that prefixes are often equal.
  const uint64_t beginning = random() % 3;
  const size_t length = 1 + random() % 30;
  for (size_t i = 0; i < length; ++i) {
    request.prompt.push_back(
        static_cast<uint32_t>(i < 14 ? (beginning * 7 + i) % kVocabulary : random() % kVocabulary));
  }
  request.sampling.temperature = random() % 2 ? 1.0f : 0.0f;
  request.sampling.top_k = random() % 2 ? 8 : 0;
  request.sampling.repetition_penalty = random() % 3 ? 1.0f : 1.2f;
  request.sampling.frequency_penalty = random() % 3 ? 0.0f : 0.3f;
  request.sampling.seed = random();
  if (random() % 8) request.stopping.max_tokens = static_cast<uint32_t>(random() % 25);
  if (random() % 4 == 0) request.stopping.min_tokens = std::min(5u, request.stopping.max_tokens.value_or(5));
  if (random() % 3 == 0) request.stopping.stop_strings = {"ab", "ba"};
  request.stopping.ignore_eos = random() % 3 == 0;
  if (random() % 4 == 0) request.logprobs = static_cast<uint32_t>(random() % 3);
  request.prompt_logprobs = random() % 5 == 0;
  request.priority = static_cast<int32_t>(random() % 3);
  return request;
}

std::shared_ptr<RecordingSink> Alone(const GenerationRequest& request,
                                     std::shared_ptr<const Vocabulary> vocabulary) {
  FakeDecoder decoder(kVocabulary, kContext, 4, 4, 12);
  SimulatedClock clock;
  SchedulerObserver observer;
  Scheduler scheduler(&decoder, &clock, SchedulerLimits(), &observer);
  auto sink = std::make_shared<RecordingSink>();
  GenerationRequest unlimited = request;
  unlimited.deadline = absl::InfiniteFuture();
  scheduler.Enqueue(std::make_shared<Sequence>(unlimited, vocabulary, sink));
  while (scheduler.Turn().ran) {
  }
  return sink;
}

std::vector<float> Values(const std::vector<TokenLogprob>& logprobs) {
  std::vector<float> values;
  for (const TokenLogprob& logprob : logprobs) {
    values.push_back(static_cast<float>(logprob.token_id));
    values.push_back(logprob.logprob);
    for (const auto& alternative : logprob.alternatives) values.push_back(alternative.logprob);
  }
  return values;
}

template <typename T>
bool BeginsWith(const T& whole, const T& part) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

int RunSchedule(uint64_t seed) {
  SCOPED_TRACE(::testing::Message() << "replay with STREAMTENSOR_SCHEDULE_SEED=" << seed);
  std::mt19937_64 random(seed);
  const auto vocabulary = std::make_shared<FakeVocabulary>(kVocabulary);
  SimulatedClock clock;
  PreemptionCounter observer;
  SchedulerLimits limits;
  limits.max_running = 1 + static_cast<int32_t>(random() % 10);
  limits.slow_reader_timeout = absl::Seconds(1000);
  const auto step_tokens = static_cast<int32_t>(1 + random() % 9);
  const auto pages = static_cast<int32_t>(12 + random() % 20);
  FakeDecoder decoder(kVocabulary, kContext, step_tokens, 4, pages);
  decoder.clock = &clock;
  Scheduler scheduler(&decoder, &clock, limits, &observer);

  std::vector<Client> clients(1 + random() % 14);
  size_t arrived = 0;
  int left = 20000;
  for (;; --left) {
    EXPECT_GT(left, 0) << "no end";
    if (left <= 0) break;
    while (arrived < clients.size() && random() % 4 == 0) {
      Client& client = clients[arrived++];
      client.request = RandomRequest(random);
      client.request.arrival = clock.now;
      if (random() % 10 == 0) client.request.deadline = clock.now + absl::Milliseconds(random() % 200);
      client.sequence = std::make_shared<Sequence>(client.request, vocabulary, client.sink);
      if (const absl::Status status = scheduler.Check(*client.sequence); !status.ok()) {
        ADD_FAILURE() << status;
      }
      scheduler.Enqueue(client.sequence);
    }
    for (size_t i = 0; i < arrived; ++i) {
      if (random() % 300 == 0) {
        clients[i].sequence->Cancel();
        clients[i].was_cancelled = true;
      }
      if (random() % 20 == 0) clients[i].sink->writable = random() % 2;
    }
    const Scheduler::TurnResult turn = scheduler.Turn();
    EXPECT_TRUE(turn.card.ok()) << turn.card;
    EXPECT_EQ(decoder.broken_rule, "");
    const SchedulerCounts counts = scheduler.counts();
    EXPECT_LE(counts.running, limits.max_running);
    EXPECT_EQ(counts.pages_held + counts.pages_cached + counts.pages_free, pages);
    if (!turn.ran && arrived == clients.size() && counts.running + counts.waiting == 0) break;
  }
  EXPECT_EQ(scheduler.counts().pages_held, 0);
  for (const Client& client : clients) {
    const RecordingSink& sink = *client.sink;
    EXPECT_TRUE(sink.done);
    EXPECT_FALSE(sink.done_twice || sink.delta_after_done);
    const auto alone = Alone(client.request, vocabulary);
    if (sink.status.ok()) {
      EXPECT_EQ(sink.text, alone->text);
      EXPECT_EQ(sink.token_ids, alone->token_ids);
      EXPECT_EQ(sink.summary.finish_reason, alone->summary.finish_reason);
      EXPECT_EQ(sink.summary.stop_match, alone->summary.stop_match);
      EXPECT_EQ(Values(sink.logprobs), Values(alone->logprobs));
      EXPECT_EQ(Values(sink.prompt_logprobs), Values(alone->prompt_logprobs));
    } else {
      EXPECT_TRUE(BeginsWith(alone->text, sink.text));
      EXPECT_TRUE(BeginsWith(alone->token_ids, sink.token_ids));
      const bool late = client.request.deadline < absl::InfiniteFuture();
      EXPECT_TRUE(client.was_cancelled || late) << sink.status;
      EXPECT_TRUE(absl::IsCancelled(sink.status) || absl::IsDeadlineExceeded(sink.status)) << sink.status;
    }
  }
  return observer.preemptions;
}

TEST(RandomSchedule, EachReplyEqualsItsRunAlone) {
  if (const char* seed = std::getenv("STREAMTENSOR_SCHEDULE_SEED")) {
    RunSchedule(std::strtoull(seed, nullptr, 10));
    return;
  }
  int preemptions = 0;
  for (uint64_t seed = 1; seed <= 3000 && !::testing::Test::HasFailure(); ++seed)
    preemptions += RunSchedule(seed);
  EXPECT_GT(preemptions, 1000) << "the schedules must be tight enough to preempt";
}

}  // namespace
}  // namespace streamtensor::server
