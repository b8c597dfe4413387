// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/card_worker.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {

class CardWorker::StepCounter : public SchedulerObserver {
 public:
  StepCounter(std::string card, SchedulerObserver* next, const Clock* clock)
      : card_(std::move(card)), next_(next), clock_(clock) {}

  // The thread from a request's id to what the card says of its own launches.
  void OnLaunch(uint64_t step, absl::FunctionRef<std::string()> requests) override {
    if (spdlog::should_log(spdlog::level::debug)) {
      spdlog::debug("card {}: step {} runs requests {}", card_, step, requests());
    }
    next_->OnLaunch(step, requests);
  }
  void OnLaunchFailed(uint64_t step, const std::string& requests, const absl::Status& failure) override {
    spdlog::error("card {}: step {} failed, with requests {}: {}", card_, step, requests,
                  std::string(failure.message()));
    next_->OnLaunchFailed(step, requests, failure);
  }
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
  const std::string card_;
  SchedulerObserver* const next_;
  const Clock* const clock_;
};

CardWorker::CardWorker(std::unique_ptr<runtime::Decoder> decoder, CardWorkerOptions options,
                       const Clock* clock, SchedulerObserver* observer)
    : options_(std::move(options)),
      clock_(clock),
      decoder_(std::move(decoder)),
      info_(decoder_->info()),
      counter_(std::make_unique<StepCounter>(options_.card, observer, clock)),
      limits_(options_.limits),
      loop_(options_.card, decoder_.get(), clock, limits_.scheduler, limits_.recovery, counter_.get(), this),
      max_context_(loop_.scheduler().max_context()),
      max_queue_(limits_.scheduler.max_queue),
      max_running_(limits_.scheduler.max_running) {
  Publish();
  Beat(clock_->Now());
}

CardWorker::~CardWorker() {
  Stop(absl::UnavailableError("the model is being unloaded"));
  Join();
}

void CardWorker::Start() {
  thread_ = std::thread([this] { Run(); });
}

// Submit() waits for nobody: what can be refused is decided under the lock, from the published counts
// and what has arrived since.
absl::Status CardWorker::Submit(const std::shared_ptr<Sequence>& sequence) {
  if (absl::Status status = loop_.scheduler().Check(*sequence); !status.ok()) return status;
  {
    std::lock_guard lock(mutex_);
    if (stop_) return stop_status_;
    if (published_.state != CardState::kReady) {
      return absl::UnavailableError(absl::StrCat("card ", options_.card,
                                                 published_.was_ready ? " is lost (" : " can not be used (",
                                                 published_.error, "); it is being reset"));
    }
    const SchedulerCounts& counts = published_.counts;
    const int64_t waiting = counts.waiting + static_cast<int64_t>(arrivals_.size());
    const int64_t places = std::max(0, max_running_ - counts.running);
    if (waiting >= max_queue_ + places) {
      return absl::ResourceExhaustedError(absl::StrCat("the queue is full: ", waiting - places,
                                                       " requests wait, limits.max_queue is ", max_queue_));
    }
    sequence->MoveTo(this);
    arrivals_.push_back(sequence);
  }
  changed_.notify_one();
  return absl::OkStatus();
}

bool CardWorker::Adopt(const std::shared_ptr<Sequence>& sequence) {
  {
    std::lock_guard lock(mutex_);
    if (stop_ || published_.state != CardState::kReady) return false;
    sequence->MoveTo(this);
    arrivals_.push_back(sequence);
  }
  changed_.notify_one();
  return true;
}

void CardWorker::Wake() {
  {
    std::lock_guard lock(mutex_);
    wake_ = true;
  }
  changed_.notify_one();
}

void CardWorker::Share() {
  {
    std::lock_guard lock(mutex_);
    share_ = wake_ = true;
  }
  changed_.notify_one();
}

void CardWorker::SetLimits(const CardLimits& limits) {
  {
    std::lock_guard lock(mutex_);
    new_limits_ = limits;
    max_queue_ = limits.scheduler.max_queue;
    max_running_ = limits.scheduler.max_running;
    wake_ = true;
  }
  changed_.notify_one();
}

void CardWorker::Stop(const absl::Status& status) {
  {
    std::lock_guard lock(mutex_);
    if (!stop_) stop_status_ = status;
    stop_ = true;
  }
  changed_.notify_one();
}

void CardWorker::Join() {
  if (thread_.joinable()) thread_.join();
}

