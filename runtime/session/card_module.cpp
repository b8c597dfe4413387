// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/card_module.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "artifact/timing_model.h"
#include "kernels/contract/descriptor.h"
#include "runtime/session/argument_buffers.h"
#include "runtime/session/step_descriptor.h"

namespace streamtensor::runtime {
namespace {

using artifact::v1::Argument;
using artifact::v1::Manifest;

class CardModule : public Module {
 public:
  CardModule(std::unique_ptr<artifact::Artifact> artifact, std::unique_ptr<StepCard> card,
             ArgumentBuffers buffers)
      : artifact_(std::move(artifact)), card_(std::move(card)), buffers_(std::move(buffers)) {
    const Manifest& manifest = artifact_->manifest();
    info_.model_name = manifest.model_name();
    info_.platform = manifest.platform();
    info_.target = manifest.target() == Manifest::TARGET_HW ? "hw" : "emulation";
    info_.max_rows = static_cast<int32_t>(manifest.launch().step_tokens());
    for (const Argument& argument : manifest.kernel().arguments()) {
      const ModuleTensor tensor = {argument.name(), static_cast<int32_t>(argument.width())};
      if (argument.role() == Argument::ROLE_INPUT) {
        inputs_.push_back(argument.index());
        info_.inputs.push_back(tensor);
      } else if (argument.role() == Argument::ROLE_OUTPUT) {
        outputs_.push_back(argument.index());
        info_.outputs.push_back(tensor);
      }
    }
  }

  ~CardModule() override { buffers_.reset(); }  // before their card

  const ModuleInfo& info() const override { return info_; }

  absl::StatusOr<ModuleResult> Run(int32_t rows, std::span<const std::span<const float>> inputs,
                                   absl::Duration timeout) override {
    if (absl::Status status = CheckRun(rows, inputs, timeout); !status.ok()) return status;
    if (!buffers_.has_value())
      return absl::UnavailableError("the card failed a run before: open the module again");
    absl::StatusOr<ModuleResult> result = Launch(rows, inputs, timeout);
    if (!result.ok()) buffers_.reset();
    return result;
  }

 private:
  absl::Status CheckRun(int32_t rows, std::span<const std::span<const float>> inputs,
                        absl::Duration timeout) const {
    if (timeout <= absl::ZeroDuration()) {
      return absl::InvalidArgumentError(
          absl::StrCat("timeout is ", absl::FormatDuration(timeout), ", must be positive"));
    }
    if (rows < 1 || rows > info_.max_rows) {
      return absl::InvalidArgumentError(absl::StrCat("rows is ", rows, ", must be 1..", info_.max_rows));
    }
    if (inputs.size() != info_.inputs.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat(inputs.size(), " inputs given, the module has ", info_.inputs.size()));
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto expected = static_cast<std::size_t>(rows) * static_cast<std::size_t>(info_.inputs[i].width);
      if (inputs[i].size() != expected) {
        return absl::InvalidArgumentError(absl::StrCat("input ", i, " (", info_.inputs[i].name, ") has ",
                                                       inputs[i].size(), " elements, must have ", rows,
                                                       " rows of ", info_.inputs[i].width));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<ModuleResult> Launch(int32_t rows, std::span<const std::span<const float>> inputs,
                                      absl::Duration timeout) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      CardBuffer& buffer = buffers_->At(inputs_[i]);
      std::copy(inputs[i].begin(), inputs[i].end(), ArgumentBuffers::As<float>(buffer).begin());
      if (absl::Status status = buffer.ToCard(0, inputs[i].size_bytes()); !status.ok()) return status;
    }
    CardBuffer& descriptor = buffers_->Of(Argument::ROLE_DESCRIPTOR);
    WriteModuleDescriptor(rows, ArgumentBuffers::As<uint32_t>(descriptor));
    if (absl::Status status = descriptor.ToCard(0, descriptor.host().size()); !status.ok()) return status;
    CardBuffer& status_buffer = buffers_->Of(Argument::ROLE_STATUS);
    const std::span<uint32_t> words = ArgumentBuffers::As<uint32_t>(status_buffer);
    std::fill(words.begin(), words.end(), contract::kStatusCleared);
    if (absl::Status status = status_buffer.ToCard(0, contract::kStatusWords * 4); !status.ok())
      return status;

    absl::StatusOr<RunOutcome> outcome = card_->Run(timeout);
    if (!outcome.ok()) return outcome.status();
    if (absl::Status status = status_buffer.FromCard(0, contract::kStatusWords * 4); !status.ok())
      return status;
    if (absl::Status status = CheckStatus(words); !status.ok()) return status;

    ModuleResult result;
    result.card_seconds = outcome->card_seconds;
    result.processes = std::move(outcome->processes);
    const artifact::ModelledStep modelled =
        artifact::ModelStep(artifact_->manifest().timing(), {static_cast<uint32_t>(rows), 0, 0});
    const bool card_models = outcome->modelled_cycles != 0;
    result.modelled_cycles = card_models ? outcome->modelled_cycles : modelled.cycles;
    result.modelled_seconds = card_models ? outcome->modelled_seconds : modelled.seconds;
    result.joules = card_models || outcome->joules_measured ? outcome->joules : modelled.joules;
    result.joules_measured = outcome->joules_measured;
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      CardBuffer& buffer = buffers_->At(outputs_[i]);
      const auto floats = static_cast<std::size_t>(rows) * static_cast<std::size_t>(info_.outputs[i].width);
      if (absl::Status status = buffer.FromCard(0, floats * sizeof(float)); !status.ok()) return status;
      const std::span<const float> values = ArgumentBuffers::As<const float>(buffer).first(floats);
      result.outputs.emplace_back(values.begin(), values.end());
    }
    return result;
  }

  const std::unique_ptr<artifact::Artifact> artifact_;
  const std::unique_ptr<StepCard> card_;
  std::optional<ArgumentBuffers> buffers_;  // empty: a run failed
  ModuleInfo info_;
  std::vector<uint32_t> inputs_, outputs_;  // argument indices
};

}  // namespace

absl::StatusOr<std::unique_ptr<Module>> OpenCardModule(std::unique_ptr<artifact::Artifact> artifact,
                                                       const StepCardOpener& open) {
  absl::StatusOr<std::unique_ptr<StepCard>> card =
      open(artifact->xclbin(), artifact->manifest().kernel().name(), /*reset=*/false);
  if (!card.ok()) return card.status();
  absl::StatusOr<ArgumentBuffers> buffers = ArgumentBuffers::Upload(*artifact, 0, **card);
  if (!buffers.ok()) return buffers.status();
  return std::make_unique<CardModule>(std::move(artifact), *std::move(card), *std::move(buffers));
}

}  // namespace streamtensor::runtime
