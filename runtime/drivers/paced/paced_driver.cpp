// SPDX-License-Identifier: Apache-2.0
// Paced cards: emulated cards on which a run lasts at least as long as it is modelled to take. A service
// tried on them queues, batches and times out as it would on the modelled card. Where emulation is slower
// than the model, a run lasts as long as the emulation.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "streamtensor/runtime/card.h"
#include "streamtensor/runtime/driver.h"

namespace streamtensor::runtime::drivers {

extern const Driver emulated;

namespace {

constexpr std::string_view kConfigKeys[] = {"threads"};

class PacedCard : public Card {
 public:
  explicit PacedCard(std::unique_ptr<Card> emulated) : emulated_(std::move(emulated)) {}

  absl::Status LoadDesign(const Design& design) override {
    RETURN_IF_ERROR(Usable());
    const absl::Status status = emulated_->LoadDesign(design);
    if (status.ok()) return status;
    return absl::Status(status.code(), absl::StrCat("driver 'paced': ", status.message()));
  }

  absl::StatusOr<std::unique_ptr<CardBuffer>> Allocate(uint32_t argument, uint64_t bytes) override {
    RETURN_IF_ERROR(Usable());
    return emulated_->Allocate(argument, bytes);
  }

  absl::Status SetArgument(uint32_t argument, CardBuffer& buffer) override {
    RETURN_IF_ERROR(Usable());
    return emulated_->SetArgument(argument, buffer);
  }

  absl::StatusOr<RunReport> Run(absl::Duration timeout) override {
    RETURN_IF_ERROR(Usable());
    const absl::Time start = absl::Now();
    ASSIGN_OR_RETURN(RunReport report, emulated_->Run(timeout));
    const absl::Duration modelled = absl::Seconds(report.modelled_seconds);
    absl::SleepFor(start + std::min(modelled, timeout) - absl::Now());
    if (modelled > timeout) {
      timed_out_ = true;
      return absl::DeadlineExceededError(
          absl::StrCat("the run did not end within ", absl::FormatDuration(timeout),
                       "; it is modelled to take ", absl::FormatDuration(modelled)));
    }
    report.card_seconds = std::max(report.card_seconds, report.modelled_seconds);
    return report;
  }

  absl::StatusOr<CardSensors> ReadSensors() override {
    RETURN_IF_ERROR(Usable());
    return emulated_->ReadSensors();
  }

  absl::Status Reset() override {
    RETURN_IF_ERROR(emulated_->Reset());
    timed_out_ = false;
    return absl::OkStatus();
  }

  int64_t ProcessId() const override { return emulated_->ProcessId(); }

 private:
  absl::Status Usable() const {
    return timed_out_ ? absl::UnavailableError("a run on this card timed out; reset the card")
                      : absl::OkStatus();
  }

  std::unique_ptr<Card> emulated_;
  bool timed_out_ = false;  // since the last reset
};

absl::StatusOr<CardOpener> Opener(const CardConfig& config) {
  ASSIGN_OR_RETURN(CardOpener open, emulated.opener(config));
  return CardOpener([open = std::move(open)]() -> absl::StatusOr<std::unique_ptr<Card>> {
    ASSIGN_OR_RETURN(std::unique_ptr<Card> card, open());
    return std::make_unique<PacedCard>(std::move(card));
  });
}

}  // namespace

extern const Driver paced;
constinit const Driver paced = {.name = "paced",
                                .target = "emulation",
                                .runs_designs = true,
                                .config_keys = kConfigKeys,
                                .capabilities = [] { return emulated.capabilities(); },
                                .opener = Opener};

}  // namespace streamtensor::runtime::drivers
