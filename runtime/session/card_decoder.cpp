// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/card_decoder.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/contract/descriptor.h"
#include "runtime/session/argument_buffers.h"

namespace streamtensor::runtime {
namespace {

using artifact::v1::Argument;
using artifact::v1::Manifest;

constexpr int64_t kMostSequences = 64;

class CardDecoder : public Decoder {
 public:
  CardDecoder(std::unique_ptr<artifact::Artifact> artifact, StepCardOpener open, int64_t pages)
      : artifact_(std::move(artifact)),
        open_(std::move(open)),
        pages_(pages),
        info_(InfoOf(artifact_->manifest(), pages)),
        limits_(LimitsOf(artifact_->manifest(), pages)) {}

  ~CardDecoder() override { Close(); }

  const DecoderInfo& info() const override { return info_; }

  // A card that was never open needs no reset.
  absl::Status Reset() override {
    Close();
    absl::StatusOr<std::unique_ptr<StepCard>> card =
        open_(artifact_->xclbin(), artifact_->manifest().kernel().name(), /*reset=*/was_open_);
    if (!card.ok()) return card.status();
    was_open_ = true;
    card_ = *std::move(card);
    absl::StatusOr<ArgumentBuffers> buffers = ArgumentBuffers::Upload(*artifact_, pages_, *card_);
    if (!buffers.ok()) {
      Close();
      return buffers.status();
    }
    buffers_.emplace(*std::move(buffers));
    return absl::OkStatus();
  }

  absl::StatusOr<StepResult> Run(const Step& step, absl::Duration timeout) override {
    if (timeout <= absl::ZeroDuration()) {
      return absl::InvalidArgumentError(
          absl::StrCat("timeout is ", absl::FormatDuration(timeout), ", must be positive"));
    }
    if (absl::Status status = CheckStep(step, limits_); !status.ok()) return status;
    if (!buffers_.has_value()) {
      return absl::UnavailableError("the card is not open, or failed before: it must be reset");
    }
    absl::StatusOr<StepResult> result = Launch(step, timeout);
    // Whatever a run that failed may still do, it must not meet the next one.
    if (!result.ok()) Close();
    return result;
  }

  absl::StatusOr<CardSensors> ReadSensors() override {
    if (card_ == nullptr) {
      return absl::UnavailableError("the card is not open, or failed before: it must be reset");
    }
    return card_->ReadSensors();
  }

  std::span<const ProcessTime> process_times() const override { return process_times_; }

 private:
  absl::StatusOr<StepResult> Launch(const Step& step, absl::Duration timeout) {
    CardBuffer& descriptor = buffers_->Of(Argument::ROLE_DESCRIPTOR);
    const std::span<uint32_t> words = ArgumentBuffers::As<uint32_t>(descriptor);
    WriteDescriptor(step, limits_, words);
    if (absl::Status status = descriptor.ToCard(0, DescriptorWords(limits_) * 4); !status.ok()) return status;
    CardBuffer& status_buffer = buffers_->Of(Argument::ROLE_STATUS);
    const std::span<uint32_t> status_words = ArgumentBuffers::As<uint32_t>(status_buffer);
    std::fill(status_words.begin(), status_words.end(), contract::kStatusCleared);
    if (absl::Status status = status_buffer.ToCard(0, contract::kStatusWords * 4); !status.ok())
      return status;

    absl::StatusOr<RunOutcome> outcome = card_->Run(timeout);
    if (!outcome.ok()) return outcome.status();

    if (absl::Status status = status_buffer.FromCard(0, contract::kStatusWords * 4); !status.ok())
      return status;
    if (absl::Status status = CheckStatus(status_words); !status.ok()) return status;
    const artifact::StepShape shape = ShapeOf(step, info_.page_tokens);
    StepResult result;
    if (shape.logits > 0) {
      CardBuffer& logits = buffers_->Of(Argument::ROLE_LOGITS);
      const uint64_t floats = uint64_t{shape.logits} * static_cast<uint64_t>(info_.vocabulary);
      if (absl::Status status = logits.FromCard(0, floats * sizeof(float)); !status.ok()) return status;
      result.logits = ArgumentBuffers::As<const float>(logits).first(floats);
    }
    result.card_seconds = outcome->card_seconds;
    process_times_ = std::move(outcome->processes);
    const artifact::ModelledStep modelled = artifact::ModelStep(artifact_->manifest().timing(), shape);
    const bool card_models = outcome->modelled_cycles != 0;
    result.modelled_cycles = card_models ? outcome->modelled_cycles : modelled.cycles;
    result.modelled_seconds = card_models ? outcome->modelled_seconds : modelled.seconds;
    result.joules_measured = outcome->joules_measured;
    result.joules = card_models || outcome->joules_measured ? outcome->joules : modelled.joules;
    return result;
  }

