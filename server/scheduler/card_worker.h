// SPDX-License-Identifier: Apache-2.0
// One card's thread: drives its loop, resets the card beside it, tells what it sees.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/scheduler/card_loop.h"
#include "server/scheduler/clock.h"
#include "server/scheduler/scheduler.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {

// What the card's thread last saw.
struct CardSnapshot {
  CardState state = CardState::kOpening;
  bool was_ready = false;  // at any time
  std::string error;       // why it is not ready
  SchedulerCounts counts;
  runtime::CardSensors sensors;
  std::string sensors_error = "not read yet";  // not empty: `sensors` hold nothing
  double joules_total = 0;                     // of all steps
  bool joules_measured = false;
  uint64_t resets = 0;
  absl::Time last_step = absl::InfinitePast();  // InfinitePast: none yet
};

struct CardLimits {
  SchedulerLimits scheduler;
  RecoveryLimits recovery;
  bool operator==(const CardLimits&) const = default;
};

struct CardWorkerOptions {
  std::string card;  // "emulated:0", for messages
  CardLimits limits;
  absl::Duration sensor_period = absl::Seconds(2);  // also how long the death of an idle card goes unnoticed
  // Called by the card's thread when snapshot().state has changed.
  std::function<void(const CardSnapshot&)> on_state = [](const CardSnapshot&) {};
  // Called by the card's thread, which holds no lock: see CardHost::HandOver.
  std::function<bool(const std::shared_ptr<Sequence>&, int32_t load)> hand_over = [](const auto&, int32_t) {
    return false;
  };
};

// All methods are thread-safe.
class CardWorker : public SequenceHome, private CardHost {
 public:
  // `decoder` may be closed: the worker opens it. `clock` and `observer` outlive the worker.
  CardWorker(std::unique_ptr<runtime::Decoder> decoder, CardWorkerOptions options, const Clock* clock,
             SchedulerObserver* observer);
  ~CardWorker() override;

  // Begins to open the card.
  void Start();

  // INVALID_ARGUMENT, RESOURCE_EXHAUSTED (queue), UNAVAILABLE (card not ready, or stopping). The sequence's
  // sink is called only when this returns OK.
  absl::Status Submit(const std::shared_ptr<Sequence>& sequence);

  // Takes a sequence that another card lost, whatever the queue holds. False: the card is not ready either.
  bool Adopt(const std::shared_ptr<Sequence>& sequence);

  void Wake() override;
  std::string_view name() const override { return options_.card; }

  // Another card of the model has become ready: sequences may go there.
  void Share();

  // For what comes.
  void SetLimits(const CardLimits& limits);

  // Ends what is left with `status`, once the step under way is done, and every later Submit() too.
  void Stop(const absl::Status& status);
  // After Stop(): waits for the card's thread and closes the card. Not from the card's own thread.
  void Join();

  const runtime::DecoderInfo& info() const { return info_; }
  const std::string& card() const { return options_.card; }
  int32_t max_context() const { return max_context_; }
  CardSnapshot snapshot() const;
  bool ready() const;
  // Sequences here, waiting or running.
  int32_t load() const;

  // False when the thread has not come round for longer than it may: it is stuck, not the card.
  bool Alive() const { return clock_->Now() <= absl::FromUnixNanos(alive_until_nanoseconds_); }

 private:
  void BeginReset() override;
  bool HandOver(const std::shared_ptr<Sequence>& sequence, int32_t load) override {
    return options_.hand_over(sequence, load);
  }
  void OnState() override;

  void Run();
  bool TakeWhatCame();
  void ReadSensors();
  void Publish();
  void Sleep(absl::Time until);
  void Beat(absl::Time until);

  const CardWorkerOptions options_;
  const Clock* const clock_;
  std::unique_ptr<runtime::Decoder> decoder_;
  const runtime::DecoderInfo info_;

  // Counts and logs steps on their way to the daemon's observer. Used by the card's thread alone.
  class StepCounter;
  std::unique_ptr<StepCounter> counter_;
  CardLimits limits_;  // the card's thread's own copy
  CardLoop loop_;
  const int32_t max_context_;
  CardSnapshot current_;  // the card's thread's own copy
  absl::Time next_sensors_ = absl::InfinitePast();
  std::thread resetter_;

  std::atomic<int64_t> alive_until_nanoseconds_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Sequence>> arrivals_;
  std::optional<CardLimits> new_limits_;
  std::optional<absl::Status> reset_result_;
  int32_t max_queue_;
  int32_t max_running_;
  CardSnapshot published_;
  bool wake_ = false;
  bool share_ = false;
  bool stop_ = false;
  absl::Status stop_status_;
  std::thread thread_;
};

}  // namespace streamtensor::server
