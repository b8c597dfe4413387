// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <iterator>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "server/metrics/process_metrics.h"

namespace streamtensor::server {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Seconds, from 0.1 ms to one minute.
Histogram::BucketBoundaries LatencyBuckets() {
  return {1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60};
}

Histogram::BucketBoundaries StepBuckets() { return {1, 2, 4, 6, 8, 10, 12, 14, 16}; }

Histogram::BucketBoundaries JouleBuckets() { return {0.01, 0.1, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000}; }

const char* SourceName(bool measured) { return measured ? "measured" : "modelled"; }

template <class T, class... Buckets>
void Drop(Family<T>& family, const prometheus::Labels& labels, const Buckets&... buckets) {
  if (family.Has(labels)) family.Remove(&family.Add(labels, buckets...));
}

// One gauge or counter with its labels.
void AddSample(MetricFamily& family, std::vector<prometheus::ClientMetric::Label> labels, double value) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  if (family.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}

// Everything that is read from the cards at scrape time.
std::vector<MetricFamily> CollectCards(const std::vector<CardReading>& cards) {
  auto family = [](const char* name, const char* help, MetricType type = MetricType::Gauge) {
    return MetricFamily{std::string("streamtensor_") + name, help, type, {}};
  };
  MetricFamily running = family("running_requests", "Requests that hold KV pages.");
  MetricFamily waiting = family("waiting_requests", "Requests in the queue.");
  MetricFamily pages = family("kv_pages", "KV pages of the card: held by requests, cached for reuse, free.");
  MetricFamily state = family("card_state", "1 for the state the card is in.");
  MetricFamily power =
      family("card_power_watts", "Power from the card's sensor (measured) or power model (modelled).");
  MetricFamily energy =
      family("card_energy_joules_total", "Energy of all steps, without idle energy.", MetricType::Counter);
  MetricFamily temperature = family("card_temperature_celsius", "From the card's sensor.");
  MetricFamily last_step = family("last_step_timestamp_seconds", "Unix time at which the last step ended.");
  for (const CardReading& reading : cards) {
    for (const char* each : kCardStates) {
      AddSample(state, {{"card", reading.card}, {"state", each}}, reading.state == each);
    }
    if (!reading.snapshot.has_value()) continue;
    const CardSnapshot& snapshot = *reading.snapshot;
    const std::vector<prometheus::ClientMetric::Label> both = {{"model", reading.model},
                                                               {"card", reading.card}};
    AddSample(running, both, snapshot.counts.running);
    AddSample(waiting, both, snapshot.counts.waiting);
    AddSample(pages, {{"card", reading.card}, {"state", "held"}}, snapshot.counts.pages_held);
    AddSample(pages, {{"card", reading.card}, {"state", "cached"}}, snapshot.counts.pages_cached);
    AddSample(pages, {{"card", reading.card}, {"state", "free"}}, snapshot.counts.pages_free);
    AddSample(energy, {{"card", reading.card}, {"source", SourceName(snapshot.joules_measured)}},
              snapshot.joules_total);
    if (snapshot.sensors_error.empty()) {
      if (snapshot.sensors.power_known) {
        AddSample(power, {{"card", reading.card}, {"source", SourceName(snapshot.sensors.power_measured)}},
                  snapshot.sensors.power_watts);
      }
      if (snapshot.sensors.temperature_known) {
        AddSample(temperature, {{"card", reading.card}}, snapshot.sensors.temperature_celsius);
      }
    }
    if (snapshot.last_step != absl::InfinitePast()) {
      AddSample(last_step, {{"card", reading.card}},
                absl::ToDoubleSeconds(snapshot.last_step - absl::UnixEpoch()));
    }
  }
  std::vector<MetricFamily> families;
  for (MetricFamily* f : {&running, &waiting, &pages, &state, &power, &energy, &temperature, &last_step}) {
    if (!f->metric.empty()) families.push_back(std::move(*f));
  }
  return families;
}

MetricFamily CollectModels(const std::vector<ModelReading>& models) {
  MetricFamily state{"streamtensor_model_state", "1 for the state the model is in.", MetricType::Gauge, {}};
  for (const ModelReading& reading : models) {
    for (const char* each : kModelStates) {
      AddSample(state, {{"model", reading.model}, {"state", each}}, reading.state == each);
    }
  }
  return state;
}

MetricFamily CollectDroppedLogLines(uint64_t lines) {
  MetricFamily dropped{"streamtensor_log_lines_dropped_total",
                       "Lines of the log that were dropped because stderr took none.",
                       MetricType::Counter,
                       {}};
  AddSample(dropped, {}, static_cast<double>(lines));
  return dropped;
}

// The label of a status: its lower-case name.
std::string Reason(const absl::Status& status) {
  std::string name = absl::StatusCodeToString(status.code());
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

}  // namespace

struct Metrics::Impl {
  class CardObserver;

