// SPDX-License-Identifier: Apache-2.0
// streamtensor-sim: simulates a launch of an artifact's design in cycles.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/program.h"
#include "base/status_macros.h"
#include "compiler/simulation/artifact_design.h"
#include "compiler/simulation/report.h"

namespace {

namespace compiler = streamtensor::compiler;

struct Options {
  std::string folder, platform, timeline;
  int64_t sequences = 1, tokens = 1, context = 64, logits = 1;
  int64_t prompt = 0;
  double resolution_us = 1;
  bool json = false;
};

absl::Status WriteTimeline(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) return absl::UnavailableError(absl::StrCat(path, ": can't be written"));
  return absl::OkStatus();
}

absl::Status Simulate(const Options& options) {
  ASSIGN_OR_RETURN(const compiler::SizedDesign design,
                   compiler::ScheduleArtifact(options.folder, options.platform));
  const auto& launch = design.manifest().launch();
  const compiler::SequenceStep sequence{options.tokens, launch.max_pages() > 0 ? options.context : 0,
                                        launch.step_logits() > 0 ? options.logits : 0};
  const compiler::StepMix mix(static_cast<size_t>(options.sequences), sequence);
  compiler::LaunchOptions how;
  if (!options.timeline.empty())
    how.timeline_cycles = options.resolution_us * 1e-6 * design.platform().clock_hz;
  ASSIGN_OR_RETURN(const compiler::ModelledLaunch modelled, design.Launch(mix, how));
  std::optional<compiler::PromptTime> prompt;
  if (options.prompt > 0) {
    ASSIGN_OR_RETURN(prompt, compiler::TimePrompt(design, options.prompt));
  }
  if (!options.timeline.empty()) {
    RETURN_IF_ERROR(WriteTimeline(options.timeline, compiler::TimelineJson(design, modelled)));
  }
  const std::string text = options.json ? compiler::LaunchJson(design, mix, modelled, prompt)
                                        : compiler::LaunchText(design, mix, modelled, prompt);
  std::fputs(text.c_str(), stdout);
  return absl::OkStatus();
}

int Run(const Options& options) {
  const absl::Status status = Simulate(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "streamtensor-sim: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  streamtensor::base::Program program("streamtensor-sim",
                                      "Simulates a launch of an artifact's design in cycles. All figures are "
                                      "modelled.",
                                      [] { return std::string(ST_VERSION); });
  CLI::App& app = program.app();
  app.add_option("ARTIFACT", options.folder, "The artifact's folder")->required();
  app.add_option("--sequences", options.sequences, "Sequences of the step (default 1)")
      ->check(CLI::Range(1, 1024));
  app.add_option("--tokens", options.tokens, "Tokens of each (default 1)");
  app.add_option("--context", options.context, "Positions before them (default 64)");
  app.add_option("--logits", options.logits, "Rows of logits of each (default 1)");
  app.add_option("--prompt", options.prompt, "Also time a prompt of this many tokens, alone on the card")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--platform", options.platform, "Another card model than the artifact's");
  app.add_flag("--json", options.json, "Print JSON");
  app.add_option("--timeline", options.timeline, "Write a timeline for ui.perfetto.dev")->type_name("FILE");
  app.add_option("--resolution", options.resolution_us,
                 "Microseconds of the timeline's shortest span (default 1)")
      ->check(CLI::Range(0.0, 1e6));
  streamtensor::base::AddExamples(
      app, {"streamtensor-sim design --context 96", "streamtensor-sim design --sequences 16 --json",
            "streamtensor-sim design --prompt 40 --timeline step.json"});
  program.SetRun([&] { return Run(options); });
  return program.Main(argc, argv);
}
