// SPDX-License-Identifier: Apache-2.0
// One card's thread: drives its scheduler, brings the card back when it fails.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/scheduler/clock.h"
#include "server/scheduler/scheduler.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {

enum class CardState { kReady, kLost };

// What the card's thread last saw.
struct EngineSnapshot {
  CardState state = CardState::kReady;
  std::string error;  // why it is lost
  SchedulerCounts counts;
  runtime::CardSensors sensors;
  std::string sensors_error;  // not empty: `sensors` hold nothing
  double joules_total = 0;    // of all steps
  bool joules_measured = false;
  uint64_t resets = 0;
  absl::Time last_step;  // InfinitePast: none yet
};

struct EngineOptions {
  std::string card;  // "emulated:0", for messages
  SchedulerLimits limits;
  absl::Duration first_reset_delay = absl::Milliseconds(500);  // doubles up to the longest
  absl::Duration longest_reset_delay = absl::Seconds(30);
  absl::Duration sensor_period = absl::Seconds(5);
};

// All methods are thread-safe.
class Engine {
 public:
  // `clock` and `observer` outlive the engine. `on_state` is called by the card's thread when
  // snapshot().state changes.
  Engine(std::unique_ptr<runtime::Decoder> decoder, EngineOptions options, const Clock* clock,
         SchedulerObserver* observer, std::function<void(const EngineSnapshot&)> on_state);
  // Ends what is left with UNAVAILABLE, once the step under way is done.
  ~Engine();

  // INVALID_ARGUMENT, RESOURCE_EXHAUSTED (queue), UNAVAILABLE (card lost, or stopping). Its sink is called
  // only when this returns OK.
  absl::Status Submit(std::shared_ptr<Sequence> sequence);

  // Something outside changed: a sequence was cancelled, a sink is writable again.
  void Wake();

  // Ends what is left with `status`, and every later Submit() too.
  void Stop(const absl::Status& status);

  const runtime::DecoderInfo& info() const { return info_; }
  const std::string& card() const { return options_.card; }
  int32_t max_context() const { return max_context_; }
  EngineSnapshot snapshot() const;
  // Sequences here, waiting or running.
  int32_t load() const;

 private:
  void Run();
  void TakeArrivals();
  void Recover(const absl::Status& failure);
  void ReadSensors();
  void Publish();
  void Sleep(absl::Time until);

  const EngineOptions options_;
  const Clock* const clock_;
  const std::function<void(const EngineSnapshot&)> on_state_;
  const std::unique_ptr<runtime::Decoder> decoder_;
  const runtime::DecoderInfo info_;

  // Counts steps on their way to the daemon's observer. Used by the card's thread alone.
  class StepCounter;
  std::unique_ptr<StepCounter> counter_;
  Scheduler scheduler_;
  const int32_t max_context_;
  EngineSnapshot current_;  // the card's thread's own copy
  absl::Time next_sensors_ = absl::InfinitePast();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Sequence>> arrivals_;
  EngineSnapshot published_;
  bool wake_ = false;
  bool stop_ = false;
  absl::Status stop_status_;
  std::thread thread_;
};

}  // namespace streamtensor::server
