// SPDX-License-Identifier: Apache-2.0
#include "compiler/driver/pipeline.h"

#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "compiler/analysis/process_cycles.h"
#include "compiler/driver/compile_job.h"
#include "compiler/driver/package_hardware.h"
#include "compiler/driver/stage_runner.h"
#include "compiler/platform/platform_folders.h"
#include "compiler/targets/hardware/vpp_build.h"
#include "kernels/contract/limits.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

absl::Status CheckOptions(const CompileOptions& options) {
  if (options.step_tokens < 1 || options.step_tokens > contract::kMaxStepTokens) {
    return absl::InvalidArgumentError(
        absl::StrCat("step tokens must be 1..", contract::kMaxStepTokens, ", got ", options.step_tokens));
  }
  if (options.max_context < 0 || options.max_context > contract::kMaxContextTokens) {
    return absl::InvalidArgumentError(
        absl::StrCat("max context must be 1..", contract::kMaxContextTokens, ", got ", options.max_context));
  }
  std::error_code error;
  if (!fs::exists(options.model, error)) {
    return absl::NotFoundError(absl::StrCat(options.model, ": no such file or folder"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> Compile(const CompileOptions& options, const ProgressCallback& progress) {
  RETURN_IF_ERROR(CheckOptions(options));
  ASSIGN_OR_RETURN(Platform platform, FindPlatform(options.platform));
  if (options.target == CompileTarget::kHw && !platform.vitis) {
    return absl::InvalidArgumentError(
        absl::StrCat("platform ", platform.name, " has no target hw: its card model has no section 'vitis'"));
  }
  std::unique_ptr<ArtifactFolder> folder;
  if (!options.output.empty()) {
    ASSIGN_OR_RETURN(folder, ArtifactFolder::Create(options.output));
  }
  PipelineOptions ir;
  // 0: `materialize` chooses, for the weights are known there.
  ir.weight_channels = options.weight_channels;
  ir.unroll = options.unroll;
  const int64_t channels = ir.weight_channels > 0 ? ir.weight_channels : platform.engine.weight_channels;
  const int64_t lanes =
      ir.unroll > 0 ? ir.unroll
                    : LanesOfChannels(channels, platform.engine.weight_channels, platform.engine.unroll);
  if (channels > platform.memory.banks) {
    return absl::InvalidArgumentError(absl::StrCat("weight channels must be 1..", platform.memory.banks,
                                                   " on ", platform.name, ", got ", channels));
  }
  const double dsps = platform.limits.dsp * static_cast<double>(platform.Dsps());
  const int64_t engine_dsps = EngineDsps(channels, lanes);
  if (static_cast<double>(engine_dsps) > dsps) {
    return absl::InvalidArgumentError(absl::StrCat(
        channels, " weight channels of ", lanes, " lanes take about ", engine_dsps,
        " DSP slices (modelled); ", platform.name, " has room for ", static_cast<int64_t>(dsps)));
  }
  CompileJob job(options, std::move(platform), std::move(folder));

  StageRunner stages(progress);
  stages.Add("import", [&](const auto&) { return job.Import(); });
  int number = 2;
  for (const PipelineStage& stage : PipelineStages()) {
    stages.Add(stage.name,
               [&job, &stage, &ir, number](const auto&) { return job.Transform(stage, ir, number); });
    ++number;
  }
  stages.Add("emit", [&](const auto&) { return job.Emit(); });
  if (options.dry_run) {
    if (!options.output.empty()) stages.Add("package", [&](const auto&) { return job.Package(); });
    RETURN_IF_ERROR(stages.Run());
    return job.summary();
  }
  stages.Add("weights", [&](const auto& partly) { return job.PackWeights(partly); });
  stages.Add("build", [&](const auto& partly) { return job.Build(partly); });
  stages.Add("package", [&](const auto&) { return job.Package(); });
  if (options.target == CompileTarget::kHw && !FindVpp().empty()) {
    stages.Add("v++", [&](const auto&) -> absl::Status {
      RETURN_IF_ERROR(BuildXclbin(options.output));
      return PackageHardware(options.output, BuiltXclbin(options.output));
    });
  }
  RETURN_IF_ERROR(stages.Run());
  return options.output;
}

}  // namespace streamtensor::compiler
