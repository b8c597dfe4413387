// SPDX-License-Identifier: Apache-2.0
#include "runtime/executable/card_executable.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "artifact/timing_model.h"
#include "base/status_macros.h"
#include "runtime/executable/argument_buffers.h"
#include "runtime/executable/kernel_launch.h"
#include "runtime/executable/step_descriptor.h"
#include "streamtensor/artifact/v1/manifest.pb.h"
#include "streamtensor/runtime/card.h"

namespace streamtensor::runtime {
namespace {

using artifact::v1::Argument;
using artifact::v1::Manifest;

class CardExecutable : public Executable {
 public:
  CardExecutable(std::unique_ptr<artifact::Artifact> artifact, std::unique_ptr<Card> card,
                 ArgumentBuffers buffers)
      : artifact_(std::move(artifact)), card_(std::move(card)), buffers_(std::move(buffers)) {
    const Manifest& manifest = artifact_->manifest();
    info_.model_name = manifest.model_name();
    info_.platform = manifest.platform();
    info_.target = manifest.target() == Manifest::TARGET_HW ? "hw" : "emulation";
    info_.max_rows = static_cast<int32_t>(manifest.launch().step_tokens());
    for (const Argument& argument : manifest.kernel().arguments()) {
      const ExecutableTensor tensor = {argument.name(), static_cast<int32_t>(argument.width())};
      if (argument.role() == Argument::ROLE_INPUT) {
        inputs_.push_back(argument.index());
        info_.inputs.push_back(tensor);
      } else if (argument.role() == Argument::ROLE_OUTPUT) {
        outputs_.push_back(argument.index());
        info_.outputs.push_back(tensor);
      }
    }
  }

  ~CardExecutable() override { buffers_.reset(); }  // before their card

  const ExecutableInfo& info() const override { return info_; }

  absl::StatusOr<ExecutableResult> Run(int32_t rows, std::span<const std::span<const float>> inputs,
                                       absl::Duration timeout) override {
    RETURN_IF_ERROR(CheckRun(rows, inputs, timeout));
    if (!buffers_.has_value())
      return absl::UnavailableError("the card failed a run before: open the module again");
    absl::StatusOr<ExecutableResult> result = Launch(rows, inputs, timeout);
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

  absl::StatusOr<ExecutableResult> Launch(int32_t rows, std::span<const std::span<const float>> inputs,
                                          absl::Duration timeout) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      CardBuffer& buffer = buffers_->At(inputs_[i]);
      std::copy(inputs[i].begin(), inputs[i].end(), ArgumentBuffers::As<float>(buffer).begin());
      RETURN_IF_ERROR(buffer.ToCard(0, inputs[i].size_bytes()));
    }
    CardBuffer& descriptor = buffers_->Of(Argument::ROLE_DESCRIPTOR);
    WriteRowsDescriptor(rows, ArgumentBuffers::As<uint32_t>(descriptor));
    const artifact::ModelledStep modelled =
        artifact::ModelStep(artifact_->manifest().timing(), {.tokens = static_cast<uint32_t>(rows)});
    ASSIGN_OR_RETURN(RunReport report,
                     LaunchKernel(*card_, *buffers_, descriptor.host().size(), modelled, timeout));

    ExecutableResult result;
    result.card_seconds = report.card_seconds;
    result.modelled_cycles = report.modelled_cycles;
    result.modelled_seconds = report.modelled_seconds;
    result.joules = report.joules;
    result.joules_measured = report.joules_measured;
    result.processes = std::move(report.processes);
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      CardBuffer& buffer = buffers_->At(outputs_[i]);
      const auto floats = static_cast<std::size_t>(rows) * static_cast<std::size_t>(info_.outputs[i].width);
      RETURN_IF_ERROR(buffer.FromCard(0, floats * sizeof(float)));
      const std::span<const float> values = ArgumentBuffers::As<const float>(buffer).first(floats);
      result.outputs.emplace_back(values.begin(), values.end());
    }
    return result;
  }

  const std::unique_ptr<artifact::Artifact> artifact_;
  const std::unique_ptr<Card> card_;
  std::optional<ArgumentBuffers> buffers_;  // empty: a run failed
  ExecutableInfo info_;
  std::vector<uint32_t> inputs_, outputs_;  // argument indices
};

}  // namespace

absl::StatusOr<std::unique_ptr<Executable>> OpenCardExecutable(const CardOpener& open,
                                                               std::unique_ptr<artifact::Artifact> artifact) {
  const Manifest& manifest = artifact->manifest();
  ASSIGN_OR_RETURN(std::unique_ptr<Card> card, open());
  RETURN_IF_ERROR(card->LoadDesign({.manifest = manifest, .xclbin = artifact->xclbin()}));
  ASSIGN_OR_RETURN(ArgumentBuffers buffers,
                   ArgumentBuffers::Upload(manifest.kernel(), artifact.get(), /*pages=*/0, *card));
  return std::make_unique<CardExecutable>(std::move(artifact), std::move(card), std::move(buffers));
}

}  // namespace streamtensor::runtime
