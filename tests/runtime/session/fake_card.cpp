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
  absl::Status ToCard(uint64_t offset, uint64_t bytes) override {
    if (offset + bytes > memory.host.size())
      return absl::InvalidArgumentError("transfer outside of the buffer");
    std::memcpy(memory.card.data() + offset, memory.host.data() + offset, bytes);
    return absl::OkStatus();
  }
  absl::Status FromCard(uint64_t offset, uint64_t bytes) override {
    if (offset + bytes > memory.host.size())
      return absl::InvalidArgumentError("transfer outside of the buffer");
    std::memcpy(memory.host.data() + offset, memory.card.data() + offset, bytes);
    return absl::OkStatus();
  }

  FakeBuffer memory;

 private:
  std::shared_ptr<FakeCardState> state_;
};

class Card : public StepCard {
 public:
  explicit Card(std::shared_ptr<FakeCardState> state) : state_(std::move(state)) { ++state_->cards_alive; }
  ~Card() override {
    --state_->cards_alive;
    // Buffers go before their card.
    if (state_->buffers_alive != 0) std::abort();
  }

  absl::StatusOr<std::unique_ptr<CardBuffer>> Allocate(uint32_t argument, uint64_t bytes) override {
    if (!state_->allocate_status.ok()) return state_->allocate_status;
    state_->allocated[argument] = bytes;
    return std::make_unique<Buffer>(state_, bytes);
  }
  absl::Status SetArgument(uint32_t argument, CardBuffer& buffer) override {
    state_->arguments[argument] = &static_cast<Buffer&>(buffer).memory;
    return absl::OkStatus();
  }
  absl::StatusOr<RunOutcome> Run(absl::Duration) override {
    if (!state_->run_status.ok()) return state_->run_status;
    state_->kernel(*state_);
    return state_->outcome;
  }
  absl::StatusOr<CardSensors> ReadSensors() override { return CardSensors{33, false, 40, true}; }

 private:
  std::shared_ptr<FakeCardState> state_;
};

}  // namespace

StepCardOpener OpenFakeCard(std::shared_ptr<FakeCardState> state) {
  return [state](std::span<const std::byte>, const std::string&,
                 bool reset) -> absl::StatusOr<std::unique_ptr<StepCard>> {
    if (!state->open_status.ok()) return state->open_status;
    ++state->opened;
    state->resets += reset;
    return std::make_unique<Card>(state);
  };
}

}  // namespace streamtensor::runtime
