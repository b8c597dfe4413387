// SPDX-License-Identifier: Apache-2.0
#include "runtime/executable/card_decoder.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "artifact/timing_model.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "runtime/executable/argument_buffers.h"
#include "runtime/executable/kernel_launch.h"
#include "runtime/executable/step_descriptor.h"
#include "streamtensor/runtime/card.h"

namespace streamtensor::runtime {
namespace {

using artifact::v1::Argument;
using artifact::v1::Manifest;

constexpr int64_t kMaxSequences = 64;

absl::Status NotOpen() {
  return absl::UnavailableError("the card is not open, or failed before: it must be reset");
}

DecoderInfo InfoOf(const Driver& driver, const Manifest& manifest, int64_t pages) {
  DecoderInfo info;
  info.model_name = manifest.model_name();
  info.platform = manifest.platform();
  info.target = driver.runs_designs ? driver.target : driver.name;
  info.vocabulary = static_cast<int32_t>(manifest.decoder().vocabulary());
  info.max_context = static_cast<int32_t>(manifest.decoder().max_context());
  info.step_tokens = static_cast<int32_t>(manifest.launch().step_tokens());
  info.page_tokens = static_cast<int32_t>(manifest.decoder().kv().page_tokens());
  info.max_pages = static_cast<int32_t>(manifest.launch().max_pages());
  info.pages = static_cast<int32_t>(pages);
  if (!driver.runs_designs) return info;
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

// Pages of one pool: options.kv_pages, or as many as kv_bytes holds, up to kMaxSequences' worth.
// INVALID_ARGUMENT when that is less than one sequence may need.
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
                            : std::min(options.kv_bytes / page_bytes, kMaxSequences * one_sequence);
  if (pages < one_sequence) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.kv_pages > 0 ? "kv_pages" : "kv_bytes", " gives ", pages, " KV pages of ",
                     page_bytes, " bytes, a sequence of ", manifest.decoder().max_context(), " tokens needs ",
                     one_sequence, " (", one_sequence * page_bytes, " bytes a pool)"));
  }
  return pages;
}

class CardDecoder : public Decoder {
 public:
  CardDecoder(const Driver& driver, CardOpener open, Manifest manifest,
              std::unique_ptr<artifact::Artifact> files, int64_t pages)
      : manifest_(std::move(manifest)),
        files_(std::move(files)),
        models_steps_(driver.runs_designs),
        open_(std::move(open)),
        pages_(pages),
        info_(InfoOf(driver, manifest_, pages)),
        limits_(LimitsOf(manifest_, pages)) {
    ST_CHECK(driver.runs_designs == (files_ != nullptr));
  }

  ~CardDecoder() override { Close(); }

  const DecoderInfo& info() const override { return info_; }

  absl::Status Reset() override {
    Close();
    absl::Status status = Open();
    if (!status.ok()) Close();
    return status;
  }

  absl::StatusOr<StepResult> Run(const Step& step, absl::Duration timeout) override {
    if (timeout <= absl::ZeroDuration()) {
      return absl::InvalidArgumentError(
          absl::StrCat("timeout is ", absl::FormatDuration(timeout), ", must be positive"));
    }
    RETURN_IF_ERROR(CheckStep(step, limits_));
    if (!buffers_.has_value()) return NotOpen();
    absl::StatusOr<StepResult> result = Launch(step, timeout);
    // Whatever a failed run still does must not meet the next one.
    if (!result.ok()) Close();
    return result;
  }

  absl::StatusOr<CardSensors> ReadSensors() override {
    if (card_ == nullptr) return NotOpen();
    return card_->ReadSensors();
  }

  std::span<const ProcessTime> process_times() const override { return process_times_; }

 private:
  // A card that was never open needs no reset.
  absl::Status Open() {
    ASSIGN_OR_RETURN(card_, open_());
    if (was_open_) RETURN_IF_ERROR(card_->Reset());
    RETURN_IF_ERROR(
        card_->LoadDesign({.manifest = manifest_,
                           .xclbin = files_ != nullptr ? files_->xclbin() : std::span<const std::byte>()}));
    was_open_ = true;
    ASSIGN_OR_RETURN(buffers_, ArgumentBuffers::Upload(manifest_.kernel(), files_.get(), pages_, *card_));
    return absl::OkStatus();
  }

  void Close() {
    buffers_.reset();  // before their card
    card_.reset();
  }

  absl::StatusOr<StepResult> Launch(const Step& step, absl::Duration timeout) {
    WriteDescriptor(step, limits_, ArgumentBuffers::As<uint32_t>(buffers_->Of(Argument::ROLE_DESCRIPTOR)));
    const artifact::StepShape shape = ShapeOf(step, info_.page_tokens);
    const artifact::ModelledStep modelled =
        models_steps_ ? artifact::ModelStep(manifest_.timing(), shape) : artifact::ModelledStep();
    ASSIGN_OR_RETURN(RunReport report,
                     LaunchKernel(*card_, *buffers_, DescriptorWords(limits_) * 4, modelled, timeout));
    StepResult result;
    if (shape.logits > 0) {
      CardBuffer& logits = buffers_->Of(Argument::ROLE_LOGITS);
      const uint64_t floats = uint64_t{shape.logits} * static_cast<uint64_t>(info_.vocabulary);
      RETURN_IF_ERROR(logits.FromCard(0, floats * sizeof(float)));
      result.logits = ArgumentBuffers::As<const float>(logits).first(floats);
    }
    process_times_ = std::move(report.processes);
    result.card_seconds = report.card_seconds;
    result.modelled_cycles = report.modelled_cycles;
    result.modelled_seconds = report.modelled_seconds;
    result.joules = report.joules;
    result.joules_measured = report.joules_measured;
    return result;
  }

  const Manifest manifest_;
  const std::unique_ptr<artifact::Artifact> files_;  // null: the driver runs no designs
  const bool models_steps_;                          // the artifact's timing model says how long a step takes
  const CardOpener open_;
  const int64_t pages_;
  const DecoderInfo info_;
  const StepLimits limits_;
  bool was_open_ = false;
  std::unique_ptr<Card> card_;
  std::optional<ArgumentBuffers> buffers_;  // empty: not open, or failed
  std::vector<ProcessTime> process_times_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Decoder>> OpenCardDecoder(const Driver& driver, CardOpener open,
                                                         Manifest manifest,
                                                         std::unique_ptr<artifact::Artifact> files,
                                                         const DecoderOptions& options) {
  ASSIGN_OR_RETURN(const int64_t pages, PagesFor(manifest, options));
  auto decoder =
      std::make_unique<CardDecoder>(driver, std::move(open), std::move(manifest), std::move(files), pages);
  if (options.open_card) RETURN_IF_ERROR(decoder->Reset());
  return decoder;
}

}  // namespace streamtensor::runtime
