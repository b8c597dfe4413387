// SPDX-License-Identifier: Apache-2.0
// One card's thread: accepts requests, drives the card's loop, resets the card, publishes its state.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "server/scheduler/card_loop.h"
#include "server/scheduler/clock.h"
#include "server/scheduler/scheduler.h"
#include "server/scheduler/scheduler_observer.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {

// A card as its thread last saw it.
struct CardSnapshot {
  CardState state = CardState::kOpening;
  bool was_ready = false;  // ever
  std::string error;       // why it is not ready
  SchedulerCounts counts;
  runtime::CardSensors sensors;
  std::string sensors_error = "not read yet";  // not empty: `sensors` is invalid
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
  // also bounds how long an idle card's death goes unnoticed
  absl::Duration sensor_period = absl::Seconds(2);
  // Called by the card's thread when snapshot().state has changed.
  std::function<void(const CardSnapshot&)> on_state = [](const CardSnapshot&) {};
  // CardHost::TransferSequence(). Called by the card's thread, without locks held.
  std::function<bool(const std::shared_ptr<Sequence>&, int32_t load)> hand_over = [](const auto&, int32_t) {
    return false;
  };
};

// Thread-safe except Start() and Join().
class CardWorker : public SequenceHome, private CardHost {
 public:
  // `decoder` may be closed: the worker opens it. `clock` and `observer` outlive the worker.
  CardWorker(std::unique_ptr<runtime::Decoder> decoder, CardWorkerOptions options, const Clock* clock,
             SchedulerObserver* observer);
  ~CardWorker() override;

  // Starts opening the card.
  void Start();

  // INVALID_ARGUMENT, RESOURCE_EXHAUSTED (queue full), UNAVAILABLE (card not ready, or stopping). The
  // sequence's sink is called only if this returns OK.
  absl::Status Submit(const std::shared_ptr<Sequence>& sequence);

  // Adopts a sequence that another card lost, regardless of the queue's length. False: this card is not ready
  // either.
  bool Adopt(const std::shared_ptr<Sequence>& sequence);

  void Wake() override;
  std::string_view name() const override { return options_.card; }

  // Another card of the model has become ready: waiting sequences may move there.
  void RebalanceWaiting();

  // Takes effect immediately.
  void SetLimits(const CardLimits& limits);

  // Ends remaining sequences with `status` after the current step, and refuses every later Submit() with it.
  void Stop(const absl::Status& status);
  // After Stop(): joins the card's thread, which closes the card. Not from the card's own thread.
  void Join();

  const runtime::DecoderInfo& info() const { return info_; }
  const std::string& card() const { return options_.card; }
  int32_t max_context() const { return max_context_; }
  CardSnapshot snapshot() const;
  bool ready() const;
  // Sequences on this card, waiting or running.
  int32_t load() const;
  // Sequences that Submit() would accept now. 0 or less: none.
  int64_t room() const;

  // False if the thread's loop has exceeded its deadline: the thread is stuck, not the card.
  bool Alive() const { return clock_->Now() <= absl::FromUnixNanos(alive_until_nanoseconds_); }

 private:
  // The card's thread.
  void Run();
  bool TakeArrivals();
  void ReadSensors();
  void Publish();
  void Sleep(absl::Time until);
  void SetWatchdogDeadline(absl::Time until);
  void BeginReset() override;
  bool TransferSequence(const std::shared_ptr<Sequence>& sequence, int32_t load) override {
    return options_.hand_over(sequence, load);
  }
  void OnState() override;

  int64_t waiting() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int64_t places() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const CardWorkerOptions options_;
  const Clock* const clock_;
  const runtime::DecoderInfo info_;

  // Used only by the card's thread once it runs, except that loop_.scheduler().Check() is thread-safe and
  // resetter_ uses the decoder during a reset.
  std::unique_ptr<runtime::Decoder> decoder_;
  class StepCounter;  // counts and logs steps before the daemon's observer
  std::unique_ptr<StepCounter> counter_;
  CardLimits limits_;
  CardLoop loop_;
  const int32_t max_context_;
  CardSnapshot current_;
  absl::Time next_sensors_ = absl::InfinitePast();
  std::thread resetter_;

  std::atomic<int64_t> alive_until_nanoseconds_ = 0;

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<std::shared_ptr<Sequence>> arrivals_ ABSL_GUARDED_BY(mutex_);
  std::optional<CardLimits> new_limits_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> reset_result_ ABSL_GUARDED_BY(mutex_);
  int32_t max_queue_ ABSL_GUARDED_BY(mutex_);
  int32_t max_running_ ABSL_GUARDED_BY(mutex_);
  CardSnapshot published_ ABSL_GUARDED_BY(mutex_);
  bool wake_ ABSL_GUARDED_BY(mutex_) = false;
  bool share_ ABSL_GUARDED_BY(mutex_) = false;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status stop_status_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace streamtensor::server
