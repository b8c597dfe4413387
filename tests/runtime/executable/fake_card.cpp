// SPDX-License-Identifier: Apache-2.0
#include "fake_card.h"

#include <cstring>
#include <utility>

namespace streamtensor::runtime {
namespace {

class Buffer : public CardBuffer {
 public:
  Buffer(std::shared_ptr<FakeCardState> state, uint64_t bytes) : state_(std::move(state)) {
    memory.host.assign(bytes, std::byte{0xcd});
    memory.card.assign(bytes, std::byte{0xee});
    ++state_->buffers_alive;
  }
  ~Buffer() override { --state_->buffers_alive; }

  std::span<std::byte> host() override { return memory.host; }
  absl::Status Sync(SyncDirection direction, uint64_t offset, uint64_t bytes) override {
    if (offset + bytes > memory.host.size())
      return absl::InvalidArgumentError("transfer outside of the buffer");
    std::byte* const host = memory.host.data() + offset;
    std::byte* const card = memory.card.data() + offset;
    if (direction == SyncDirection::kToCard) {
      std::memcpy(card, host, bytes);
    } else {
      std::memcpy(host, card, bytes);
    }
    return absl::OkStatus();
  }

  FakeBuffer memory;

 private:
  std::shared_ptr<FakeCardState> state_;
};

class FakeCard : public Card {
 public:
  explicit FakeCard(std::shared_ptr<FakeCardState> state) : state_(std::move(state)) {
    ++state_->cards_alive;
  }
  ~FakeCard() override {
    --state_->cards_alive;
    // Buffers go before their card.
    if (state_->buffers_alive != 0) std::abort();
  }

  absl::Status LoadDesign(const Design&) override { return absl::OkStatus(); }
  absl::StatusOr<std::unique_ptr<CardBuffer>> Allocate(uint32_t argument, uint64_t bytes) override {
    if (!state_->allocate_status.ok()) return state_->allocate_status;
    state_->allocated[argument] = bytes;
    return std::make_unique<Buffer>(state_, bytes);
  }
  absl::Status SetArgument(uint32_t argument, CardBuffer& buffer) override {
    state_->arguments[argument] = &static_cast<Buffer&>(buffer).memory;
    return absl::OkStatus();
  }
  absl::StatusOr<RunReport> Run(absl::Duration) override {
    if (!state_->run_status.ok()) return state_->run_status;
    state_->kernel(*state_);
    return state_->report;
  }
  absl::StatusOr<CardSensors> ReadSensors() override {
    CardSensors sensors;
    sensors.power_known = true;
    sensors.power_watts = 33;
    return sensors;
  }
  absl::Status Reset() override {
    ++state_->resets;
    return absl::OkStatus();
  }

 private:
  std::shared_ptr<FakeCardState> state_;
};

}  // namespace

const Driver kFakeDriver = {.name = "fake",
                            .target = "emulation",
                            .runs_designs = true,
                            .config_keys = {},
                            .capabilities = [] { return DriverCapabilities(); },
                            .opener = nullptr};

CardOpener OpenFakeCard(std::shared_ptr<FakeCardState> state) {
  return [state]() -> absl::StatusOr<std::unique_ptr<Card>> {
    if (!state->open_status.ok()) return state->open_status;
    ++state->opened;
    return std::make_unique<FakeCard>(state);
  };
}

}  // namespace streamtensor::runtime
