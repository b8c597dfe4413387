// SPDX-License-Identifier: Apache-2.0
// Random schedules from seeds, on one to three cards: whatever arrives, goes, pauses or is preempted, and
// whichever runs and resets fail, each reply equals the same request's reply alone, and nothing is left
// behind. STREAMTENSOR_SCHEDULE_SEED replays one seed, STREAMTENSOR_SCHEDULES says how many there are.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "server/scheduler/card_loop.h"
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
  bool is_there = false;
  bool saw_failure = false;  // a run failed, of any card, while it was there
  absl::Time last_delta = absl::InfinitePast();
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
  StepRunner runner(&decoder, &clock, SchedulerLimits(), &observer);
  auto sink = std::make_shared<RecordingSink>();
  GenerationRequest unlimited = request;
  unlimited.deadline = absl::InfiniteFuture();
  runner.scheduler().Enqueue(std::make_shared<Sequence>(unlimited, vocabulary, sink));
  while (runner.RunStep().ran) {
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

struct Tally {
  int preemptions = 0;
  int failures = 0;   // of runs
  int moves = 0;      // of sequences, to another card
  int survivors = 0;  // sequences that ended well although a run failed under them
};

class World;

// One card: its decoder fails runs and resets as the schedule's seed says, its loop is driven round after
// round.
class Card : public CardHost {
 public:
  Card(World* world, int32_t step_tokens, int32_t pages, const SchedulerLimits& limits,
       const RecoveryLimits& recovery, SchedulerObserver* observer);

  void BeginReset() override;
  bool TransferSequence(const std::shared_ptr<Sequence>& sequence, int32_t load) override;
  void OnState() override {}

  FakeDecoder decoder;
  CardLoop loop;
  int32_t pages;
  int resets_to_come = 0;  // rounds until the reset that was begun is done

 private:
  World* const world_;
};

class World {
 public:
  explicit World(uint64_t seed) : random(seed) {}

  absl::Status Fault();
  // The one with the least to do of those that are ready; null: none but `without`.
  Card* Ready(const Card* without) {
    Card* best = nullptr;
    for (const auto& card : cards) {
      if (card.get() == without || card->loop.state() != CardState::kReady) continue;
      if (best == nullptr || Load(*card) < Load(*best)) best = card.get();
    }
    return best;
  }
  static int32_t Load(const Card& card) {
    const SchedulerCounts counts = card.loop.scheduler().counts();
    return counts.waiting + counts.running;
  }

  std::mt19937_64 random;
  SimulatedClock clock;
  std::vector<std::unique_ptr<Card>> cards;
  uint64_t fault_every = 0;  // runs; 0: the cards are well
  absl::Duration hang = absl::Milliseconds(100);
  Tally tally;
};

Card::Card(World* world, int32_t step_tokens, int32_t pages, const SchedulerLimits& limits,
           const RecoveryLimits& recovery, SchedulerObserver* observer)
    : decoder(kVocabulary, kContext, step_tokens, 4, pages),
      loop("fake", &decoder, &world->clock, limits, recovery, observer, this),
      pages(pages),
      world_(world) {
  decoder.clock = &world->clock;
  decoder.on_run = [world](const runtime::Step&) { return world->Fault(); };
}

absl::Status World::Fault() {
  if (fault_every == 0 || random() % fault_every != 0) return absl::OkStatus();
  ++tally.failures;
  if (random() % 2) return absl::UnavailableError("the card died");
  clock.now += hang;
  return absl::DeadlineExceededError("the card hangs");
}

void Card::BeginReset() {
  resets_to_come = static_cast<int>(world_->random() % 4);
  if (resets_to_come == 0) loop.OnReset(decoder.Reset());
}

bool Card::TransferSequence(const std::shared_ptr<Sequence>& sequence, int32_t load) {
  Card* other = world_->Ready(this);
  if (other == nullptr || World::Load(*other) + 1 >= load) return false;
  ++world_->tally.moves;
  other->loop.Enqueue(sequence);
  return true;
}

Tally RunSchedule(uint64_t seed) {
  SCOPED_TRACE(::testing::Message() << "replay with STREAMTENSOR_SCHEDULE_SEED=" << seed);
  World world(seed);
  std::mt19937_64& random = world.random;
  SimulatedClock& clock = world.clock;
  const auto vocabulary = std::make_shared<FakeVocabulary>(kVocabulary);
  PreemptionCounter observer;
  SchedulerLimits limits;
  limits.max_running = 1 + static_cast<int32_t>(random() % 10);
  limits.slow_reader_timeout = absl::Seconds(1000);
  limits.paused_patience = absl::Milliseconds(random() % 100);
  RecoveryLimits recovery;
  recovery.first_reset_delay = absl::Milliseconds(10);
  recovery.longest_reset_delay = absl::Milliseconds(80);
  recovery.lost_card_wait = random() % 3 ? absl::Seconds(1000) : absl::Milliseconds(random() % 60);
  const size_t card_count = 1 + random() % 3;
  for (size_t i = 0; i < card_count; ++i) {
    world.cards.push_back(std::make_unique<Card>(&world, static_cast<int32_t>(1 + random() % 9),
                                                 static_cast<int32_t>(12 + random() % 20), limits, recovery,
                                                 &observer));
    while (world.cards.back()->loop.state() != CardState::kReady) {
      world.cards.back()->loop.Advance();
      if (world.cards.back()->resets_to_come > 0) world.cards.back()->loop.OnReset(absl::OkStatus());
      world.cards.back()->resets_to_come = 0;
    }
  }
  if (random() % 2) world.fault_every = 4 + random() % 60;

  std::vector<Client> clients(1 + random() % 14);
  size_t arrived = 0;
  int left = 40000;
  for (;; --left) {
    EXPECT_GT(left, 0) << "no end";
    if (left <= 0) break;
    Card* const ready = world.Ready(nullptr);
    while (ready != nullptr && arrived < clients.size() && random() % 4 == 0) {
      Client& client = clients[arrived++];
      client.request = RandomRequest(random);
      client.request.arrival = clock.now;
      if (random() % 10 == 0) client.request.deadline = clock.now + absl::Milliseconds(random() % 200);
      client.sequence = std::make_shared<Sequence>(client.request, vocabulary, client.sink);
      client.sink->on_delta = [&client, &clock] { client.last_delta = clock.now; };
      if (const absl::Status status = ready->loop.scheduler().Check(*client.sequence); !status.ok()) {
        ADD_FAILURE() << status;
      }
      ready->loop.Enqueue(client.sequence);
    }
    for (size_t i = 0; i < arrived; ++i) {
      if (random() % 300 == 0) {
        clients[i].sequence->Cancel();
        clients[i].was_cancelled = true;
      }
      if (random() % 20 == 0) clients[i].sink->writable = random() % 2;
    }
    bool ran = false;
    int32_t load = 0;
    for (const auto& card : world.cards) {
      if (card->resets_to_come > 0 && --card->resets_to_come == 0) {
        card->loop.OnReset(random() % 3 ? card->decoder.Reset() : absl::UnavailableError("not yet"));
      }
      if (random() % 50 == 0) card->loop.RebalanceWaiting();
      const int failures = world.tally.failures;
      for (Client& client : clients) client.is_there = client.sequence != nullptr && !client.sink->done;
      ran |= card->loop.Advance().ran;
      if (world.tally.failures > failures) {
        for (Client& client : clients) client.saw_failure |= client.is_there;
      }
      EXPECT_EQ(card->decoder.broken_rule, "");
      card->loop.scheduler().CheckInvariants();
      const SchedulerCounts counts = card->loop.scheduler().counts();
      EXPECT_LE(counts.running, limits.max_running);
      EXPECT_EQ(counts.pages_held + counts.pages_cached + counts.pages_free, card->pages);
      EXPECT_TRUE(card->loop.state() == CardState::kReady || counts.running + counts.pages_held == 0);
    }
    for (const auto& card : world.cards) load += World::Load(*card);
    if (!ran) clock.now += absl::Milliseconds(5);
    if (!ran && arrived == clients.size() && load == 0) break;
  }
  for (const auto& card : world.cards) EXPECT_EQ(card->loop.scheduler().counts().pages_held, 0);
  for (const Client& client : clients) {
    const RecordingSink& sink = *client.sink;
    EXPECT_TRUE(sink.done);
    EXPECT_FALSE(sink.done_twice || sink.delta_after_done);
    // A step that began before the deadline, on each card in turn, is the latest to bring something.
    EXPECT_LE(client.last_delta, client.request.deadline + card_count * (absl::Milliseconds(5) + world.hang));
    const auto alone = Alone(client.request, vocabulary);
    if (sink.status.ok()) {
      world.tally.survivors += client.saw_failure;
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
      const bool failed = client.saw_failure && absl::IsUnavailable(sink.status);
      EXPECT_TRUE((client.was_cancelled && absl::IsCancelled(sink.status)) ||
                  (late && absl::IsDeadlineExceeded(sink.status)) || failed)
          << sink.status;
      if (failed) {
        EXPECT_NE(std::string(sink.status.message())
                      .find(absl::IsUnavailable(sink.status) && recovery.lost_card_wait >= absl::Seconds(1000)
                                ? "4 runs of this request"
                                : ""),
                  std::string::npos)
            << sink.status;
      }
    }
  }
  world.tally.preemptions = observer.preemptions;
  return world.tally;
}

TEST(RandomSchedule, EachReplyEqualsItsRunAlone) {
  if (const char* seed = std::getenv("STREAMTENSOR_SCHEDULE_SEED")) {
    RunSchedule(std::strtoull(seed, nullptr, 10));
    return;
  }
  const char* count = std::getenv("STREAMTENSOR_SCHEDULES");
  const uint64_t last = count != nullptr ? std::strtoull(count, nullptr, 10) : 3000;
  Tally all;
  for (uint64_t seed = 1; seed <= last && !::testing::Test::HasFailure(); ++seed) {
    const Tally tally = RunSchedule(seed);
    all.preemptions += tally.preemptions;
    all.failures += tally.failures;
    all.moves += tally.moves;
    all.survivors += tally.survivors;
  }
  RecordProperty("preemptions", all.preemptions);
  RecordProperty("failed_runs", all.failures);
  RecordProperty("moves", all.moves);
  RecordProperty("survivors", all.survivors);
  // The schedules must be tight and hard enough to try all of it.
  EXPECT_GT(all.preemptions, static_cast<int>(last / 8));
  EXPECT_GT(all.failures, static_cast<int>(last));
  EXPECT_GT(all.moves, static_cast<int>(last));
  EXPECT_GT(all.survivors, static_cast<int>(last));
}

}  // namespace
}  // namespace streamtensor::server
