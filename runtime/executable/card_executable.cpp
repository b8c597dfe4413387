// SPDX-License-Identifier: Apache-2.0
#include "runtime/executable/card_executable.h"

#include <cstddef>
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
#include "runtime/executable/sample_words.h"
#include "runtime/executable/step_descriptor.h"
#include "streamtensor/artifact/v1/manifest.pb.h"
#include "streamtensor/runtime/card.h"

namespace streamtensor::runtime {
namespace {

using artifact::v1::Argument;
using artifact::v1::Manifest;

ElementType TypeOf(Argument::Element element) {
  switch (element) {
    case Argument::FLOAT16:
      return ElementType::kFloat16;
    case Argument::BFLOAT16:
      return ElementType::kBFloat16;
    case Argument::FLOAT64:
      return ElementType::kFloat64;
    case Argument::BOOL:
      return ElementType::kBool;
    case Argument::INT8:
      return ElementType::kInt8;
    case Argument::INT16:
      return ElementType::kInt16;
    case Argument::INT32:
      return ElementType::kInt32;
    case Argument::INT64:
      return ElementType::kInt64;
    case Argument::COMPLEX64:
      return ElementType::kComplex64;
    default:  // the manifest was checked
      return ElementType::kFloat32;
  }
}

ExecutableTensor Describe(const Argument& argument) {
  ExecutableTensor tensor;
  tensor.name = argument.name();
  tensor.element = TypeOf(argument.element());
  tensor.width = static_cast<int32_t>(argument.width() / WordsOf(tensor.element));
  tensor.shape.assign(argument.shape().begin(), argument.shape().end());
  if (argument.element() == Argument::ELEMENT_UNSPECIFIED) tensor.shape = {0, tensor.width};
  return tensor;
}

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
      if (argument.role() == Argument::ROLE_INPUT) {
        inputs_.push_back(argument.index());
        info_.inputs.push_back(Describe(argument));
      } else if (argument.role() == Argument::ROLE_OUTPUT && argument.checks_size() > 0) {
        checks_.push_back(argument.index());
      } else if (argument.role() == Argument::ROLE_OUTPUT) {
        outputs_.push_back(argument.index());
        info_.outputs.push_back(Describe(argument));
      }
    }
  }

  ~CardExecutable() override { buffers_.reset(); }  // before their card

  const ExecutableInfo& info() const override { return info_; }

  absl::StatusOr<ExecutableResult> Run(int32_t rows, std::span<const std::span<const std::byte>> inputs,
                                       absl::Duration timeout) override {
    RETURN_IF_ERROR(CheckRun(rows, inputs, timeout));
    if (!buffers_.has_value())
      return absl::UnavailableError("the card failed a run before: open the module again");
    absl::StatusOr<ExecutableResult> result = Launch(rows, inputs, timeout);
    if (!result.ok()) {
      buffers_.reset();
      return result;
    }
    RETURN_IF_ERROR(CheckSamples(rows));
    return result;
  }

 private:
  static std::size_t Words(int32_t rows, const ExecutableTensor& tensor) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(tensor.width) * WordsOf(tensor.element);
  }

  absl::Status CheckRun(int32_t rows, std::span<const std::span<const std::byte>> inputs,
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
      const ExecutableTensor& tensor = info_.inputs[i];
      if (inputs[i].size() != static_cast<std::size_t>(rows) * tensor.sample_bytes()) {
        return absl::InvalidArgumentError(
            absl::StrCat("input ", i, " (", tensor.name, ") has ", inputs[i].size(), " bytes, must have ",
                         rows, " rows of ", tensor.width, " ", ElementName(tensor.element)));
      }
    }
    return absl::OkStatus();
  }

  // What the module asserts of its inputs.
  absl::Status CheckSamples(int32_t rows) {
    for (const uint32_t index : checks_) {
      CardBuffer& buffer = buffers_->At(index);
      RETURN_IF_ERROR(buffer.FromCard(0, static_cast<std::size_t>(rows) * sizeof(uint32_t)));
      const std::span<const uint32_t> failed = ArgumentBuffers::As<const uint32_t>(buffer);
      const auto& messages = artifact_->manifest().kernel().arguments(static_cast<int>(index)).checks();
      for (int32_t row = 0; row < rows; ++row) {
        const uint32_t number = failed[static_cast<std::size_t>(row)];
        if (number == 0) continue;
        const bool known = number <= static_cast<uint32_t>(messages.size());
        return absl::InvalidArgumentError(
            absl::StrCat("the module refuses sample ", row, " of this run: ",
                         known ? messages[static_cast<int>(number - 1)] : absl::StrCat("check ", number)));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<ExecutableResult> Launch(int32_t rows, std::span<const std::span<const std::byte>> inputs,
                                          absl::Duration timeout) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      CardBuffer& buffer = buffers_->At(inputs_[i]);
      const std::span<uint32_t> words =
          ArgumentBuffers::As<uint32_t>(buffer).first(Words(rows, info_.inputs[i]));
      ToWords(info_.inputs[i].element, inputs[i], words);
      RETURN_IF_ERROR(buffer.ToCard(0, words.size_bytes()));
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
      const ExecutableTensor& tensor = info_.outputs[i];
      const std::size_t words = Words(rows, tensor);
      RETURN_IF_ERROR(buffer.FromCard(0, words * sizeof(uint32_t)));
      std::vector<std::byte>& elements =
          result.outputs.emplace_back(static_cast<std::size_t>(rows) * tensor.sample_bytes());
      FromWords(tensor.element, ArgumentBuffers::As<const uint32_t>(buffer).first(words), elements);
    }
    return result;
  }

  const std::unique_ptr<artifact::Artifact> artifact_;
  const std::unique_ptr<Card> card_;
  std::optional<ArgumentBuffers> buffers_;  // empty: a run failed
  ExecutableInfo info_;
  std::vector<uint32_t> inputs_, outputs_, checks_;  // argument indices
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
