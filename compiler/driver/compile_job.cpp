// SPDX-License-Identifier: Apache-2.0
#include "compiler/driver/compile_job.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "artifact/artifact.h"
#include "artifact/manifest_writer.h"
#include "base/status_macros.h"
#include "compiler/driver/diagnostic_text.h"
#include "compiler/driver/ir_stages.h"
#include "compiler/driver/package_hardware.h"
#include "compiler/passes/attach_platform.h"
#include "compiler/targets/artifact/manifest_builder.h"
#include "compiler/targets/artifact/reports.h"
#include "compiler/targets/artifact/xclbin_assembly.h"
#include "compiler/targets/hardware/build_text.h"
#include "compiler/targets/hls/connectivity.h"
#include "compiler/targets/hls/design_index.h"
#include "compiler/targets/weights/weights_writer.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

// Constants beyond this size are tables of which a step reads a few rows.
constexpr uint64_t kWholeTableBytes = 1 << 20;

}  // namespace

CompileJob::CompileJob(const CompileOptions& options, Platform platform,
                       std::unique_ptr<ArtifactFolder> folder)
    : options_(options), platform_(std::move(platform)), folder_(std::move(folder)) {
  // Errors are told in one line; a stack of notes would not be.
  context_.printOpOnDiagnostic(false);
}

absl::Status CompileJob::Import() {
  ImportOptions import;
  import.max_context = options_.max_context;
  import.step_tokens = options_.step_tokens;
  import.quantise = options_.quantise;
  import.make_graph = options_.make_graph;
  DiagnosticText diagnostics(&context_);
  ASSIGN_OR_RETURN(model_, ImportModel(options_.model, import, &context_));
  AttachPlatform(*model_.module, platform_);
  return SaveIr("import", 1);
}

absl::Status CompileJob::Transform(const PipelineStage& stage, const PipelineOptions& options, int number) {
  RETURN_IF_ERROR(RunIrStage(stage, options, *model_.module));
  return SaveIr(stage.name, number);
}

absl::Status CompileJob::SaveIr(const std::string& name, int number) {
  if (options_.save_ir.empty()) return absl::OkStatus();
  std::error_code error;
  fs::create_directories(options_.save_ir, error);
  const fs::path path = fs::path(options_.save_ir) / absl::StrFormat("%02d-%s.mlir", number, name);
  std::string text;
  llvm::raw_string_ostream out(text);
  model_.module->print(out);
  std::ofstream file(path);
  file << text << "\n";
  if (!file.flush()) return absl::UnavailableError(absl::StrCat(path.string(), ": can't be written"));
  return absl::OkStatus();
}

absl::StatusOr<dataflow::DesignOp> CompileJob::Design() {
  auto designs = model_.module->getOps<dataflow::DesignOp>();
  if (designs.empty()) return absl::InternalError("the module holds no dataflow.design");
  return *designs.begin();
}

absl::Status CompileJob::WriteFile(const std::string& name, const std::string& bytes) {
  RETURN_IF_ERROR(folder_->Write(name, bytes));
  files_.push_back(name);
  return absl::OkStatus();
}

absl::Status CompileJob::Emit() {
  ASSIGN_OR_RETURN(dataflow::DesignOp design, Design());
  DiagnosticText diagnostics(&context_);
  auto failed = [&] { return absl::InvalidArgumentError(diagnostics.Take("the design can't be emitted")); };

  mlir::FailureOr<hls::DesignText> text = hls::EmitDesign(design);
  if (mlir::failed(text)) return failed();
  mlir::FailureOr<std::string> connectivity = hls::ConnectivityText(design, platform_);
  if (mlir::failed(connectivity)) return failed();
  mlir::FailureOr<hls::PackingRequest> packing = hls::RequestPacking(design);
  if (mlir::failed(packing)) return failed();
  packing_ = std::move(*packing);
  ASSIGN_OR_RETURN(layout_, LayOutWeights(packing_.plan));

  uint64_t bytes_per_step = 0;
  for (const WeightSegment& segment : layout_.channels) bytes_per_step += segment.used_bytes;
  for (const WeightSegment& segment : layout_.constants) {
    if (segment.used_bytes <= kWholeTableBytes) bytes_per_step += segment.used_bytes;
  }
  mlir::FailureOr<CycleModel> cycles =
      ModelCycles(design, platform_, bytes_per_step, KvPageBytes(model_.decoder));
  if (mlir::failed(cycles)) return failed();

  ManifestInputs inputs;
  inputs.model_name = model_.name;
  inputs.compiler_version = ST_VERSION;
  inputs.platform = platform_.name;
  inputs.target = options_.target == CompileTarget::kHw ? artifact::v1::Manifest::TARGET_HW
                                                        : artifact::v1::Manifest::TARGET_EMULATION;
  inputs.decoder = model_.decoder;
  inputs.timing = cycles->timing;
  if (!model_.quantised.empty()) {
    inputs.quantisation.set_format(std::string(QuantisationName(options_.quantise)));
    for (const QuantisedProduct& product : model_.quantised) {
      artifact::v1::Quantisation::Product& entry = *inputs.quantisation.add_products();
      entry.set_weight(product.weight);
      entry.set_rows(static_cast<uint32_t>(product.rows));
      entry.set_columns(static_cast<uint32_t>(product.columns));
      entry.set_relative_error(product.relative_error);
    }
  }
  mlir::FailureOr<artifact::v1::Manifest> manifest = BuildManifest(design, packing_, layout_, inputs);
  if (mlir::failed(manifest)) return failed();
  manifest_ = std::move(*manifest);
  mlir::FailureOr<hls::DesignIndex> index = hls::DesignIndex::Create(design);
  if (mlir::failed(index)) return failed();
  for (dataflow::MemoryOp memory : index->memories()) argument_types_.push_back(*hls::PointerType(memory));

  const DesignReport report = ReportDesign(design, layout_, *cycles, platform_, inputs.quantisation);
  summary_ = report.text;
  if (!folder_) return absl::OkStatus();
  const std::pair<const char*, const std::string*> files[] = {
      {"hls/design.h", &text->design_h},      {"hls/design.cpp", &text->design_cpp},
      {"hls/launch.cpp", &text->launch_cpp},  {"hls/connectivity.cfg", &*connectivity},
      {"reports/summary.json", &report.json}, {"reports/summary.txt", &report.text}};
  for (const auto& [name, bytes] : files) {
    RETURN_IF_ERROR(WriteFile(name, *bytes));
  }
  if (options_.target == CompileTarget::kHw) return WriteBuildFiles(*text);
  sources_ = {folder() + "/hls/design.cpp", folder() + "/hls/launch.cpp"};
  return absl::OkStatus();
}

