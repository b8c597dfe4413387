// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/option_checks.h"
#include "base/status_macros.h"
#include "compiler/report/report_data.h"
#include "compiler/report/report_page.h"
#include "compiler/simulation/artifact_design.h"
#include "compiler/tools/streamtensorc/commands.h"

namespace streamtensor::compiler {
namespace {

struct Options {
  std::string folder, platform, output = "report.html";
  int64_t sequences = 1, tokens = 1, context = 64, logits = 1;
};

absl::Status WriteReport(const Options& options) {
  ASSIGN_OR_RETURN(const SizedDesign design, ScheduleArtifact(options.folder, options.platform));
  const artifact::v1::Launch& launch = design.manifest().launch();
  const SequenceStep sequence{options.tokens, launch.max_pages() > 0 ? options.context : 0,
                              launch.step_logits() > 0 ? options.logits : 0};
  const StepMix mix(static_cast<size_t>(options.sequences), sequence);
  ASSIGN_OR_RETURN(llvm::json::Object data, ReportData(design, mix, ST_VERSION));
  ASSIGN_OR_RETURN(const std::string page, ReportPage(std::move(data)));
  std::ofstream file(options.output, std::ios::binary);
  file << page;
  if (!file.flush()) return absl::UnavailableError(absl::StrCat(options.output, ": can't be written"));
  std::printf("%s\n", options.output.c_str());
  return absl::OkStatus();
}

int Report(const Options& options) {
  const absl::Status status = WriteReport(options);
  return status.ok() ? 0 : Failed("report", status);
}

}  // namespace

void AddReportCommand(base::Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App& app = program.AddCommand("report", "Write a page that shows a design and a modelled step of it",
                                     [options] { return Report(*options); });
  app.add_option("ARTIFACT", options->folder, "The folder that compile wrote")->required();
  app.add_option("-o,--output", options->output, "The page (default report.html)")->type_name("FILE");
  app.add_option("--sequences", options->sequences, "Sequences of the step (default 1)")
      ->check(base::WholeNumber(1, 1 << 20));
  app.add_option("--tokens", options->tokens, "Tokens of each in the step, or rows of a module (default 1)")
      ->check(base::WholeNumber(1, 1 << 20));
  app.add_option("--context", options->context, "Positions before them (default 64)")
      ->check(base::WholeNumber(0, 1 << 30));
  app.add_option("--logits", options->logits, "Rows of logits of each (default 1)")
      ->check(base::WholeNumber(0, 1 << 20));
  app.add_option("--platform", options->platform, "Another card model than the artifact's");
  app.footer(
      "The page is one HTML file that needs no network: dataflow graph, timeline, floorplan, memory map and\n"
      "roofline. Its cycles, areas and joules are modelled. Needs the Debian packages graphviz and node-d3.");
}

}  // namespace streamtensor::compiler
