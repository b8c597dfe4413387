// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/driver_card.h"

#include <utility>

#include "runtime/driver/card.h"

namespace streamtensor::runtime {
namespace {

class DriverBuffer : public CardBuffer {
 public:
  explicit DriverBuffer(std::unique_ptr<driver::Buffer> buffer) : buffer_(std::move(buffer)) {}
  std::span<std::byte> host() override { return buffer_->host(); }
  absl::Status ToCard(uint64_t offset, uint64_t bytes) override {
    return buffer_->Sync(driver::SyncDirection::kToCard, offset, bytes);
  }
  absl::Status FromCard(uint64_t offset, uint64_t bytes) override {
    return buffer_->Sync(driver::SyncDirection::kFromCard, offset, bytes);
  }
  driver::Buffer& buffer() { return *buffer_; }

 private:
  const std::unique_ptr<driver::Buffer> buffer_;
};

class DriverCard : public StepCard {
 public:
  explicit DriverCard(std::unique_ptr<driver::Card> card) : card_(std::move(card)) {}

  absl::StatusOr<std::unique_ptr<CardBuffer>> Allocate(uint32_t argument, uint64_t bytes) override {
    absl::StatusOr<std::unique_ptr<driver::Buffer>> buffer = card_->Allocate(argument, bytes);
    if (!buffer.ok()) return buffer.status();
    return std::make_unique<DriverBuffer>(*std::move(buffer));
  }

  // Every buffer of a session comes from Allocate above.
  absl::Status SetArgument(uint32_t argument, CardBuffer& buffer) override {
    return card_->SetArgument(argument, static_cast<DriverBuffer&>(buffer).buffer());
  }

  absl::StatusOr<RunOutcome> Run(absl::Duration timeout) override {
    absl::StatusOr<driver::RunReport> report = card_->Run(timeout);
    if (!report.ok()) {
      // A design that failed is a card that failed: what is above resets and goes on.
      return absl::IsInternal(report.status()) ? absl::UnavailableError(report.status().message())
                                               : report.status();
    }
    RunOutcome outcome;
    outcome.card_seconds = report->card_seconds;
    if (report->modelled) {
      outcome.modelled_cycles = report->modelled_cycles;
      outcome.modelled_seconds = report->modelled_seconds;
    }
    if (report->joules_known) {
      outcome.joules = report->joules;
      outcome.joules_measured = report->joules_measured;
    }
    outcome.processes.reserve(report->processes.size());
    for (driver::ProcessTime& process : report->processes) {
      outcome.processes.push_back({std::move(process.name), process.nanoseconds, process.switches});
    }
    return outcome;
  }

  absl::StatusOr<CardSensors> ReadSensors() override {
    const absl::StatusOr<driver::SensorReport> report = card_->ReadSensors();
    if (!report.ok()) return report.status();
    CardSensors sensors;
    sensors.power_watts = report->power_watts;
    sensors.power_measured = report->power_measured;
    sensors.temperature_known = report->temperature_known;
    sensors.temperature_celsius = report->temperature_celsius;
    return sensors;
  }

 private:
  const std::unique_ptr<driver::Card> card_;
};

}  // namespace

StepCardOpener DriverCardOpener(const DecoderOptions& options) {
  driver::CardOptions card_options;
  card_options.card = options.card;
  card_options.card_program = options.card_program;
  card_options.module_dir = options.module_dir;
  return [card_options](std::span<const std::byte> xclbin, const std::string& kernel,
                        bool reset) -> absl::StatusOr<std::unique_ptr<StepCard>> {
    absl::StatusOr<std::unique_ptr<driver::Card>> card = driver::Card::Open(card_options);
    if (!card.ok()) return card.status();
    if (reset) {
      if (absl::Status status = (*card)->Reset(); !status.ok()) return status;
    }
    if (absl::Status status = (*card)->LoadXclbin(xclbin, kernel); !status.ok()) return status;
    return std::make_unique<DriverCard>(*std::move(card));
  };
}

}  // namespace streamtensor::runtime
