// SPDX-License-Identifier: Apache-2.0
// Generations on a fake card, whose steps the tests let go one by one.
#include "server/generation/generation.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/server/generation/fake_model.h"

namespace streamtensor::server {
namespace {

using testing::FakeModel;
using testing::StepGate;

class RecordingReceiver : public ReplyReceiver {
 public:
  explicit RecordingReceiver(size_t wire_bytes = 0, size_t max_whole_bytes = 0)
      : wire_bytes_(wire_bytes), max_whole_bytes_(max_whole_bytes) {}

  size_t WireBytes(const ReplyDelta&) const override { return wire_bytes_; }
  size_t MaxWholeBytes() const override { return max_whole_bytes_; }
  void OnDelta(ReplyDelta delta, size_t wire_bytes) override {
    MutexLock lock(mutex_);
    EXPECT_FALSE(is_done_);
    EXPECT_EQ(wire_bytes, wire_bytes_);
    tokens_ += delta.token_ids.size();
    unsent_bytes_ += wire_bytes;
    most_unsent_bytes_ = std::max(most_unsent_bytes_, unsent_bytes_);
  }
  void Flush() override {
    MutexLock lock(mutex_);
    EXPECT_FALSE(is_done_);
    ++flushes_;
  }
  void OnDone(const absl::Status& status, const ReplySummary& summary) override {
    {
      MutexLock lock(mutex_);
      EXPECT_FALSE(is_done_);
      is_done_ = true;
      summary_ = summary;
    }
    done_.set_value(status);
  }

  absl::Status AwaitEnd() { return done_.get_future().get(); }
  size_t TakeUnsent() {
    MutexLock lock(mutex_);
    return std::exchange(unsent_bytes_, 0);
  }
  size_t tokens() {
    MutexLock lock(mutex_);
    return tokens_;
  }
  size_t most_unsent_bytes() {
    MutexLock lock(mutex_);
    return most_unsent_bytes_;
  }
  int flushes() {
    MutexLock lock(mutex_);
    return flushes_;
  }
  ReplySummary summary() {
    MutexLock lock(mutex_);
    return summary_;
  }

 private:
  const size_t wire_bytes_;
  const size_t max_whole_bytes_;
  Mutex mutex_;
  size_t tokens_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t unsent_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t most_unsent_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int flushes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_done_ ABSL_GUARDED_BY(mutex_) = false;
  ReplySummary summary_ ABSL_GUARDED_BY(mutex_);
  std::promise<absl::Status> done_;
};

class GenerationTest : public ::testing::Test {
 protected:
  GenerationTest()
      : service_({.find_model = [this](const std::string&) { return model_.get(); },
                  .load = [] { return int64_t{1}; },
                  .metrics = &metrics_,
                  .clock = &clock_,
                  .access = &access_}) {}

  std::shared_ptr<Generation> Create(absl::Time deadline = absl::InfiniteFuture()) {
    return Generation::Create(&service_, "r1", deadline);
  }
  CheckedRequest Ask(uint32_t max_tokens, size_t prompt_tokens = 4) {
    ClientRequest request;
    request.model = "m";
    request.prompt = std::string(prompt_tokens, 'x');
    request.sampling.temperature = 0;
    request.stopping.max_tokens = max_tokens;
    request.stopping.ignore_eos = true;
    return service_.Check("r1", std::move(request), nullptr, [] { return std::string(); }).value();
  }