CardSnapshot CardWorker::snapshot() const {
  std::lock_guard lock(mutex_);
  return published_;
}

bool CardWorker::ready() const {
  std::lock_guard lock(mutex_);
  return published_.state == CardState::kReady;
}

int32_t CardWorker::load() const {
  std::lock_guard lock(mutex_);
  return published_.counts.waiting + published_.counts.running + static_cast<int32_t>(arrivals_.size());
}

void CardWorker::Run() {
  pthread_setname_np(pthread_self(), options_.card.substr(0, 15).c_str());
  while (TakeWhatCame()) {
    Beat(clock_->Now() + limits_.scheduler.step_timeout);
    const CardLoop::Turn turn = loop_.Advance();
    bool again = turn.ran;
    if (loop_.state() == CardState::kReady && clock_->Now() >= next_sensors_) {
      ReadSensors();
      again = again || loop_.state() != CardState::kReady;  // its reset, and its sequences, wait for nothing
    }
    Publish();
    if (!again) Sleep(std::min(turn.next, clock_->Now() + options_.sensor_period));
  }
  if (resetter_.joinable()) resetter_.join();
  loop_.EndAll(stop_status_);
  Publish();
  decoder_.reset();  // here, where it lived
  Beat(absl::UnixEpoch() + absl::Hours(24 * 365 * 200));
}

// False: the worker stops, and from now on Submit() refuses.
bool CardWorker::TakeWhatCame() {
  std::optional<absl::Status> reset;
  bool share = false;
  {
    std::lock_guard lock(mutex_);
    for (std::shared_ptr<Sequence>& sequence : arrivals_) loop_.Enqueue(std::move(sequence));
    arrivals_.clear();
    wake_ = false;
    published_.counts = loop_.scheduler().counts();
    if (new_limits_.has_value()) {
      limits_ = *std::exchange(new_limits_, std::nullopt);
      loop_.SetLimits(limits_.scheduler, limits_.recovery);
    }
    reset = std::exchange(reset_result_, std::nullopt);
    share = std::exchange(share_, false);
    if (stop_) return false;
  }
  if (reset.has_value()) {
    resetter_.join();
    loop_.OnReset(*reset);
  }
  if (share) loop_.ShareWaiting();
  return true;
}

// Beside the loop, so that deadlines hold and sequences can leave while a card is being opened.
void CardWorker::BeginReset() {
  resetter_ = std::thread([this] {
    absl::Status status = decoder_->Reset();
    {
      std::lock_guard lock(mutex_);
      reset_result_ = std::move(status);
    }
    changed_.notify_one();
  });
}

void CardWorker::OnState() {
  Publish();
  options_.on_state(current_);
}

void CardWorker::ReadSensors() {
  next_sensors_ = clock_->Now() + options_.sensor_period;
  const absl::StatusOr<runtime::CardSensors> sensors = decoder_->ReadSensors();
  current_.sensors = sensors.ok() ? *sensors : runtime::CardSensors();
  current_.sensors_error = sensors.ok() ? "" : std::string(sensors.status().message());
  if (absl::IsUnavailable(sensors.status())) loop_.Lose(sensors.status());
}

void CardWorker::Publish() {
  current_.state = loop_.state();
  if (current_.state != CardState::kReady) {
    current_.sensors_error = "the card is not ready";
    next_sensors_ = absl::InfinitePast();
  }
  current_.was_ready = loop_.was_ready();
  current_.error = loop_.error();
  current_.resets = loop_.resets();
  current_.joules_total = counter_->joules_total;
  current_.joules_measured = counter_->joules_measured;
  current_.last_step = counter_->last_step;
  current_.counts = loop_.scheduler().counts();
  std::lock_guard lock(mutex_);
  published_ = current_;
}

void CardWorker::Sleep(absl::Time until) {
  std::unique_lock lock(mutex_);
  Beat(until);
  const auto awake = [this] { return wake_ || stop_ || !arrivals_.empty() || reset_result_.has_value(); };
  if (const absl::Duration left = until - clock_->Now(); left > absl::ZeroDuration()) {
    changed_.wait_for(lock, absl::ToChronoNanoseconds(left), awake);
  }
}

// The thread will come round again by then; a loaded host may be late.
void CardWorker::Beat(absl::Time until) {
  constexpr absl::Duration kLateness = absl::Seconds(20);
  alive_until_nanoseconds_ = absl::ToUnixNanos(until + kLateness);
}

}  // namespace streamtensor::server