  void Close() {
    buffers_.reset();  // before their card
    card_.reset();
  }

  const std::unique_ptr<artifact::Artifact> artifact_;
  const StepCardOpener open_;
  const int64_t pages_;
  const DecoderInfo info_;
  const StepLimits limits_;
  bool was_open_ = false;
  std::unique_ptr<StepCard> card_;
  std::optional<ArgumentBuffers> buffers_;  // empty: not open, or failed
  std::vector<ProcessTime> process_times_;
};

}  // namespace

DecoderInfo InfoOf(const Manifest& manifest, int64_t pages) {
  DecoderInfo info;
  info.model_name = manifest.model_name();
  info.platform = manifest.platform();
  info.target = manifest.target() == Manifest::TARGET_HW ? "hw" : "emulation";
  info.vocabulary = static_cast<int32_t>(manifest.decoder().vocabulary());
  info.max_context = static_cast<int32_t>(manifest.decoder().max_context());
  info.step_tokens = static_cast<int32_t>(manifest.launch().step_tokens());
  info.page_tokens = static_cast<int32_t>(manifest.decoder().kv().page_tokens());
  info.max_pages = static_cast<int32_t>(manifest.launch().max_pages());
  info.pages = static_cast<int32_t>(pages);
  info.modelled_clock_hz = manifest.timing().clock_hz();
  for (uint32_t tokens = 1; static_cast<int>(tokens) <= manifest.timing().step_cycles_size(); ++tokens) {
    const artifact::ModelledStep modelled =
        artifact::ModelStep(manifest.timing(), {.tokens = tokens, .logits = tokens});
    info.modelled_step_cycles.push_back(modelled.cycles);
    info.modelled_step_joules.push_back(modelled.joules);
  }
  return info;
}

StepLimits LimitsOf(const Manifest& manifest, int64_t pages) {
  StepLimits limits;
  limits.vocabulary = static_cast<int32_t>(manifest.decoder().vocabulary());
  limits.max_context = static_cast<int32_t>(manifest.decoder().max_context());
  limits.step_tokens = static_cast<int32_t>(manifest.launch().step_tokens());
  limits.step_logits = static_cast<int32_t>(manifest.launch().step_logits());
  limits.page_tokens = static_cast<int32_t>(manifest.decoder().kv().page_tokens());
  limits.max_pages = static_cast<int32_t>(manifest.launch().max_pages());
  limits.pages = static_cast<int32_t>(pages);
  return limits;
}

absl::StatusOr<int64_t> PagesFor(const Manifest& manifest, const DecoderOptions& options) {
  const auto page_bytes = static_cast<int64_t>(manifest.decoder().kv().page_bytes());
  const auto page_tokens = static_cast<int64_t>(manifest.decoder().kv().page_tokens());
  const int64_t one_sequence =
      (static_cast<int64_t>(manifest.decoder().max_context()) + page_tokens - 1) / page_tokens;
  if (options.kv_pages < 0 || options.kv_pages > std::numeric_limits<int32_t>::max() ||
      options.kv_pages > std::numeric_limits<int64_t>::max() / page_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("kv_pages is ", options.kv_pages, ", which is out of range"));
  }
  const int64_t pages = options.kv_pages > 0
                            ? options.kv_pages
                            : std::min(options.kv_bytes / page_bytes, kMostSequences * one_sequence);
  if (pages < one_sequence) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.kv_pages > 0 ? "kv_pages" : "kv_bytes", " gives ", pages, " KV pages of ",
                     page_bytes, " bytes, a sequence of ", manifest.decoder().max_context(), " tokens needs ",
                     one_sequence, " (", one_sequence * page_bytes, " bytes a pool)"));
  }
  return pages;
}

absl::StatusOr<std::unique_ptr<Decoder>> OpenCardDecoder(std::unique_ptr<artifact::Artifact> artifact,
                                                         StepCardOpener open, const DecoderOptions& options) {
  const absl::StatusOr<int64_t> pages = PagesFor(artifact->manifest(), options);
  if (!pages.ok()) return pages.status();
  auto decoder = std::make_unique<CardDecoder>(std::move(artifact), std::move(open), *pages);
  if (options.open_card) {
    if (absl::Status status = decoder->Reset(); !status.ok()) return status;
  }
  return decoder;
}

}  // namespace streamtensor::runtime
