// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "artifact/artifact.h"
#include "artifact/manifest_writer.h"
#include "artifact/timing_model.h"
#include "base/status_macros.h"
#include "compiler/driver/diagnostic_text.h"
#include "compiler/driver/ir_stages.h"
#include "compiler/driver/pipeline.h"
#include "compiler/frontend/exported/exported_decoder.h"
#include "compiler/frontend/imported_model.h"
#include "compiler/frontend/inspect.h"
#include "compiler/passes/attach_platform.h"
#include "compiler/platform/platform_folders.h"
#include "compiler/targets/hls/design_emitter.h"
#include "compiler/tools/streamtensorc/commands.h"
#include "compiler/tools/streamtensorc/inspect_platform.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "nlohmann/json.hpp"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> InspectArtifact(const std::string& path, bool json) {
  ASSIGN_OR_RETURN(const std::unique_ptr<artifact::Artifact> artifact, artifact::Artifact::Open(path));
  const artifact::v1::Manifest& manifest = artifact->manifest();
  if (json) return artifact::ManifestToJson(manifest);

  std::string text =
      absl::StrCat("artifact   ", manifest.model_name(), " for ", manifest.platform(), ", ",
                   manifest.target() == artifact::v1::Manifest::TARGET_HW ? "hardware" : "emulation",
                   ", compiled by ", manifest.compiler_version(), "\n");
  if (manifest.has_decoder()) {
    const artifact::v1::Decoder& decoder = manifest.decoder();
    absl::StrAppend(&text, "decoder    ", decoder.architecture(), ": ", decoder.layers(), " layers, ",
                    decoder.hidden(), " wide, ", decoder.query_heads(), " query and ", decoder.kv_heads(),
                    " KV heads of ", decoder.head_dim(), ", ", decoder.vocabulary(), " tokens\n");
    absl::StrAppend(&text, "context    ", decoder.max_context(), " positions in pages of ",
                    decoder.kv().page_tokens(), " (", decoder.kv().page_bytes(), " bytes a page and pool)\n");
  }
  absl::StrAppend(&text, "step       up to ", manifest.launch().step_tokens(), " tokens, ",
                  manifest.launch().step_logits(), " rows of logits\n");
  const artifact::v1::TimingModel& timing = manifest.timing();
  if (timing.step_cycles_size() > 0) {
    for (const uint32_t tokens : {1u, static_cast<uint32_t>(timing.step_cycles_size())}) {
      const artifact::ModelledStep step = artifact::ModelStep(timing, {tokens, 1, 0});
      absl::StrAppendFormat(&text,
                            "modelled   %2d tokens a step: %d cycles at %.0f MHz, %.0f tokens/s, %.4f J",
                            tokens, step.cycles, timing.clock_hz() / 1e6, tokens / step.seconds, step.joules);
      if (timing.memory_bytes_per_second() > 0) {
        const double floor = static_cast<double>(timing.bytes_per_step()) / timing.memory_bytes_per_second();
        absl::StrAppendFormat(&text, ", %.1f %% of the memory roofline", 100 * floor / step.seconds);
      }
      absl::StrAppend(&text, "\n");
    }
  }
  absl::StrAppend(&text, "kernel     ", manifest.kernel().name(), ", ", manifest.kernel().arguments_size(),
                  " arguments\n");
  for (const artifact::v1::Argument& argument : manifest.kernel().arguments()) {
    absl::StrAppend(&text, "  ", argument.index(), "  ", argument.name(), "  ",
                    artifact::v1::Argument::Role_Name(argument.role()), "  bank ", argument.bank(), "  ",
                    argument.bytes(), " bytes\n");
  }
  absl::StrAppend(&text, "files      (sizes and SHA-256 are right)\n");
  for (const artifact::v1::File& file : manifest.files()) {
    absl::StrAppend(&text, "  ", file.name(), "  ", file.bytes(), "  ", file.sha256(), "\n");
  }
  return text;
}

// Whether all of the compiler but the weights and the build takes the module.
absl::Status CheckCompilable(ImportedModel& model, mlir::MLIRContext* context) {
  ASSIGN_OR_RETURN(const Platform platform, FindPlatform(CompileOptions().platform));
  AttachPlatform(*model.module, platform);
  RETURN_IF_ERROR(RunIrStages({}, *model.module));
  auto designs = model.module->getOps<dataflow::DesignOp>();
  if (designs.empty()) return absl::InternalError("the module holds no dataflow.design");
  DiagnosticText diagnostics(context);
  if (mlir::succeeded(hls::EmitDesign(*designs.begin()))) return absl::OkStatus();
  return absl::InvalidArgumentError(diagnostics.Take("the design can't be emitted"));
}

