// SPDX-License-Identifier: Apache-2.0
// streamtensor-schedule: estimates how Vitis HLS schedules the loops of an HLS C++ file.
#include <cstdio>
#include <optional>
#include <string>

#include "base/program.h"
#include "compiler/placement/design_placement.h"
#include "compiler/platform/platform_folders.h"
#include "compiler/schedule/device_costs.h"
#include "compiler/schedule/estimator.h"
#include "compiler/schedule/report.h"

namespace {

namespace compiler = streamtensor::compiler;
namespace schedule = streamtensor::schedule;

struct Options {
  std::string source;
  std::string family = ST_SCHEDULE_COSTS;
  schedule::EstimateOptions estimate;
  double uncertainty = -1;
  std::string platform;
  bool json = false;
};

int Failed(const absl::Status& status) {
  std::fprintf(stderr, "streamtensor-schedule: %s\n", std::string(status.message()).c_str());
  return 1;
}

int Run(Options& options) {
  if (options.uncertainty >= 0) options.estimate.uncertainty = options.uncertainty;
  const absl::StatusOr<schedule::DeviceCosts> costs = schedule::ReadDeviceCosts(options.family);
  if (!costs.ok()) return Failed(costs.status());
  const absl::StatusOr<schedule::DesignEstimate> design =
      schedule::Estimate(options.source, *costs, options.estimate);
  if (!design.ok()) return Failed(design.status());
  const std::string text = options.json ? schedule::ReportJson(*design) : schedule::ReportText(*design);
  std::fputs(text.c_str(), stdout);
  if (options.platform.empty()) return 0;
  const absl::StatusOr<compiler::Platform> platform = compiler::FindPlatform(options.platform);
  if (!platform.ok()) return Failed(platform.status());
  const compiler::PlacementProblem problem = compiler::DesignBlocks(*design, *platform);
  const absl::StatusOr<compiler::Placement> placement = compiler::Place(problem, *platform);
  if (!placement.ok()) return Failed(placement.status());
  std::fputs(compiler::PlacementText(problem, *placement, *platform).c_str(), stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.estimate.clock_ns = 4;
  streamtensor::base::Program program("streamtensor-schedule",
                                      "Estimates how Vitis HLS schedules the loops of an HLS C++ file.",
                                      [] { return std::string(ST_VERSION); });
  CLI::App& app = program.app();
  app.add_option("FILE", options.source, "The HLS C++ text")->required()->check(CLI::ExistingFile);
  app.add_option("--top", options.estimate.top, "The function to schedule (default: the one with DATAFLOW)");
  app.add_option("--costs", options.family, "The cost file of the device family")->check(CLI::ExistingFile);
  app.add_option("--clock", options.estimate.clock_ns, "Clock period in ns (default 4)");
  app.add_option("--uncertainty", options.uncertainty,
                 "Part of the period left free (default: the cost file's)")
      ->check(CLI::Range(0.0, 0.99));
  app.add_option("-I,--include", options.estimate.include_folders, "Folders of headers")->take_all();
  app.add_flag("--unsafe-math", options.estimate.unsafe_math, "As config_compile -unsafe_math_optimizations");
  auto* json = app.add_flag("--json", options.json, "Print JSON");
  app.add_option("--platform", options.platform, "Place the processes on this card's SLRs, within its limits")
      ->excludes(json);
  program.SetRun([&] { return Run(options); });
  return program.Main(argc, argv);
}
