// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {

class Engine::StepCounter : public SchedulerObserver {
 public:
  StepCounter(SchedulerObserver* next, const Clock* clock) : next_(next), clock_(clock) {}

  void OnStep(const StepReport& report) override {
    joules_total += report.result.joules;
    joules_measured = report.result.joules_measured;
    last_step = clock_->Now();
    next_->OnStep(report);
  }
  void OnAdmitted(absl::Duration queued) override { next_->OnAdmitted(queued); }
  void OnFirstToken(absl::Duration since_arrival) override { next_->OnFirstToken(since_arrival); }
  void OnNextToken(absl::Duration since_previous) override { next_->OnNextToken(since_previous); }
  void OnPreempted() override { next_->OnPreempted(); }
  void OnFinished(const absl::Status& status, const ReplySummary& summary,
                  absl::Duration since_arrival) override {
    next_->OnFinished(status, summary, since_arrival);
  }

  double joules_total = 0;
  bool joules_measured = false;
  absl::Time last_step = absl::InfinitePast();

 private:
  SchedulerObserver* const next_;
  const Clock* const clock_;
};

Engine::Engine(std::unique_ptr<runtime::Decoder> decoder, EngineOptions options, const Clock* clock,
               SchedulerObserver* observer, std::function<void(const EngineSnapshot&)> on_state)
    : options_(std::move(options)),
      clock_(clock),
      on_state_(std::move(on_state)),
      decoder_(std::move(decoder)),
      info_(decoder_->info()),
      counter_(std::make_unique<StepCounter>(observer, clock)),
      scheduler_(decoder_.get(), clock, options_.limits, counter_.get()),
      max_context_(scheduler_.max_context()) {
  Publish();
  thread_ = std::thread([this] { Run(); });
}

Engine::~Engine() {
  Stop(absl::UnavailableError("the model is being unloaded"));
  thread_.join();
}

// Submit() waits for nobody: what can be refused is decided under the lock, from the published counts
// and what has arrived since.
absl::Status Engine::Submit(std::shared_ptr<Sequence> sequence) {
  if (absl::Status status = scheduler_.Check(*sequence); !status.ok()) return status;
  {
    std::lock_guard lock(mutex_);
    if (stop_) return stop_status_;
    if (published_.state == CardState::kLost) {
      return absl::UnavailableError(
          absl::StrCat("card ", options_.card, " is lost (", published_.error, "); it is being reset"));
    }
    const SchedulerCounts& counts = published_.counts;
    const int64_t waiting = counts.waiting + static_cast<int64_t>(arrivals_.size());
    const int64_t places = std::max(0, options_.limits.max_running - counts.running);
    if (waiting >= options_.limits.max_queue + places) {
      return absl::ResourceExhaustedError(absl::StrCat("the queue is full: ", waiting - places,
                                                       " requests wait, limits.max_queue is ",
                                                       options_.limits.max_queue));
    }
    arrivals_.push_back(std::move(sequence));
  }
  changed_.notify_one();
  return absl::OkStatus();
}

void Engine::Wake() {
  {
    std::lock_guard lock(mutex_);
    wake_ = true;
  }
  changed_.notify_one();
}

void Engine::Stop(const absl::Status& status) {
  {
    std::lock_guard lock(mutex_);
    if (!stop_) stop_status_ = status;
    stop_ = true;
  }
  changed_.notify_one();
}

EngineSnapshot Engine::snapshot() const {
  std::lock_guard lock(mutex_);
  return published_;
}

int32_t Engine::load() const {
  std::lock_guard lock(mutex_);
  return published_.counts.waiting + published_.counts.running + static_cast<int32_t>(arrivals_.size());
}

void Engine::Run() {
  for (;;) {
    TakeArrivals();
    {
      std::lock_guard lock(mutex_);
      if (stop_) break;
    }
    const Scheduler::TurnResult turn = scheduler_.Turn();
    if (!turn.card.ok()) {
      Recover(turn.card);
      continue;
    }
    if (clock_->Now() >= next_sensors_) ReadSensors();
    Publish();
    if (!turn.ran) Sleep(std::min(turn.next, next_sensors_));
  }
  TakeArrivals();  // from now on Submit() refuses
  scheduler_.EndAll(stop_status_);
  Publish();
}

void Engine::TakeArrivals() {
  std::lock_guard lock(mutex_);
  for (std::shared_ptr<Sequence>& sequence : arrivals_) scheduler_.Enqueue(std::move(sequence));
  arrivals_.clear();
  wake_ = false;
  published_.counts = scheduler_.counts();
}

// The scheduler has ended its sequences. Tries to get the card back until it works or the engine stops.
void Engine::Recover(const absl::Status& failure) {
  current_.state = CardState::kLost;
  current_.error = std::string(failure.message());
  Publish();
  on_state_(current_);
  absl::Duration delay = options_.first_reset_delay;
  absl::Time retry = clock_->Now() + delay;
  for (;;) {
    // Those that arrived before the state was published.
    TakeArrivals();
    scheduler_.EndAll(
        absl::UnavailableError(absl::StrCat("card ", options_.card, " is lost (", current_.error, ")")));
    {
      std::lock_guard lock(mutex_);
      if (stop_) return;
    }
    if (clock_->Now() < retry) {
      Sleep(retry);
      continue;
    }
    ++current_.resets;
    const absl::Status reset = decoder_->Reset();
    if (reset.ok()) break;
    current_.error = std::string(reset.message());
    Publish();
    delay = std::min(delay * 2, options_.longest_reset_delay);
    retry = clock_->Now() + delay;
  }
  scheduler_.ForgetPages();
  current_.state = CardState::kReady;
  current_.error.clear();
  Publish();
  on_state_(current_);
}

void Engine::ReadSensors() {
  next_sensors_ = clock_->Now() + options_.sensor_period;
  const absl::StatusOr<runtime::CardSensors> sensors = decoder_->ReadSensors();
  current_.sensors = sensors.ok() ? *sensors : runtime::CardSensors();
  current_.sensors_error = sensors.ok() ? "" : std::string(sensors.status().message());
}

void Engine::Publish() {
  current_.joules_total = counter_->joules_total;
  current_.joules_measured = counter_->joules_measured;
  current_.last_step = counter_->last_step;
  current_.counts = scheduler_.counts();
  std::lock_guard lock(mutex_);
  published_ = current_;
}

void Engine::Sleep(absl::Time until) {
  std::unique_lock lock(mutex_);
  const auto awake = [this] { return wake_ || stop_ || !arrivals_.empty(); };
  if (until == absl::InfiniteFuture()) {
    changed_.wait(lock, awake);
  } else if (const absl::Duration left = until - clock_->Now(); left > absl::ZeroDuration()) {
    changed_.wait_for(lock, absl::ToChronoNanoseconds(left), awake);
  }
}

}  // namespace streamtensor::server