absl::StatusOr<std::string> InspectMlir(const std::string& path, bool json) {
  mlir::MLIRContext context;
  context.printOpOnDiagnostic(false);
  absl::StatusOr<ImportedModel> imported = ImportModel(path, {}, &context);
  // Of a sound file it is a finding what can't be compiled.
  if (!imported.ok() && !absl::IsUnimplemented(imported.status())) return imported.status();
  if (!imported.ok()) {
    const std::string reason(imported.status().message());
    if (json) return nlohmann::ordered_json{{"compilable", false}, {"reason", reason}}.dump(2) + "\n";
    return absl::StrCat("compilable: no: ", reason, "\n");
  }
  ImportedModel& model = *imported;
  nlohmann::ordered_json functions = nlohmann::ordered_json::array();
  std::string text = absl::StrCat("module     ", model.name, "\n");
  for (auto function : model.module->getOps<mlir::func::FuncOp>()) {
    std::string type;
    llvm::raw_string_ostream(type) << function.getFunctionType();
    functions.push_back({{"name", function.getName().str()}, {"type", type}});
    absl::StrAppend(&text, "  @", function.getName().str(), " ", type, "\n");
  }
  const absl::Status compilable = CheckCompilable(model, &context);
  if (json) {
    nlohmann::ordered_json root = {
        {"module", model.name}, {"functions", functions}, {"compilable", compilable.ok()}};
    if (!compilable.ok()) root["reason"] = std::string(compilable.message());
    return root.dump(2) + "\n";
  }
  return absl::StrCat(text, "compilable: ", compilable.ok() ? "yes" : "no: ",
                      compilable.ok() ? "" : std::string(compilable.message()), "\n");
}

// Hugging Face's; an artifact has a manifest.
bool IsCheckpointFolder(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::path(path) / "config.json", error) &&
         !fs::exists(fs::path(path) / artifact::kManifestName, error);
}

int Inspect(const std::string& path, bool json, Quantisation quantise) {
  std::error_code error;
  absl::StatusOr<std::string> text = absl::NotFoundError(path + ": no such file or folder");
  const InspectFormat format = json ? InspectFormat::kJson : InspectFormat::kText;
  if (IsExportedDecoder(path) && quantise != Quantisation::kNone) {
    text = absl::InvalidArgumentError(
        path +
        ": --quantise is for checkpoints; of an exported decoder compile says what w8a8 and w4a8 cost");
  } else if (IsExportedDecoder(path)) {
    text = InspectExportedDecoder(path, format);
  } else if (fs::is_directory(path, error) && !IsCheckpointFolder(path)) {
    text = InspectArtifact(path, json);
  } else if (absl::EndsWith(path, ".yaml")) {
    text = InspectPlatform(path, json);
  } else if (absl::EndsWith(path, ".mlir")) {
    text = InspectMlir(path, json);
  } else if (fs::exists(path, error)) {
    text = InspectCheckpoint(path, format, quantise);
  }
  if (!text.ok()) return Failed("inspect", text.status());
  std::fputs(text->c_str(), stdout);
  return 0;
}

}  // namespace

void AddInspectCommand(base::Program& program) {
  struct Options {
    std::string path;
    bool json = false;
    Quantisation quantise = Quantisation::kNone;
  };
  auto options = std::make_shared<Options>();
  CLI::App& app =
      program.AddCommand("inspect", "Print what a model file, an artifact or a card model holds",
                         [options] { return Inspect(options->path, options->json, options->quantise); });
  app.add_option("PATH", options->path, "A model as compile takes it, an artifact, or a platform (.yaml)")
      ->required();
  app.add_flag("--json", options->json, "Print one object");
  std::vector<std::string> formats = QuantisationNames();
  std::erase_if(formats, [](const std::string& name) { return !IsOfCheckpoints(*ParseQuantisation(name)); });
  app.add_option_function<std::string>(
         "--quantise",
         [options](const std::string& format) { options->quantise = *ParseQuantisation(format); },
         "Of a checkpoint: as compile would quantise it: w4g128 or w8")
      ->type_name("FORMAT")
      ->check(CLI::IsMember(formats).description(""));
  app.footer(
      "Checks all of an artifact and of a card model. Of a checkpoint it says whether it can be compiled, "
      "and\n"
      "measures what its values lose in the card's formats: the root mean square of the error by that of "
      "the\n"
      "values, the largest error, the largest value, and the bytes in the engine's tiles, of each matrix "
      "that\n"
      "loses anything and of all together.");
  base::AddExamples(
      app, {"streamtensorc inspect model.gguf", "streamtensorc inspect configs/platforms/u55c.yaml"});
}

}  // namespace streamtensor::compiler
