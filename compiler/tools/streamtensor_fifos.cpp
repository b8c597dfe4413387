// SPDX-License-Identifier: Apache-2.0
// streamtensor-fifos: compares ways to size the FIFOs of process networks.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/program.h"
#include "compiler/platform/platform_folders.h"
#include "compiler/sizing/graph_file.h"
#include "compiler/sizing/report.h"

namespace {

namespace sizing = streamtensor::sizing;

struct Options {
  std::vector<std::string> files;
  std::string platform = "u55c", costs = ST_SCHEDULE_COSTS, objective = "price", storage = "auto";
  std::vector<std::string> methods;
  sizing::MethodOptions method;
  bool json = false, times = false;
};

int Failed(const absl::Status& status) {
  std::fprintf(stderr, "streamtensor-fifos: %s\n", std::string(status.message()).c_str());
  return 1;
}

template <typename Names>
size_t IndexOf(const Names& names, const std::string& name) {
  return static_cast<size_t>(std::find(std::begin(names), std::end(names), name) - std::begin(names));
}

template <typename Names>
CLI::IsMember OneOf(const Names& names) {
  return CLI::IsMember(std::vector<std::string>(std::begin(names), std::end(names)));
}

int Run(const Options& options) {
  const auto costs = streamtensor::schedule::ReadDeviceCosts(options.costs);
  if (!costs.ok()) return Failed(costs.status());
  const auto platform = streamtensor::compiler::FindPlatform(options.platform);
  if (!platform.ok()) return Failed(platform.status());
  const sizing::FifoPrices prices(
      *costs, *platform, static_cast<sizing::Objective>(IndexOf(sizing::kObjectiveNames, options.objective)),
      static_cast<streamtensor::schedule::FifoStorage>(
          IndexOf(streamtensor::schedule::kFifoStorageNames, options.storage)));
  std::vector<sizing::Method> methods;
  for (size_t i = 0; i < std::size(sizing::kMethodNames); ++i) {
    const std::string name = sizing::kMethodNames[i];
    const bool wanted = options.methods.empty() || std::find(options.methods.begin(), options.methods.end(),
                                                             name) != options.methods.end();
    if (wanted) methods.push_back(static_cast<sizing::Method>(i));
  }
  std::vector<sizing::Problem> problems;
  for (const std::string& file : options.files) {
    absl::StatusOr<sizing::Problem> problem = sizing::ReadGraph(file);
    if (!problem.ok()) return Failed(problem.status());
    problems.push_back(*std::move(problem));
  }
  std::vector<sizing::Comparison> comparisons;
  for (const sizing::Problem& problem : problems) {
    comparisons.push_back(
        Compare(problem, prices, methods, options.method, sizing::DisturbanceOf(*platform)));
    if (options.json) continue;
    std::fputs(ComparisonText(comparisons.back(), options.times).c_str(), stdout);
    std::fflush(stdout);
  }
  if (options.json) std::fputs(ComparisonJson(comparisons, problems, options.times).c_str(), stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  streamtensor::base::Program program("streamtensor-fifos",
                                      "Compares ways to size the FIFOs of process networks.",
                                      [] { return std::string(ST_VERSION); });
  CLI::App& app = program.app();
  app.add_option("FILE", options.files, "Graphs (compiler/sizing/graph_file.h)")
      ->required()
      ->check(CLI::ExistingFile)
      ->take_all();
  app.add_option("--platform", options.platform, "The card (default u55c)");
  app.add_option("--costs", options.costs, "The cost file of the device family")->check(CLI::ExistingFile);
  app.add_option("--objective", options.objective, "What is to be least: price (default) or bits")
      ->check(OneOf(sizing::kObjectiveNames));
  app.add_option("--storage", options.storage, "Where FIFOs keep their elements (default auto: as Vitis HLS)")
      ->check(OneOf(streamtensor::schedule::kFifoStorageNames));
  app.add_option("--method", options.methods, "Only these methods")
      ->check(OneOf(sizing::kMethodNames))
      ->take_all();
  app.add_option("--seed", options.method.seed, "Of everything random (default 1)");
  app.add_option("--annealing-replays", options.method.annealing_replays,
                 "Replays of the annealing (default 1000)")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}));
  app.add_option("--least-cost-moves", options.method.least_cost_moves,
                 "Elements that the replays of least-cost may move after its first descent")
      ->check(CLI::Range(int64_t{0}, int64_t{1'000'000'000'000}));
  app.add_flag("--json", options.json, "Print JSON");
  app.add_flag("--time", options.times, "Also the seconds that each method took");
  program.SetRun([&] { return Run(options); });
  return program.Main(argc, argv);
}
