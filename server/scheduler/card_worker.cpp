// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/card_worker.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace streamtensor::server {

class CardWorker::StepCounter : public SchedulerObserver {
 public:
  StepCounter(std::string card, SchedulerObserver* next, const Clock* clock)
      : card_(std::move(card)), next_(next), clock_(clock) {}

  // Relates request ids to the card's own log, which counts its launches.
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
      info_(decoder->info()),
      decoder_(std::move(decoder)),
      counter_(std::make_unique<StepCounter>(options_.card, observer, clock)),
      limits_(options_.limits),
      loop_(options_.card, decoder_.get(), clock, limits_.scheduler, limits_.recovery, counter_.get(), this),
      max_context_(loop_.scheduler().max_context()),
      max_queue_(limits_.scheduler.max_queue),
      max_running_(limits_.scheduler.max_running) {
  Publish();
  SetWatchdogDeadline(clock_->Now());
}

CardWorker::~CardWorker() {
  Stop(absl::UnavailableError("the model is being unloaded"));
  Join();
}

void CardWorker::Start() {
  ST_CHECK(!thread_.joinable());
  thread_ = std::thread([this] { Run(); });
}

// Never blocks on the card's thread: refusals are decided under the lock, from the published counts and the
// arrivals since.
absl::Status CardWorker::Submit(const std::shared_ptr<Sequence>& sequence) {
  RETURN_IF_ERROR(loop_.scheduler().Check(*sequence));
  {
    MutexLock lock(mutex_);
    if (stop_) return stop_status_;
    if (published_.state != CardState::kReady) {
      return absl::UnavailableError(absl::StrCat("card ", options_.card,
                                                 published_.was_ready ? " is lost (" : " cannot be used (",
                                                 published_.error, "); it is being reset"));
    }
    if (waiting() >= max_queue_ + places()) {
      return absl::ResourceExhaustedError(absl::StrCat("the queue is full: ", waiting() - places(),
                                                       " requests wait, limits.max_queue is ", max_queue_));
    }
    sequence->MoveTo(this);
    arrivals_.push_back(sequence);
  }
  changed_.NotifyOne();
  return absl::OkStatus();
}

bool CardWorker::Adopt(const std::shared_ptr<Sequence>& sequence) {
  {
    MutexLock lock(mutex_);
    if (stop_ || published_.state != CardState::kReady) return false;
    sequence->MoveTo(this);
    arrivals_.push_back(sequence);
  }
  changed_.NotifyOne();
  return true;
}

void CardWorker::Wake() {
  {
    MutexLock lock(mutex_);
    wake_ = true;
  }
  changed_.NotifyOne();
}

void CardWorker::RebalanceWaiting() {
  {
    MutexLock lock(mutex_);
    share_ = wake_ = true;
  }
  changed_.NotifyOne();
}

void CardWorker::SetLimits(const CardLimits& limits) {
  {
    MutexLock lock(mutex_);
    new_limits_ = limits;
    max_queue_ = limits.scheduler.max_queue;
    max_running_ = limits.scheduler.max_running;
    wake_ = true;
  }
  changed_.NotifyOne();
}

void CardWorker::Stop(const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    if (!stop_) stop_status_ = status;
    stop_ = true;
  }
  changed_.NotifyOne();
}

void CardWorker::Join() {
  if (thread_.joinable()) thread_.join();
}

CardSnapshot CardWorker::snapshot() const {
  MutexLock lock(mutex_);
  return published_;
}

bool CardWorker::ready() const {
  MutexLock lock(mutex_);
  return published_.state == CardState::kReady;
}

int32_t CardWorker::load() const {
  MutexLock lock(mutex_);
  return published_.counts.waiting + published_.counts.running + static_cast<int32_t>(arrivals_.size());
}

int64_t CardWorker::room() const {
  MutexLock lock(mutex_);
  if (stop_ || published_.state != CardState::kReady) return 0;
  return max_queue_ + places() - waiting();
}

int64_t CardWorker::waiting() const {
  return published_.counts.waiting + static_cast<int64_t>(arrivals_.size());
}

// Waiting sequences that the next step may admit do not count as waiting.
int64_t CardWorker::places() const { return std::max(0, max_running_ - published_.counts.running); }

void CardWorker::Run() {
  pthread_setname_np(pthread_self(), options_.card.substr(0, 15).c_str());
  while (TakeArrivals()) {
    SetWatchdogDeadline(clock_->Now() + limits_.scheduler.step_timeout);
    const CardLoop::Progress progress = loop_.Advance();
    bool again = progress.ran;
    if (loop_.state() == CardState::kReady && clock_->Now() >= next_sensors_) {
      ReadSensors();
      again = again || loop_.state() != CardState::kReady;  // a lost card is reset immediately
    }
    Publish();
    if (!again) Sleep(std::min(progress.next, clock_->Now() + options_.sensor_period));
  }
  absl::Status status;
  {
    MutexLock lock(mutex_);
    status = stop_status_;
  }
  loop_.EndAll(status);
  Publish();
  // Last: a reset may hang, and nobody else should wait for it.
  if (resetter_.joinable()) {
    spdlog::debug("card {}: closes after its reset", options_.card);
    resetter_.join();
  }
  decoder_.reset();  // on the thread that used it
  SetWatchdogDeadline(absl::UnixEpoch() + absl::Hours(24 * 365 * 200));
}

// Takes the input of other threads. False: the worker stops, and Submit() refuses from now on.
bool CardWorker::TakeArrivals() {
  std::optional<absl::Status> reset;
  bool share = false;
  {
    MutexLock lock(mutex_);
    for (std::shared_ptr<Sequence>& sequence : arrivals_) loop_.Enqueue(std::move(sequence));
    arrivals_.clear();
    wake_ = false;
    published_.counts = loop_.scheduler().counts();
    if (const auto limits = std::exchange(new_limits_, std::nullopt); limits.has_value()) {
      limits_ = *limits;
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
  if (share) loop_.RebalanceWaiting();
  return true;
}

// On its own thread, so that deadlines are enforced and sequences can leave while a card opens.
void CardWorker::BeginReset() {
  ST_CHECK(!resetter_.joinable());
  resetter_ = std::thread([this] {
    absl::Status status = decoder_->Reset();
    {
      MutexLock lock(mutex_);
      reset_result_ = std::move(status);
    }
    changed_.NotifyOne();
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
  if (absl::IsUnavailable(sensors.status())) loop_.OnCardLost(sensors.status());
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
  MutexLock lock(mutex_);
  published_ = current_;
}

void CardWorker::Sleep(absl::Time until) {
  MutexLock lock(mutex_);
  SetWatchdogDeadline(until);
  const absl::Duration left = until - clock_->Now();
  if (left <= absl::ZeroDuration()) return;
  const auto deadline = SteadyDeadline(left);
  while (!HasWork() && changed_.WaitUntil(mutex_, deadline)) {
  }
}

bool CardWorker::HasWork() const { return wake_ || stop_ || !arrivals_.empty() || reset_result_.has_value(); }

// The loop must complete an iteration by then; allows for a loaded host.
void CardWorker::SetWatchdogDeadline(absl::Time until) {
  constexpr absl::Duration kLateness = absl::Seconds(20);
  alive_until_nanoseconds_ = absl::ToUnixNanos(until + kLateness);
}

}  // namespace streamtensor::server
