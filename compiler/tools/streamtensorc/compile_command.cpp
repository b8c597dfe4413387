// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "absl/strings/str_split.h"
#include "artifact/artifact.h"
#include "compiler/driver/pipeline.h"
#include "compiler/targets/artifact/object_build.h"
#include "compiler/targets/hardware/vpp_build.h"
#include "compiler/tools/streamtensorc/command_line.h"
#include "compiler/tools/streamtensorc/commands.h"
#include "nlohmann/json.hpp"

namespace streamtensor::compiler {
namespace {

constexpr char kUsage[] =
    "usage: streamtensorc compile MODEL -o DIR [options]\n"
    "\n"
    "  MODEL                  a .gguf file, a folder with safetensors, or a .mlir file\n"
    "  -o DIR                 the artifact's folder; an artifact that stands there is replaced\n"
    "  --platform NAME        card model: u55c (default), u280, v80\n"
    "  --target TARGET        emulation (default): built for the emulated card;\n"
    "                         hw: sources and a Makefile for v++, which is run where it is on PATH\n"
    "  --max-context N        positions a sequence may have (default: the model's, at most 2048)\n"
    "  --step-tokens N        tokens a step may carry, 1..16 (default 16)\n"
    "  --weight-channels N    memory channels that weights are dealt over (default: the platform's)\n"
    "  --unroll N             tiles the engine works on at a time, 1..6 (default: the platform's)\n"
    "  --threads N            for packing weights (default: as the machine has)\n"
    "  --isa NAME             emulation: build for x86-64-v3 or x86-64-v4-vnni alone (default: both; a card\n"
    "                         takes the best that its host runs)\n"
    "  --progress json        one JSON object a line on stdout, for programs\n"
    "  --save-ir DIR          writes the module after every stage, for looking at\n";

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
      std::fprintf(stderr, "\r\033[K[%2d/%d] %-12s %3.0f %%", progress.index, progress.stages,
                   progress.stage.c_str(), 100 * progress.fraction);
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

absl::StatusOr<CompileOptions> ReadOptions(const CommandLine& line) {
  CompileOptions options;
  options.model = line.positional(0);
  options.output = line.Text("-o", "");
  if (options.output.empty()) return absl::InvalidArgumentError("-o DIR is missing");
  options.platform = line.Text("--platform", options.platform);
  const std::string target = line.Text("--target", "emulation");
  if (target != "emulation" && target != "hw") {
    return absl::InvalidArgumentError("--target must be emulation or hw, got '" + target + "'");
  }
  options.target = target == "hw" ? CompileTarget::kHw : CompileTarget::kEmulation;
  const std::string progress = line.Text("--progress", "json");
  if (progress != "json")
    return absl::InvalidArgumentError("--progress must be json, got '" + progress + "'");

  absl::StatusOr<int64_t> context = line.Number("--max-context", 1, 1 << 20, 0);
  if (!context.ok()) return context.status();
  options.max_context = *context;
  absl::StatusOr<int64_t> tokens = line.Number("--step-tokens", 1, 16, options.step_tokens);
  if (!tokens.ok()) return tokens.status();
  options.step_tokens = *tokens;
  absl::StatusOr<int64_t> channels = line.Number("--weight-channels", 1, 32, options.weight_channels);
  if (!channels.ok()) return channels.status();
  options.weight_channels = *channels;
  absl::StatusOr<int64_t> unroll = line.Number("--unroll", 1, 6, options.unroll);
  if (!unroll.ok()) return unroll.status();
  options.unroll = *unroll;
  absl::StatusOr<int64_t> threads =
      line.Number("--threads", 1, 256, std::clamp<int64_t>(std::thread::hardware_concurrency(), 1, 16));
  if (!threads.ok()) return threads.status();
  options.threads = static_cast<int>(*threads);
  options.isa = line.Text("--isa", "");
  if (absl::StatusOr<std::vector<ObjectTarget>> targets = ChooseObjectTargets(options.isa); !targets.ok()) {
    return targets.status();
  }
  options.plain = line.Has("--plain");
  options.save_ir = line.Text("--save-ir", "");
  return options;
}

}  // namespace

int RunCompileCommand(const std::vector<std::string>& words) {
  // --plain is for tests: the text of the synthesis side.
  absl::StatusOr<CommandLine> line = CommandLine::Parse(
      words, {{"MODEL"},
              {"-o", "--platform", "--target", "--max-context", "--step-tokens", "--weight-channels",
               "--unroll", "--threads", "--isa", "--progress", "--save-ir"},
              {"--help", "--plain"}});
  for (const std::string& word : words) {
    if (word != "--help") continue;
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (!line.ok()) return WrongUsage("compile", line.status());
  absl::StatusOr<CompileOptions> options = ReadOptions(*line);
  if (!options.ok()) return WrongUsage("compile", options.status());

  ProgressPrinter printer(line->Has("--progress"));
  absl::StatusOr<std::string> artifact =
      Compile(*options, [&](const StageProgress& progress) { printer.Print(progress); });
  if (!artifact.ok()) {
    printer.Error(artifact.status());
    return Failed("compile", artifact.status());
  }
  printer.Done(*artifact);
  std::error_code error;
  if (!std::filesystem::exists(*artifact + "/" + runtime::kManifestName, error)) {
    std::fprintf(stderr,
                 "streamtensorc compile: the sources are in %s/hls. There is no v++ on PATH; where there is "
                 "one, complete "
                 "the artifact by:\n%s",
                 artifact->c_str(), HowToComplete(*artifact).c_str());
  }
  return 0;
}

}  // namespace streamtensor::compiler
