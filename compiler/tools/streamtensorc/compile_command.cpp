// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "artifact/artifact.h"
#include "artifact/timing_model.h"
#include "base/option_checks.h"
#include "compiler/driver/pipeline.h"
#include "compiler/platform/platform_folders.h"
#include "compiler/targets/artifact/object_build.h"
#include "compiler/targets/hardware/vpp_build.h"
#include "compiler/tools/streamtensorc/commands.h"
#include "kernels/contract/limits.h"
#include "nlohmann/json.hpp"

namespace streamtensor::compiler {
namespace {

// A line that is rewritten on a terminal; a line a stage elsewhere.
class ProgressPrinter {
 public:
  explicit ProgressPrinter(bool json) : json_(json), terminal_(!json && isatty(STDERR_FILENO)) {}

  void Print(const StageProgress& progress) {
    if (json_) {
      nlohmann::ordered_json line = {{"stage", progress.stage},
                                     {"index", progress.index},
                                     {"stages", progress.stages},
                                     {"fraction", Rounded(progress.fraction, 1e4)},
                                     {"seconds", Rounded(progress.seconds, 1e3)}};
      Line(line.dump());
    } else if (terminal_) {
      std::fprintf(stderr, "\r\033[K[%2d/%d] %-12s %7.2f s, %.0f %% of all", progress.index, progress.stages,
                   progress.stage.c_str(), progress.seconds, 100 * progress.fraction);
      if (progress.finished) {
        std::fprintf(stderr, "\r\033[K[%2d/%d] %-12s %7.2f s\n", progress.index, progress.stages,
                     progress.stage.c_str(), progress.seconds);
      }
      std::fflush(stderr);
    } else if (progress.finished) {
      std::fprintf(stderr, "[%2d/%d] %-12s %7.2f s\n", progress.index, progress.stages,
                   progress.stage.c_str(), progress.seconds);
    }
  }
  void Done(const std::string& artifact) {
    if (json_) Line(nlohmann::ordered_json{{"done", true}, {"artifact", artifact}}.dump());
  }
  void Error(const absl::Status& status) {
    if (terminal_) std::fputs("\r\033[K", stderr);
    if (json_) {
      // What is not UTF-8 in a message (a file's name, say) must not end the program.
      Line(nlohmann::ordered_json{{"error", std::string(status.message())}}.dump(
          -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    }
  }

 private:
  static double Rounded(double value, double scale) {
    return static_cast<double>(static_cast<int64_t>(value * scale + 0.5)) / scale;
  }
  static void Line(const std::string& text) {
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
  }

  bool json_;
  bool terminal_;
};

// One line: where the artifact is and what it can do.
std::string Summary(const std::string& path) {
  const absl::StatusOr<artifact::v1::Manifest> read = artifact::Artifact::ReadManifest(path);
  if (!read.ok()) return std::string(read.status().message());
  const artifact::v1::Manifest& manifest = *read;
  const bool hardware = manifest.target() == artifact::v1::Manifest::TARGET_HW;
  std::string text = absl::StrCat(path, ": ", manifest.model_name(), " for ", hardware ? "" : "the emulated ",
                                  manifest.platform());
  if (!manifest.has_decoder()) {
    if (!manifest.has_quantisation()) return text + ", in the types of the module";
    double worst = 0;
    for (const auto& product : manifest.quantisation().products())
      worst = std::max(worst, product.relative_error());
    absl::StrAppendFormat(
        &text, ", %d matrix products in %s (relative error up to %.2f %%: reports/summary.txt)",
        manifest.quantisation().products_size(), manifest.quantisation().format(), 100 * worst);
    return text;
  }
  absl::StrAppend(&text, ", ", manifest.decoder().max_context(), " tokens of context");
  if (manifest.timing().step_cycles_size() > 0) {
    const artifact::ModelledStep step = artifact::ModelStep(manifest.timing(), {1, 1, 0});
    absl::StrAppendFormat(&text, ", %.0f tokens/s (modelled, one stream)", 1 / step.seconds);
  }
  return text;
}

int RunCompile(const CompileOptions& options, bool json_progress) {
  ProgressPrinter printer(json_progress);
  absl::StatusOr<std::string> artifact =
      Compile(options, [&](const StageProgress& progress) { printer.Print(progress); });
  if (!artifact.ok()) {
    printer.Error(artifact.status());
    return Failed("compile", artifact.status());
  }
  if (options.dry_run) {
    std::printf("%s", artifact->c_str());
    return 0;
  }
  printer.Done(*artifact);
  std::error_code error;
  if (!json_progress && std::filesystem::exists(*artifact + "/" + artifact::kManifestName, error)) {
    std::printf("%s\n", Summary(*artifact).c_str());
  }
  if (!std::filesystem::exists(*artifact + "/" + artifact::kManifestName, error)) {
    std::fprintf(stderr,
                 "streamtensorc compile: the sources are in %s/hls. There is no v++ on PATH; where there is "
                 "one, complete "
                 "the artifact by:\n%s",
                 artifact->c_str(), HowToComplete(*artifact).c_str());
  }
  return 0;
}

void AddDesignOptions(CLI::App& app, CompileOptions& options) {
  constexpr char kGroup[] = "Design";
  app.add_option("--platform", options.platform,
                 absl::StrCat("Card model (default u55c); found: ", absl::StrJoin(PlatformNames(), ", ")))
      ->type_name("NAME")
      ->group(kGroup);
  app.add_option("--max-context", options.max_context,
                 "Positions a sequence may have (default: the model's, at most 2048)")
      ->type_name("N")
      ->check(base::WholeNumber(1, contract::kMaxContextTokens))
      ->group(kGroup);
  app.add_option("--step-tokens", options.step_tokens,
                 absl::StrCat("Tokens a step may carry, 1 to ", contract::kMaxStepTokens, " (default ",
                              options.step_tokens, ")"))
      ->type_name("N")
      ->check(base::WholeNumber(1, contract::kMaxStepTokens))
      ->group(kGroup);
  app.add_option_function<std::string>(
         "--quantise",
         [&options](const std::string& format) { options.quantise = *ParseQuantisation(format); },
         "Of a checkpoint's floats: w4g128 or w8; of a .mlir's products: w8a8 or w4a8")
      ->type_name("FORMAT")
      ->check(CLI::IsMember(QuantisationNames()).description(""))
      ->group(kGroup);
  app.add_option("--weight-channels", options.weight_channels,
                 "Channels that hold weights, at most one a memory bank (default: the platform's)")
      ->type_name("N")
      ->check(base::WholeNumber(1, contract::kMaxMemoryBanks))
      ->group(kGroup);
  app.add_option("--unroll", options.unroll,
                 "Tokens the engine works on at a time, 1 to 6 (default: the platform's)")
      ->type_name("N")
      ->check(base::WholeNumber(1, contract::kMaxUnroll))
      ->group(kGroup);
}

std::vector<std::string> IsaNames() {
  std::vector<std::string> names;
  for (const ObjectTarget& target : ObjectTargets()) names.emplace_back(target.isa);
  return names;
}

void AddBuildOptions(CLI::App& app, CompileOptions& options) {
  constexpr char kGroup[] = "Build";
  app.add_option_function<std::string>(
         "--target",
         [&options](const std::string& target) {
           options.target = target == "hw" ? CompileTarget::kHw : CompileTarget::kEmulation;
         },
         "emulation (default), or hw: sources and a Makefile for v++, run if it is there")
      ->type_name("TARGET")
      ->check(CLI::IsMember({"emulation", "hw"}).description(""))
      ->group(kGroup);
  app.add_option("--isa", options.isa,
                 "Build for x86-64-v3 or x86-64-v4-vnni (default: both; a card takes the best)")
      ->type_name("NAME")
      ->check(CLI::IsMember(IsaNames()).description(""))
      ->group(kGroup);
  options.threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 16);
  app.add_option("--threads", options.threads, "Threads that pack weights (default: one a core)")
      ->type_name("N")
      ->check(base::WholeNumber(1, 256))
      ->group(kGroup);
  app.add_option("--save-ir", options.save_ir, "Write the module after every stage")
      ->type_name("DIR")
      ->group(kGroup);
  // For tests: the synthesis side of every fork.
  app.add_flag("--plain", options.plain)->group("");
}

}  // namespace

void AddCompileCommand(base::Program& program) {
  auto options = std::make_shared<CompileOptions>();
  auto progress = std::make_shared<std::string>();
  CLI::App& app =
      program.AddCommand("compile", "Compile a model to an artifact", [&program, options, progress] {
        if (options->output.empty() && !options->dry_run) {
          return program.WrongUsage("-o is required, but for --dry-run");
        }
        if (options->dry_run && !progress->empty()) {
          return program.WrongUsage("--dry-run prints a report, so it takes no --progress json");
        }
        return RunCompile(*options, !progress->empty());
      });
  app.add_option("MODEL", options->model, "A .gguf or .mlir file, or a Hugging Face folder")->required();
  app.add_option("-o", options->output, "The artifact's folder; an artifact that stands there is replaced")
      ->type_name("DIR");
  app.add_flag("--dry-run", options->dry_run,
               "Tell whether the design fits; make no weights, no objects, and with -o its text");
  app.add_option("--progress", *progress, "json: one JSON object a line on stdout, for programs")
      ->type_name("json")
      ->check(CLI::IsMember({"json"}).description(""));
  AddDesignOptions(app, *options);
  AddBuildOptions(app, *options);
  base::AddExamples(app, {"streamtensorc compile model.gguf -o design",
                          "streamtensorc compile model.gguf --platform u280 --dry-run"});
}

}  // namespace streamtensor::compiler
