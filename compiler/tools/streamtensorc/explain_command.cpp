// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "base/option_checks.h"
#include "base/status_macros.h"
#include "compiler/simulation/artifact_design.h"
#include "compiler/simulation/report.h"
#include "compiler/tools/streamtensorc/commands.h"
#include "kernels/contract/limits.h"

namespace streamtensor::compiler {
namespace {

struct ExplainOptions {
  std::string folder, platform;
  int64_t sequences = 1, tokens = 1, context = 64;
};

absl::StatusOr<std::string> Explain(const ExplainOptions& options) {
  ASSIGN_OR_RETURN(const SizedDesign design, ScheduleArtifact(options.folder, options.platform));
  const artifact::v1::Launch& launch = design.manifest().launch();
  const SequenceStep sequence{options.tokens, launch.max_pages() > 0 ? options.context : 0,
                              launch.step_logits() > 0 ? 1 : 0};
  const StepMix mix(static_cast<size_t>(options.sequences), sequence);
  ASSIGN_OR_RETURN(const ModelledLaunch modelled, design.Launch(mix));
  return ExplainText(design, mix, modelled);
}

int RunExplain(const ExplainOptions& options) {
  const absl::StatusOr<std::string> text = Explain(options);
  if (!text.ok()) return Failed("explain", text.status());
  std::fputs(text->c_str(), stdout);
  return 0;
}

}  // namespace

void AddExplainCommand(base::Program& program) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App& app = program.AddCommand("explain", "Say what a step of an artifact costs most",
                                     [options] { return RunExplain(*options); });
  app.add_option("ARTIFACT", options->folder, "The artifact's folder")->required();
  app.add_option("--context", options->context, "Positions before the step's tokens (default 64)")
      ->type_name("N")
      ->check(base::WholeNumber(0, contract::kMaxContextTokens));
  app.add_option("--sequences", options->sequences, "Sequences of the step (default 1)")
      ->type_name("N")
      ->check(base::WholeNumber(1, contract::kMaxStepTokens));
  app.add_option("--tokens", options->tokens, "Tokens of each (default 1)")
      ->type_name("N")
      ->check(base::WholeNumber(1, contract::kMaxStepTokens));
  app.add_option("--platform", options->platform, "Another card model than the artifact's")
      ->type_name("NAME");
  app.footer(
      "Schedules hls/design.cpp as Vitis HLS is expected to and simulates one launch; all figures are "
      "modelled.\n"
      "Prints the five things that cost most cycles, memory traffic and area. Needs clang-19.");
}

}  // namespace streamtensor::compiler