  const SystemClock clock_;
  StepGate gate_;
  Metrics metrics_{"test"};
  AccessControl access_;
  GenerationService service_;
  const FakeModel model_{&clock_, &gate_};  // its cards hold generations, until it closes them
};

TEST_F(GenerationTest, AReplyComesInDeltasAndEndsOnce) {
  gate_.Open();
  auto generation = Create();
  EXPECT_EQ(service_.generations(), 1);
  const auto receiver = std::make_shared<RecordingReceiver>();
  ASSERT_TRUE(generation->Start(Ask(20), receiver).ok());
  EXPECT_TRUE(receiver->AwaitEnd().ok());
  EXPECT_EQ(receiver->tokens(), 20u);
  EXPECT_EQ(receiver->summary().completion_tokens, 20u);
  EXPECT_EQ(receiver->summary().prompt_tokens, 4u);
  EXPECT_GE(receiver->flushes(), 19) << "a flush a step, but after the last delta";
  EXPECT_EQ(&generation->model(), model_.get().get());
  generation->Cancel();  // too late to matter
  generation->OnSent(0);
  generation.reset();
  while (service_.generations() > 0) absl::SleepFor(absl::Milliseconds(1));  // the card lets go of it too
}

TEST_F(GenerationTest, ACancelledReplyEndsBeforeTheNextStep) {
  auto generation = Create();
  const auto receiver = std::make_shared<RecordingReceiver>();
  ASSERT_TRUE(generation->Start(Ask(200), receiver).ok());
  gate_.Allow(3);
  gate_.AwaitSteps(4);  // the fourth is under way
  generation->Cancel();
  gate_.Allow(1);
  EXPECT_EQ(receiver->AwaitEnd().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(receiver->tokens(), 3u) << "who has gone hears nothing of the step under way";
  gate_.Open();
}

TEST_F(GenerationTest, AReplyCancelledBeforeItsStartTakesNoStep) {
  auto generation = Create();
  generation->Cancel();
  const auto receiver = std::make_shared<RecordingReceiver>();
  ASSERT_TRUE(generation->Start(Ask(200), receiver).ok());
  EXPECT_EQ(receiver->AwaitEnd().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(receiver->tokens(), 0u);
  gate_.Open();
}

TEST_F(GenerationTest, ADeadlineThatHasPassedEndsIt) {
  gate_.Open();
  auto generation = Create(clock_.Now() - absl::Seconds(1));
  const auto receiver = std::make_shared<RecordingReceiver>();
  ASSERT_TRUE(generation->Start(Ask(200), receiver).ok());
  EXPECT_EQ(receiver->AwaitEnd().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(GenerationTest, ARefusedReplyCallsNobody) {
  auto generation = Create();
  const auto receiver = std::make_shared<RecordingReceiver>();
  CheckedRequest request = Ask(0, FakeModel::kContext);
  request.generation.stopping.max_tokens = 1;  // now there is no room for it
  const absl::Status status = generation->Start(std::move(request), receiver);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(receiver.use_count(), 1) << "it is let go";
  generation->Cancel();
  generation.reset();
  EXPECT_EQ(service_.generations(), 0);
  EXPECT_NE(metrics_.Render().find("requests_rejected_total{reason=\"invalid_argument\"} 1"),
            std::string::npos);
  gate_.Open();
}

TEST_F(GenerationTest, AClientThatReadsTooSlowlyPausesItsReplyAlone) {
  constexpr size_t kDeltaBytes = 8 << 10;
  constexpr size_t kMostUnsentBytes = 64 << 10;
  gate_.Open();
  auto slow = Create();
  const auto slow_receiver = std::make_shared<RecordingReceiver>(kDeltaBytes);
  ASSERT_TRUE(slow->Start(Ask(100), slow_receiver).ok());
  while (slow->Writable()) absl::SleepFor(absl::Milliseconds(1));

  auto quick = Create();
  const auto quick_receiver = std::make_shared<RecordingReceiver>();
  ASSERT_TRUE(quick->Start(Ask(200), quick_receiver).ok());
  EXPECT_TRUE(quick_receiver->AwaitEnd().ok());
  EXPECT_EQ(slow_receiver->tokens(), kMostUnsentBytes / kDeltaBytes - 1) << "200 steps have gone by";

  // It goes on once its client has read, again and again.
  std::future<absl::Status> end = std::async(std::launch::async, [&] { return slow_receiver->AwaitEnd(); });
  while (end.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
    if (!slow->Writable()) slow->OnSent(slow_receiver->TakeUnsent());
  }
  EXPECT_TRUE(end.get().ok());
  EXPECT_EQ(slow_receiver->tokens(), 100u);
  EXPECT_LE(slow_receiver->most_unsent_bytes(), kMostUnsentBytes);
}

// A reply that is sent whole never pauses, and ends when it has more bytes than it may have.
TEST_F(GenerationTest, AReplyThatIsSentWholeIsBounded) {
  gate_.Open();
  auto fits = Create();
  const auto receiver =
      std::make_shared<RecordingReceiver>(/*wire_bytes=*/64 << 10, /*max_whole_bytes=*/20 * (64 << 10));
  ASSERT_TRUE(fits->Start(Ask(20), receiver).ok());
  EXPECT_TRUE(receiver->AwaitEnd().ok());
  EXPECT_EQ(receiver->tokens(), 20u);
  auto exceeds = Create();
  const auto bounded = std::make_shared<RecordingReceiver>(64 << 10, 10 * (64 << 10));
  ASSERT_TRUE(exceeds->Start(Ask(100), bounded).ok());
  const absl::Status status = bounded->AwaitEnd();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(bounded->tokens(), 11u);
}

// The replies of one request share what may be pending on its connection.
TEST_F(GenerationTest, SiblingsShareTheBytesThatMayBePending) {
  gate_.Open();
  auto generation = Generation::Create(&service_, "r1", absl::InfiniteFuture(), /*siblings=*/8);
  const auto receiver = std::make_shared<RecordingReceiver>(/*wire_bytes=*/1000);
  ASSERT_TRUE(generation->Start(Ask(100), receiver).ok());
  while (receiver->tokens() < 8) absl::SleepFor(absl::Milliseconds(1));
  absl::SleepFor(absl::Milliseconds(20));  // time for more, if it does not pause
  EXPECT_EQ(receiver->tokens(), 8u);
  generation->Cancel();
  EXPECT_TRUE(absl::IsCancelled(receiver->AwaitEnd()));
}

}  // namespace
}  // namespace streamtensor::server
