// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/defects.h"

#include <utility>

namespace conformance {
namespace {

using absl::StatusCode;
using streamtensor::runtime::Card;
using streamtensor::runtime::CardBuffer;
using streamtensor::runtime::CardSensors;
using streamtensor::runtime::Design;
using streamtensor::runtime::DriverCapabilities;
using streamtensor::runtime::RunReport;
using streamtensor::runtime::SyncDirection;

// tests/conformance/CMakeLists.txt says which test catches each.
constexpr Defect kDefects[] = {
    {.name = "loads-anything", .function = Function::kLoadDesign, .code = StatusCode::kInvalidArgument},
    {.name = "loads-under-live-buffers",
     .function = Function::kLoadDesign,
     .code = StatusCode::kFailedPrecondition},
    {.name = "sets-any-buffer", .function = Function::kSetArgument, .code = StatusCode::kInvalidArgument},
    {.name = "syncs-beyond-the-buffer", .function = Function::kSync, .code = StatusCode::kInvalidArgument},
    {.name = "syncs-dead-buffers", .function = Function::kSync, .code = StatusCode::kUnavailable},
    {.name = "runs-without-timeout", .function = Function::kRun, .code = StatusCode::kInvalidArgument},
    {.name = "runs-without-arguments", .function = Function::kRun, .code = StatusCode::kFailedPrecondition},
    {.name = "hides-deadlocks", .function = Function::kRun, .code = StatusCode::kInternal},
    {.name = "hides-timeouts", .function = Function::kRun, .code = StatusCode::kDeadlineExceeded},
    {.name = "hides-deaths", .function = Function::kRun, .code = StatusCode::kUnavailable},
    {.name = "never-resets", .never_resets = true},
    {.name = "flips-bits", .flips_bits = true},
    {.name = "claims-to-compute", .claims_to_compute = true},
};

class DefectiveBuffer : public CardBuffer {
 public:
  DefectiveBuffer(std::unique_ptr<CardBuffer> buffer, const Defect& defect)
      : buffer_(std::move(buffer)), defect_(defect) {}
  std::span<std::byte> host() override { return buffer_->host(); }
  absl::Status Sync(SyncDirection direction, uint64_t offset, uint64_t bytes) override {
    const absl::Status status = buffer_->Sync(direction, offset, bytes);
    if (defect_.function == Function::kSync && status.code() == defect_.code) return absl::OkStatus();
    if (defect_.flips_bits && direction == SyncDirection::kFromCard && bytes > 0)
      host()[offset] ^= std::byte{1};
    return status;
  }
  CardBuffer& buffer() { return *buffer_; }

 private:
  const std::unique_ptr<CardBuffer> buffer_;
  const Defect& defect_;
};

class DefectiveCard : public Card {
 public:
  DefectiveCard(std::unique_ptr<Card> card, const Defect& defect) : card_(std::move(card)), defect_(defect) {}

  absl::Status LoadDesign(const Design& design) override {
    return Forgive(Function::kLoadDesign, card_->LoadDesign(design));
  }
  absl::StatusOr<std::unique_ptr<CardBuffer>> Allocate(uint32_t argument, uint64_t bytes) override {
    absl::StatusOr<std::unique_ptr<CardBuffer>> buffer = card_->Allocate(argument, bytes);
    if (!buffer.ok()) return buffer.status();
    return std::make_unique<DefectiveBuffer>(*std::move(buffer), defect_);
  }
  absl::Status SetArgument(uint32_t argument, CardBuffer& buffer) override {
    return Forgive(Function::kSetArgument,
                   card_->SetArgument(argument, dynamic_cast<DefectiveBuffer&>(buffer).buffer()));
  }
  absl::StatusOr<RunReport> Run(absl::Duration timeout) override {
    absl::StatusOr<RunReport> report = card_->Run(timeout);
    return Forgive(Function::kRun, report.status()).ok() && !report.ok() ? RunReport() : report;
  }
  absl::StatusOr<CardSensors> ReadSensors() override { return card_->ReadSensors(); }
  absl::Status Reset() override { return defect_.never_resets ? absl::OkStatus() : card_->Reset(); }
  int64_t ProcessId() const override { return card_->ProcessId(); }

 private:
  absl::Status Forgive(Function function, const absl::Status& status) const {
    return defect_.function == function && status.code() == defect_.code ? absl::OkStatus() : status;
  }

  const std::unique_ptr<Card> card_;
  const Defect& defect_;
};

}  // namespace

DriverCapabilities Defect::Claim(DriverCapabilities capabilities) const {
  capabilities.computes |= claims_to_compute;
  return capabilities;
}

const Defect* FindDefect(std::string_view name) {
  for (const Defect& defect : kDefects) {
    if (defect.name == name) return &defect;
  }
  return nullptr;
}

std::unique_ptr<Card> MakeDefective(std::unique_ptr<Card> card, const Defect& defect) {
  return std::make_unique<DefectiveCard>(std::move(card), defect);
}

}  // namespace conformance
