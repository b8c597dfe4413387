// SPDX-License-Identifier: Apache-2.0
// What the stages of one compile job share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/analysis/cycle_model.h"
#include "compiler/driver/pipeline.h"
#include "compiler/frontend/imported_model.h"
#include "compiler/passes/pipeline.h"
#include "compiler/platform/platform.h"
#include "compiler/targets/artifact/artifact_folder.h"
#include "compiler/targets/artifact/object_build.h"
#include "compiler/targets/hls/design_emitter.h"
#include "compiler/targets/hls/packing_request.h"
#include "mlir/IR/MLIRContext.h"

namespace streamtensor::compiler {

// Each member function but the constructor is a stage or a part of one; they are called in order.
class CompileJob {
 public:
  // Without a folder Emit() is the last stage, and writes nothing.
  CompileJob(const CompileOptions& options, Platform platform, std::unique_ptr<ArtifactFolder> folder);

  absl::Status Import();
  // Runs passes; `number` orders the files of --save-ir.
  absl::Status Transform(const PipelineStage& stage, const PipelineOptions& options, int number);
  absl::Status Emit();
  absl::Status PackWeights(const std::function<void(double)>& partly);
  absl::Status Build(const std::function<void(double)>& partly);
  absl::Status Package();

  std::string folder() const { return folder_->path(); }
  // reports/summary.txt; after Emit().
  const std::string& summary() const { return summary_; }

 private:
  absl::Status SaveIr(const std::string& name, int number);
  absl::StatusOr<dataflow::DesignOp> Design();
  absl::Status WriteFile(const std::string& name, const std::string& bytes);
  // What is beside the text for target hw.
  absl::Status WriteBuildFiles(const hls::DesignText& text);
  absl::Status WriteUserMetadata();

  const CompileOptions& options_;
  const Platform platform_;
  std::unique_ptr<ArtifactFolder> folder_;
  mlir::MLIRContext context_;
  ImportedModel model_;

  hls::PackingRequest packing_;
  WeightLayout layout_;
  artifact::v1::Manifest manifest_;
  std::string summary_;
  std::vector<std::string> argument_types_;
  std::vector<std::string> files_;  // of the artifact, in the manifest's order
  std::vector<std::string> sources_;
  std::vector<std::string> objects_;
};

}  // namespace streamtensor::compiler