  explicit Impl(const std::string& version);

  // Removes the series of models and cards without observers.
  void DropModel(const std::string& model) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void DropCard(const std::string& card) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  Family<Counter>& AddCounter(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(std::string("streamtensor_") + name).Help(help).Register(registry);
  }
  Family<Histogram>& AddHistogram(const char* name, const char* help) {
    return prometheus::BuildHistogram()
        .Name(std::string("streamtensor_") + name)
        .Help(help)
        .Register(registry);
  }

  prometheus::Registry registry;
  Family<Counter>& requests = AddCounter("requests_total", "Requests that completed.");
  Family<Counter>& failed = AddCounter("requests_failed_total", "Requests that ended with another status.");
  Family<Counter>& rejected =
      AddCounter("requests_rejected_total", "Requests refused before they were queued.");
  Family<Counter>& rejected_connections =
      AddCounter("connections_rejected_total", "Connections beyond the limits of a port.");
  Counter& unread_replies =
      AddCounter("unread_replies_total", "Replies whose end was not read in time.").Add({});
  Family<Histogram>& first_token =
      AddHistogram("time_to_first_token_seconds", "From arrival to the first token.");
  Family<Histogram>& next_token =
      AddHistogram("inter_token_latency_seconds", "Between two tokens of a request.");
  Family<Histogram>& queued = AddHistogram("request_queue_seconds", "From arrival to the first step.");
  Family<Histogram>& duration = AddHistogram("request_duration_seconds", "From arrival to the end.");
  Family<Counter>& prompt_tokens = AddCounter("prompt_tokens_total", "Prompt tokens of ended requests.");
  Family<Counter>& cached_tokens =
      AddCounter("cached_prompt_tokens_total", "Prompt tokens that needed no computing.");
  Family<Counter>& generated_tokens = AddCounter("generated_tokens_total", "Tokens generated.");
  Family<Counter>& preemptions =
      AddCounter("preemptions_total", "Requests that lost their pages to another.");
  Family<Counter>& steps = AddCounter("steps_total", "Steps run.");
  Family<Histogram>& step_tokens = AddHistogram("step_tokens", "Tokens a step carried.");
  Family<Histogram>& request_energy =
      AddHistogram("request_energy_joules", "A request's share of its steps' energy.");

  Mutex mutex;
  std::map<std::string, int> model_observers ABSL_GUARDED_BY(mutex);  // observers per model
  std::map<std::string, int> card_observers ABSL_GUARDED_BY(mutex);
  std::function<std::vector<CardReading>()> read_cards ABSL_GUARDED_BY(mutex);
  std::function<std::vector<ModelReading>()> read_models ABSL_GUARDED_BY(mutex);
  std::function<uint64_t()> read_dropped_log_lines ABSL_GUARDED_BY(mutex);
};

class Metrics::Impl::CardObserver : public SchedulerObserver {
 public:
  // Created under the lock, so that another observer's destruction cannot remove its series.
  CardObserver(Impl* metrics, const std::string& model, const std::string& card)
      : metrics_(metrics),
        model_(model),
        card_(card),
        first_token_(metrics->first_token.Add({{"model", model}}, LatencyBuckets())),
        next_token_(metrics->next_token.Add({{"model", model}}, LatencyBuckets())),
        queued_(metrics->queued.Add({{"model", model}}, LatencyBuckets())),
        duration_(metrics->duration.Add({{"model", model}}, LatencyBuckets())),
        prompt_tokens_(metrics->prompt_tokens.Add({{"model", model}})),
        cached_tokens_(metrics->cached_tokens.Add({{"model", model}})),
        generated_tokens_(metrics->generated_tokens.Add({{"model", model}})),
        preemptions_(metrics->preemptions.Add({{"model", model}})),
        steps_(metrics->steps.Add({{"card", card}})),
        step_tokens_(metrics->step_tokens.Add({{"card", card}}, StepBuckets())) {}

  ~CardObserver() override {
    MutexLock lock(metrics_->mutex);
    if (--metrics_->model_observers[model_] == 0) metrics_->DropModel(model_);
    if (--metrics_->card_observers[card_] == 0) metrics_->DropCard(card_);
  }

