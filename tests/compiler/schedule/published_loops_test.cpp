// SPDX-License-Identifier: Apache-2.0
// The estimator against published reports of Vitis HLS. Prints each miss.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cmath>
#include <cstdio>
#include <string>

#include "compiler/schedule/device_costs.h"
#include "compiler/schedule/estimator.h"

namespace streamtensor::schedule {
namespace {

const ProcessEstimate* FindProcess(const DesignEstimate& design, const std::string& name) {
  for (const ProcessEstimate& process : design.processes) {
    if (process.name == name) return &process;
  }
  return nullptr;
}

TEST(PublishedLoops, IntervalAndCyclesAreAsReported) {
  const absl::StatusOr<DeviceCosts> costs = ReadDeviceCosts(ST_SCHEDULE_COSTS);
  ASSERT_TRUE(costs.ok()) << costs.status();
  int loops = 0, ii_hits = 0, cycle_hits = 0, depth_hits = 0;
  for (const YAML::Node& group : YAML::LoadFile(ST_LOOPS_DIR "/published.yaml")) {
    EstimateOptions options;
    options.clock_ns = group["clock_ns"].as<double>();
    const std::string file = group["file"].as<std::string>();
    const absl::StatusOr<DesignEstimate> design =
        Estimate(std::string(ST_LOOPS_DIR "/") + file, *costs, options);
    ASSERT_TRUE(design.ok()) << file << ": " << design.status();
    for (const YAML::Node& published : group["loops"]) {
      const std::string name = published["function"].as<std::string>();
      const ProcessEstimate* process = FindProcess(*design, name);
      ASSERT_NE(process, nullptr) << file << " has no function " << name;
      ASSERT_FALSE(process->loops.empty()) << name;
      // The published loop is the function's last.
      const LoopEstimate& loop = process->loops.back();
      const auto ii = published["ii"].as<int64_t>(), depth = published["depth"].as<int64_t>(),
                 cycles = published["cycles"].as<int64_t>();
      const int64_t estimated = loop.cycles.Constant().value_or(0);
      const bool same_ii = loop.bound.ii == ii;
      // Cycles that are near with another II are near by accident.
      const bool near =
          same_ii && std::abs(static_cast<double>(estimated - cycles)) <= 0.05 * static_cast<double>(cycles);
      ++loops;
      ii_hits += same_ii;
      cycle_hits += near;
      depth_hits += loop.depth == depth;
      if (near && loop.depth == depth) continue;
      std::printf("miss: %s: II %lld, depth %lld, %lld cycles; published: %lld, %lld, %lld\n", name.c_str(),
                  static_cast<long long>(loop.bound.ii), static_cast<long long>(loop.depth),
                  static_cast<long long>(estimated), static_cast<long long>(ii),
                  static_cast<long long>(depth), static_cast<long long>(cycles));
    }
  }
  std::printf("of %d loops: II equal %d, cycles within 5 %% %d, depth equal %d\n", loops, ii_hits, cycle_hits,
              depth_hits);
  // What has been reached, so that it doesn't get worse.
  EXPECT_GE(ii_hits, 12);
  EXPECT_GE(cycle_hits, 12);
  EXPECT_GE(depth_hits, 9);
}

}  // namespace
}  // namespace streamtensor::schedule
