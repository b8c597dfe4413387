// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <sstream>
#include <string>

namespace streamtensor::server {
namespace {

// Samples by name and labels, as the text format spells them.
std::map<std::string, double> Samples(const Metrics& metrics) {
  std::map<std::string, double> samples;
  std::istringstream text(metrics.Render());
  std::string line;
  while (std::getline(text, line)) {
    if (line.empty() || line[0] == '#') continue;
    const size_t space = line.rfind(' ');
    EXPECT_TRUE(samples.emplace(line.substr(0, space), std::stod(line.substr(space))).second)
        << line << " twice";
  }
  return samples;
}

// What the card says of itself, whichever of the two words it is.
TEST(Metrics, SensorsAndEnergyCarryTheirSource) {
  Metrics metrics("1");
  std::vector<CardReading> cards(2);
  cards[0] = {"xrt:0", "m", "ready", CardSnapshot()};
  CardSnapshot& real = *cards[0].snapshot;
  real.sensors_error.clear();
  real.sensors = {.power_known = true,
                  .power_measured = true,
                  .power_watts = 81.5,
                  .temperature_known = true,
                  .temperature_celsius = 64.25};
  real.joules_total = 12;
  real.joules_measured = true;
  real.last_step = absl::FromUnixMillis(1500);
  real.counts = {3, 2, 7, 5, 4};
  cards[1] = {"emulated:0", "m", "ready", CardSnapshot()};
  CardSnapshot& emulated = *cards[1].snapshot;
  emulated.sensors_error.clear();
  emulated.sensors = {.power_known = true, .power_watts = 40};
  emulated.joules_total = 5;
  metrics.SetCards([&cards] { return cards; });
  auto samples = Samples(metrics);
  EXPECT_EQ(samples.at(R"(streamtensor_card_power_watts{card="xrt:0",source="measured"})"), 81.5);
  EXPECT_EQ(samples.at(R"(streamtensor_card_temperature_celsius{card="xrt:0"})"), 64.25);
  EXPECT_EQ(samples.at(R"(streamtensor_card_energy_joules_total{card="xrt:0",source="measured"})"), 12);
  EXPECT_EQ(samples.at(R"(streamtensor_last_step_timestamp_seconds{card="xrt:0"})"), 1.5);
  EXPECT_EQ(samples.at(R"(streamtensor_waiting_requests{model="m",card="xrt:0"})"), 3);
  EXPECT_EQ(samples.at(R"(streamtensor_running_requests{model="m",card="xrt:0"})"), 2);
  EXPECT_EQ(samples.at(R"(streamtensor_kv_pages{card="xrt:0",state="held"})"), 7);
  EXPECT_EQ(samples.at(R"(streamtensor_kv_pages{card="xrt:0",state="cached"})"), 5);
  EXPECT_EQ(samples.at(R"(streamtensor_kv_pages{card="xrt:0",state="free"})"), 4);
  EXPECT_EQ(samples.at(R"(streamtensor_card_power_watts{card="emulated:0",source="modelled"})"), 40);
  EXPECT_EQ(samples.at(R"(streamtensor_card_energy_joules_total{card="emulated:0",source="modelled"})"), 5);
  EXPECT_FALSE(samples.contains(R"(streamtensor_card_temperature_celsius{card="emulated:0"})"))
      << "a sensor that is not there reads nothing, not 0";

  // Sensors that cannot be read give no old values.
  real.sensors_error = "the card does not answer";
  samples = Samples(metrics);
  EXPECT_FALSE(samples.contains(R"(streamtensor_card_power_watts{card="xrt:0",source="measured"})"));
  EXPECT_FALSE(samples.contains(R"(streamtensor_card_temperature_celsius{card="xrt:0"})"));
}

TEST(Metrics, ACardHasOneState) {
  Metrics metrics("1");
  for (const std::string state : kCardStates) {
    metrics.SetCards([&state] { return std::vector<CardReading>{{"c", "m", state, std::nullopt}}; });
    const auto samples = Samples(metrics);
    for (const std::string each : kCardStates) {
      EXPECT_EQ(samples.at("streamtensor_card_state{card=\"c\",state=\"" + each + "\"}"), each == state);
    }
    EXPECT_FALSE(samples.contains(R"(streamtensor_kv_pages{card="c",state="held"})"))
        << "no worker, no pages";
  }
}

TEST(Metrics, CountsARequestOnce) {
  Metrics metrics("1");
  const std::unique_ptr<SchedulerObserver> owned = metrics.Observer("m", "c");
  SchedulerObserver& observer = *owned;
  StepReport step;
  step.tokens = 5;
  observer.OnStep(step);
  observer.OnAdmitted(absl::Milliseconds(3));
  observer.OnFirstToken(absl::Milliseconds(20));
  observer.OnNextToken(absl::Microseconds(50));
  ReplySummary summary;
  summary.finish_reason = FinishReason::kStop;
  summary.prompt_tokens = 9;
  summary.cached_tokens = 4;
  summary.joules = 0.5;
  summary.joules_measured = false;
  observer.OnFinished(absl::OkStatus(), summary, absl::Milliseconds(30));
  observer.OnFinished(absl::DeadlineExceededError("late"), ReplySummary(), absl::Milliseconds(30));
  metrics.CountRefused(absl::ResourceExhaustedError("full"));
  const auto samples = Samples(metrics);
  EXPECT_EQ(samples.at(R"(streamtensor_requests_total{finish_reason="stop",model="m"})"), 1);
  EXPECT_EQ(samples.at(R"(streamtensor_requests_failed_total{reason="deadline_exceeded"})"), 1);
  EXPECT_EQ(samples.at(R"(streamtensor_requests_rejected_total{reason="resource_exhausted"})"), 1);
  EXPECT_EQ(samples.at(R"(streamtensor_steps_total{card="c"})"), 1);
  EXPECT_EQ(samples.at(R"(streamtensor_step_tokens_sum{card="c"})"), 5);
  EXPECT_EQ(samples.at(R"(streamtensor_generated_tokens_total{model="m"})"), 2);
  EXPECT_EQ(samples.at(R"(streamtensor_prompt_tokens_total{model="m"})"), 9);
  EXPECT_EQ(samples.at(R"(streamtensor_cached_prompt_tokens_total{model="m"})"), 4);
  EXPECT_EQ(samples.at(R"(streamtensor_time_to_first_token_seconds_count{model="m"})"), 1);
  EXPECT_EQ(samples.at(R"(streamtensor_inter_token_latency_seconds_bucket{model="m",le="0.0001"})"), 1);
  EXPECT_EQ(samples.at(R"(streamtensor_request_duration_seconds_count{model="m"})"), 2);
  EXPECT_EQ(samples.at(R"(streamtensor_request_energy_joules_sum{model="m",source="modelled"})"), 0.5);
  EXPECT_EQ(samples.at(R"(streamtensor_build_info{version="1"})"), 1);
}

// As on a reload: the new model's observer comes before the old one goes.
TEST(Metrics, SeriesGoWithTheLastObserver) {
  Metrics metrics("1");
  const auto none = Samples(metrics);
  std::unique_ptr<SchedulerObserver> observer = metrics.Observer("m", "c");
  const auto finish = [&observer] {
    ReplySummary summary;
    summary.joules = 1;
    observer->OnFinished(absl::OkStatus(), summary, absl::Milliseconds(1));
  };
  finish();
  const size_t series = Samples(metrics).size();
  EXPECT_GT(series, none.size());
  for (int reload = 0; reload < 3; ++reload) {
    std::unique_ptr<SchedulerObserver> next = metrics.Observer("m", "c");
    observer = std::move(next);
    finish();
    const auto samples = Samples(metrics);
    EXPECT_EQ(samples.size(), series);
    EXPECT_EQ(samples.at(R"(streamtensor_request_duration_seconds_count{model="m"})"), reload + 2)
        << "a reload loses no count";
  }
  observer = metrics.Observer("other", "c");
  EXPECT_FALSE(Samples(metrics).contains(R"(streamtensor_request_duration_seconds_count{model="m"})"));
  EXPECT_TRUE(Samples(metrics).contains(R"(streamtensor_steps_total{card="c"})"));
  observer.reset();
  // Process figures come and go as the system pleases; nothing of models and cards may stay.
  for (const auto& [name, value] : Samples(metrics)) {
    EXPECT_TRUE(none.contains(name)) << name;
  }
}

}  // namespace
}  // namespace streamtensor::server
