// SPDX-License-Identifier: Apache-2.0
// Cards that compute nothing, for tests of what lies above them, and the driver to copy for a new one
// (docs/how-to/write-a-driver.md). A run sleeps, has the faults that its configuration asks for, and does to
// its KV pages, logits and status what HashModel says. Nothing is modelled and energy is 0.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "runtime/drivers/dummy/dummy_faults.h"
#include "runtime/drivers/dummy/hash_model.h"
#include "streamtensor/artifact/v1/manifest.pb.h"
#include "streamtensor/runtime/driver.h"

namespace streamtensor::runtime::drivers {
namespace {

using artifact::v1::Argument;
using artifact::v1::Manifest;

constexpr std::string_view kConfigKeys[] = {"step_us", "faults"};

// Which design, or none, is loaded. Shared with the buffers, which may outlive it.
struct LoadState {
  uint64_t generation = 0;    // of the design; no buffer of another one can be used
  uint64_t live_buffers = 0;  // of this generation
  std::string broken;         // not empty: why the card must be reset

  absl::Status CheckUsable() const {
    if (broken.empty()) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("the card must be reset: ", broken));
  }
};

// One memory is both sides.
class DummyBuffer : public CardBuffer {
 public:
  // Null: no memory. `load` is of the card, which outlives its buffers.
  static std::unique_ptr<DummyBuffer> Make(LoadState& load, uint32_t bank, uint64_t bytes) {
    // Pages of memory come into being when they are first written: nothing writes weights and KV pools.
    Memory memory(static_cast<std::byte*>(std::calloc(1, bytes)), &std::free);
    if (memory == nullptr) return nullptr;
    return std::unique_ptr<DummyBuffer>(new DummyBuffer(load, bank, std::move(memory), bytes));
  }
  ~DummyBuffer() override {
    if (generation_ != load_.generation) return;
    ST_CHECK(load_.live_buffers > 0);
    --load_.live_buffers;
  }
  DummyBuffer(const DummyBuffer&) = delete;
  DummyBuffer& operator=(const DummyBuffer&) = delete;

  std::span<std::byte> host() override { return {memory_.get(), bytes_}; }

  absl::Status Sync(SyncDirection, uint64_t offset, uint64_t bytes) override {
    RETURN_IF_ERROR(load_.CheckUsable());
    if (generation_ != load_.generation) {
      return absl::UnavailableError("the buffer is from before the card's reset");
    }
    if (offset > bytes_ || bytes > bytes_ - offset) {
      return absl::InvalidArgumentError(
          absl::StrCat("bytes ", offset, "+", bytes, " of a buffer of ", bytes_));
    }
    return absl::OkStatus();
  }

  bool IsOf(const LoadState& load) const { return &load_ == &load && generation_ == load.generation; }
  uint32_t bank() const { return bank_; }
  template <class T>
  std::span<T> As() {
    return {reinterpret_cast<T*>(memory_.get()), bytes_ / sizeof(T)};
  }

 private:
  using Memory = std::unique_ptr<std::byte, decltype(&std::free)>;

  DummyBuffer(LoadState& load, uint32_t bank, Memory memory, uint64_t bytes)
      : load_(load), generation_(load.generation), bank_(bank), memory_(std::move(memory)), bytes_(bytes) {
    ++load_.live_buffers;
  }

  LoadState& load_;
  const uint64_t generation_;
  const uint32_t bank_;
  const Memory memory_;
  const uint64_t bytes_;
};

class DummyCard : public Card {
 public:
  explicit DummyCard(std::shared_ptr<FaultyHardware> hardware) : hardware_(std::move(hardware)) {}