  void OnStep(const StepReport& report) override {
    steps_.Increment();
    step_tokens_.Observe(report.tokens);
  }
  void OnAdmitted(absl::Duration time) override { queued_.Observe(absl::ToDoubleSeconds(time)); }
  void OnFirstToken(absl::Duration time) override {
    generated_tokens_.Increment();
    first_token_.Observe(absl::ToDoubleSeconds(time));
  }
  void OnNextToken(absl::Duration time) override {
    generated_tokens_.Increment();
    next_token_.Observe(absl::ToDoubleSeconds(time));
  }
  void OnPreempted() override { preemptions_.Increment(); }
  void OnFinished(const absl::Status& status, const ReplySummary& summary, absl::Duration time) override {
    duration_.Observe(absl::ToDoubleSeconds(time));
    prompt_tokens_.Increment(summary.prompt_tokens);
    cached_tokens_.Increment(summary.cached_tokens);
    if (summary.joules > 0) {
      metrics_->request_energy
          .Add({{"model", model_}, {"source", SourceName(summary.joules_measured)}}, JouleBuckets())
          .Observe(summary.joules);
    }
    if (status.ok()) {
      const char* reason = summary.finish_reason == FinishReason::kStop ? "stop" : "length";
      metrics_->requests.Add({{"model", model_}, {"finish_reason", reason}}).Increment();
    } else {
      metrics_->failed.Add({{"reason", Reason(status)}}).Increment();
    }
  }

 private:
  Impl* const metrics_;
  const std::string model_;
  const std::string card_;
  Histogram& first_token_;
  Histogram& next_token_;
  Histogram& queued_;
  Histogram& duration_;
  Counter& prompt_tokens_;
  Counter& cached_tokens_;
  Counter& generated_tokens_;
  Counter& preemptions_;
  Counter& steps_;
  Histogram& step_tokens_;
};

Metrics::Impl::Impl(const std::string& version) {
  prometheus::BuildGauge()
      .Name("streamtensor_build_info")
      .Help("1, labelled with the build.")
      .Register(registry)
      .Add({{"version", version}})
      .Set(1);
  for (const char* port : {"grpc", "http", "metrics"}) rejected_connections.Add({{"port", port}});
}

void Metrics::Impl::DropModel(const std::string& model) {
  model_observers.erase(model);
  for (Family<Histogram>* family : {&first_token, &next_token, &queued, &duration}) {
    Drop(*family, {{"model", model}}, LatencyBuckets());
  }
  for (Family<Counter>* family : {&prompt_tokens, &cached_tokens, &generated_tokens, &preemptions}) {
    Drop(*family, {{"model", model}});
  }
  for (const char* reason : {"stop", "length"}) {
    Drop(requests, {{"model", model}, {"finish_reason", reason}});
  }
  for (const bool measured : {false, true}) {
    Drop(request_energy, {{"model", model}, {"source", SourceName(measured)}}, JouleBuckets());
  }
}

void Metrics::Impl::DropCard(const std::string& card) {
  card_observers.erase(card);
  Drop(steps, {{"card", card}});
  Drop(step_tokens, {{"card", card}}, StepBuckets());
}

Metrics::Metrics(const std::string& version) : impl_(std::make_unique<Impl>(version)) {}

Metrics::~Metrics() = default;

void Metrics::SetCards(std::function<std::vector<CardReading>()> read) {
  MutexLock lock(impl_->mutex);
  impl_->read_cards = std::move(read);
}

void Metrics::SetModels(std::function<std::vector<ModelReading>()> read) {
  MutexLock lock(impl_->mutex);
  impl_->read_models = std::move(read);
}

void Metrics::SetDroppedLogLines(std::function<uint64_t()> read) {
  MutexLock lock(impl_->mutex);
  impl_->read_dropped_log_lines = std::move(read);
}

std::unique_ptr<SchedulerObserver> Metrics::Observer(const std::string& model, const std::string& card) {
  MutexLock lock(impl_->mutex);
  auto observer = std::make_unique<Impl::CardObserver>(impl_.get(), model, card);
  ++impl_->model_observers[model];
  ++impl_->card_observers[card];
  return observer;
}

void Metrics::CountRefused(const absl::Status& status) {
  impl_->rejected.Add({{"reason", Reason(status)}}).Increment();
}

void Metrics::CountRefusedConnection(const std::string& port) {
  impl_->rejected_connections.Add({{"port", port}}).Increment();
}

void Metrics::CountUnreadReply() { impl_->unread_replies.Increment(); }

std::string Metrics::Render() const {
  std::vector<MetricFamily> families = impl_->registry.Collect();
  std::function<std::vector<CardReading>()> read_cards;
  std::function<std::vector<ModelReading>()> read_models;
  std::function<uint64_t()> read_dropped_log_lines;
  {
    MutexLock lock(impl_->mutex);
    read_cards = impl_->read_cards;
    read_models = impl_->read_models;
    read_dropped_log_lines = impl_->read_dropped_log_lines;
  }
  auto append = [&families](std::vector<MetricFamily> more) {
    families.insert(families.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  };
  if (read_cards) append(CollectCards(read_cards()));
  if (read_models) families.push_back(CollectModels(read_models()));
  if (read_dropped_log_lines) families.push_back(CollectDroppedLogLines(read_dropped_log_lines()));
  append(CollectProcess());
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace streamtensor::server