absl::Status CompileJob::WriteBuildFiles(const hls::DesignText& text) {
  ASSIGN_OR_RETURN(const std::string kernels, FindKernels());
  const std::pair<const char*, std::string> files[] = {
      {"hls/Makefile", MakefileText(platform_, manifest_.kernel().name(), kernels)},
      {"hls/processes.cpp", text.processes_cpp},
      {"hls/process.tcl", ProcessScriptText(platform_, kernels)}};
  for (const auto& [name, bytes] : files) {
    RETURN_IF_ERROR(WriteFile(name, bytes));
  }
  return absl::OkStatus();
}

absl::Status CompileJob::PackWeights(const std::function<void(double)>& partly) {
  // A module without weights has the file all the same.
  if (layout_.file_bytes == 0) return WriteFile(artifact::kWeightsName, "");
  RETURN_IF_ERROR(WriteWeights(folder() + "/" + artifact::kWeightsName, packing_.plan, layout_,
                               *model_.weights, options_.threads, partly));
  files_.push_back(artifact::kWeightsName);
  // The model is not needed any more; its file may be large.
  model_.weights.reset();
  if (!model_.tokenizer) return absl::OkStatus();
  return WriteFile(artifact::kTokenizerName, model_.tokenizer->SerializeAsString());
}

absl::Status CompileJob::WriteUserMetadata() {
  artifact::v1::Manifest manifest = manifest_;
  for (const std::string& name : files_) {
    if (name != artifact::kWeightsName && name != artifact::kTokenizerName) continue;
    ASSIGN_OR_RETURN(*manifest.add_files(), artifact::DescribeFile(folder(), name));
  }
  ASSIGN_OR_RETURN(const std::string json, artifact::ManifestToJson(manifest));
  return WriteFile(artifact::kUserMetadataName, json);
}

absl::Status CompileJob::Build(const std::function<void(double)>& partly) {
  if (options_.target == CompileTarget::kHw) return WriteUserMetadata();
  ASSIGN_OR_RETURN(const std::string kernels, FindKernels());
  const std::string objects_folder = folder() + "/objects";
  std::error_code error;
  fs::create_directories(objects_folder, error);
  ObjectBuildOptions build;
  build.sources = sources_;
  build.folder = objects_folder;
  build.kernels = kernels;
  build.plain = options_.plain;
  build.on_progress = partly;
  ASSIGN_OR_RETURN(const std::vector<ObjectTarget> targets, ChooseObjectTargets(options_.isa));
  ASSIGN_OR_RETURN(objects_, BuildObjects(build, targets));
  ASSIGN_OR_RETURN(const std::string xclbin,
                   AssembleXclbin(manifest_, platform_, argument_types_, targets, objects_));
  fs::remove_all(objects_folder, error);
  return WriteFile(artifact::kXclbinName, xclbin);
}

absl::Status CompileJob::Package() {
  // The card's interface is checked before anyone can start it.
  RETURN_IF_ERROR(artifact::CheckManifest(manifest_, layout_.file_bytes));
  // Without an xclbin it is not an artifact yet: PackageHardware writes the manifest.
  if (options_.target == CompileTarget::kHw) return folder_->Publish();
  RETURN_IF_ERROR(artifact::WriteManifest(folder(), files_, &manifest_));
  return folder_->Publish();
}

}  // namespace streamtensor::compiler