  absl::Status LoadDesign(const Design& design) override {
    RETURN_IF_ERROR(load_.CheckUsable());
    if (load_.live_buffers > 0) {
      return absl::FailedPreconditionError(
          absl::StrCat(load_.live_buffers, " buffers of the design before are still allocated"));
    }
    const Manifest& manifest = design.manifest;
    if (!manifest.has_decoder()) {
      return absl::InvalidArgumentError(absl::StrCat("a dummy card only pretends to decode, and ",
                                                     manifest.model_name(), " is not a decoder"));
    }
    Unload();
    arguments_.assign(manifest.kernel().arguments().begin(), manifest.kernel().arguments().end());
    buffers_.resize(arguments_.size());
    model_.emplace(manifest);
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<CardBuffer>> Allocate(uint32_t argument, uint64_t bytes) override {
    RETURN_IF_ERROR(CheckArgument(argument));
    if (bytes == 0) return absl::InvalidArgumentError("a buffer of 0 bytes");
    std::unique_ptr<DummyBuffer> buffer = DummyBuffer::Make(load_, arguments_[argument].bank(), bytes);
    if (buffer == nullptr) {
      return absl::ResourceExhaustedError(absl::StrCat("a buffer of ", bytes, " bytes: no memory"));
    }
    return buffer;
  }

  absl::Status SetArgument(uint32_t argument, CardBuffer& buffer) override {
    RETURN_IF_ERROR(CheckArgument(argument));
    const std::string name = absl::StrCat("argument ", argument, " (", arguments_[argument].name(), ")");
    auto* const ours = dynamic_cast<DummyBuffer*>(&buffer);
    if (ours == nullptr || !ours->IsOf(load_)) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": the buffer was not allocated on this card"));
    }
    if (ours->bank() != arguments_[argument].bank()) {
      return absl::InvalidArgumentError(absl::StrCat(name, " is connected to memory bank ",
                                                     arguments_[argument].bank(),
                                                     ", the buffer lies in bank ", ours->bank()));
    }
    if (buffer.host().size() < arguments_[argument].bytes()) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": a buffer of ", buffer.host().size(),
                                                     " bytes, the design needs ",
                                                     arguments_[argument].bytes()));
    }
    buffers_[argument] = ours;
    switch (arguments_[argument].role()) {
      case Argument::ROLE_DESCRIPTOR:
        descriptor_ = ours->As<const uint32_t>();
        break;
      case Argument::ROLE_STATUS:
        status_ = ours->As<uint32_t>();
        break;
      case Argument::ROLE_LOGITS:
        model_->SetLogits(ours->As<float>());
        break;
      case Argument::ROLE_K_READ:
        model_->SetPages(buffer.host().size() / arguments_[argument].bytes());
        break;
      default:
        break;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<RunReport> Run(absl::Duration timeout) override {
    RETURN_IF_ERROR(CheckLoaded());
    if (timeout <= absl::ZeroDuration()) {
      return absl::InvalidArgumentError(
          absl::StrCat("timeout is ", absl::FormatDuration(timeout), ", must be positive"));
    }
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
      if (buffers_[i] == nullptr) {
        return absl::FailedPreconditionError(
            absl::StrCat("argument ", i, " (", arguments_[i].name(), ") was never set"));
      }
    }
    const auto begin = std::chrono::steady_clock::now();
    if (absl::Status status = hardware_->Run(absl::ToChronoMicroseconds(timeout)); !status.ok()) {
      load_.broken = std::string(status.message());
      return status;
    }
    model_->Run(descriptor_, status_);
    RunReport report;
    report.card_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return report;
  }

  absl::StatusOr<CardSensors> ReadSensors() override {
    RETURN_IF_ERROR(load_.CheckUsable());
    CardSensors sensors;
    sensors.power_known = true;  // modelled: what computes nothing takes nothing
    return sensors;
  }

  absl::Status Reset() override {
    Unload();
    absl::Status status = hardware_->Answer();
    load_.broken = status.ok() ? "" : "its reset did not succeed";
    return status;
  }

 private:
  void Unload() {
    ++load_.generation;
    load_.live_buffers = 0;
    arguments_.clear();
    buffers_.clear();
    model_.reset();
  }

  absl::Status CheckLoaded() const {
    RETURN_IF_ERROR(load_.CheckUsable());
    return model_.has_value() ? absl::OkStatus() : absl::FailedPreconditionError("no design is loaded");
  }

  absl::Status CheckArgument(uint32_t argument) const {
    RETURN_IF_ERROR(CheckLoaded());
    if (argument < arguments_.size()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("the kernel has no argument ", argument, "; it has ", arguments_.size()));
  }

  const std::shared_ptr<FaultyHardware> hardware_;
  LoadState load_;
  std::vector<Argument> arguments_;
  std::vector<DummyBuffer*> buffers_;  // by argument; null: not set
  std::span<const uint32_t> descriptor_;
  std::span<uint32_t> status_;
  std::optional<HashModel> model_;  // empty: no design loaded
};

DriverCapabilities Capabilities() { return {.writes_status = true}; }

absl::StatusOr<CardOpener> Opener(const CardConfig& config) {
  if (config.dummy_step_us < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("step_us is ", config.dummy_step_us, ", must not be negative"));
  }
  auto hardware = std::make_shared<FaultyHardware>(config);
  return CardOpener([hardware]() -> absl::StatusOr<std::unique_ptr<Card>> {
    RETURN_IF_ERROR(hardware->Answer());
    return std::make_unique<DummyCard>(hardware);
  });
}

}  // namespace

extern const Driver dummy;
constinit const Driver dummy = {.name = "dummy",
                                .target = "emulation",
                                .runs_designs = false,
                                .config_keys = kConfigKeys,
                                .capabilities = Capabilities,
                                .opener = Opener};

}  // namespace streamtensor::runtime::drivers
