// SPDX-License-Identifier: Apache-2.0
// The estimator against published reports of Vitis HLS. Prints each miss and its cause.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "compiler/schedule/device_costs.h"
#include "compiler/schedule/estimator.h"

namespace streamtensor::schedule {
namespace {

// What has been reached, so that it doesn't get worse.
constexpr double kIiEqual = 0.95, kCyclesNear = 0.93, kDepthNear = 0.92;
// Areas: DSP within 10 %, LUT and FF within 50 %.
constexpr double kDspNear = 0.83, kLutNear = 0.68, kFfNear = 0.53;

struct Score {
  int of = 0, hits = 0;

  void Count(bool hit) {
    ++of;
    hits += hit;
  }
  double Part() const { return of == 0 ? 1 : static_cast<double>(hits) / of; }
};

bool Near(int64_t estimated, int64_t published, double tolerance) {
  return std::abs(static_cast<double>(estimated - published)) <= tolerance * static_cast<double>(published);
}

class PublishedLoops : public testing::Test {
 protected:
  void Compare(const YAML::Node& group, const DesignEstimate& design) {
    for (const YAML::Node& published : group["loops"]) {
      const std::string name = published["function"].as<std::string>();
      const auto place = published["loop"].as<size_t>();
      const ProcessEstimate* process = nullptr;
      for (const ProcessEstimate& candidate : design.processes) {
        if (candidate.name == name) process = &candidate;
      }
      const std::string id = group["file"].as<std::string>() + " " + name + " loop " + std::to_string(place);
      ASSERT_NE(process, nullptr) << id;
      ASSERT_GT(process->loops.size(), place) << id << " isn't scheduled as a loop";
      CompareLoop(id, published, process->loops[place]);
      CompareArea(id, published["area"], *process, process->loops[place]);
    }
  }

  Score ii_, cycles_, depth_, dsp_, lut_, ff_, bram_;

 private:
  void CompareLoop(const std::string& id, const YAML::Node& published, const LoopEstimate& loop) {
    const auto ii = published["ii"].as<int64_t>(), depth = published["depth"].as<int64_t>();
    const bool same_ii = loop.bound.ii == ii;
    ii_.Count(same_ii);
    const bool near_depth = std::abs(loop.depth - depth) <= 2;
    depth_.Count(near_depth);
    bool near = same_ii;
    int64_t cycles = 0;
    if (published["cycles"]) {
      const auto constant = loop.iterations.Constant();
      const int64_t iterations =
          published["iterations"] ? published["iterations"].as<int64_t>() : constant.value_or(0);
      cycles = loop.CyclesOf(iterations);
      // Cycles that are near with another II are near by accident.
      near = same_ii && Near(cycles, published["cycles"].as<int64_t>(), 0.05);
      cycles_.Count(near);
    }
    if (near && near_depth) return;
    std::printf("miss: %s: II %lld, depth %lld, %lld cycles; published %lld, %lld, %s; limit: %s %s\n",
                id.c_str(), static_cast<long long>(loop.bound.ii), static_cast<long long>(loop.depth),
                static_cast<long long>(cycles), static_cast<long long>(ii), static_cast<long long>(depth),
                published["cycles"] ? published["cycles"].as<std::string>().c_str() : "-",
                kLimitNames[static_cast<size_t>(loop.bound.limit)], loop.bound.cause.c_str());
  }

  void CompareArea(const std::string& id, const YAML::Node& published, const ProcessEstimate& process,
                   const LoopEstimate& loop) {
    if (!published) return;
    const auto of = [&](const char* key) { return published[key].as<int64_t>(); };
    Area estimated = loop.area;
    // A report without any DSP counts a loop's operators in the module around it, or as nothing (dividers).
    if (of("dsp") == 0) {
      estimated.dsp = 0;
      estimated.lut -= loop.operators.lut;
      estimated.ff -= loop.operators.ff;
    }
    // Arrays are in the report of the module that holds them.
    const bool has_arrays = of("bram18") > 0;
    if (has_arrays) {
      estimated.bram18 += process.storage.bram18;
      estimated.lut += process.storage.lut;
      estimated.ff += process.storage.ff;
      bram_.Count(Near(estimated.bram18, of("bram18"), 0.1));
    }
    dsp_.Count(Near(estimated.dsp, of("dsp"), 0.1));
    lut_.Count(Near(estimated.lut, of("lut"), 0.5));
    ff_.Count(Near(estimated.ff, of("ff"), 0.5));
    std::printf("area: %s: DSP %lld, LUT %lld, FF %lld, BRAM18 %lld; published %lld, %lld, %lld, %lld\n",
                id.c_str(), static_cast<long long>(estimated.dsp), static_cast<long long>(estimated.lut),
                static_cast<long long>(estimated.ff), static_cast<long long>(estimated.bram18),
                static_cast<long long>(of("dsp")), static_cast<long long>(of("lut")),
                static_cast<long long>(of("ff")), static_cast<long long>(of("bram18")));
  }
};

TEST_F(PublishedLoops, AreAsReported) {
  const absl::StatusOr<DeviceCosts> costs = ReadDeviceCosts(ST_SCHEDULE_COSTS);
  ASSERT_TRUE(costs.ok()) << costs.status();
  for (const YAML::Node& group : YAML::LoadFile(ST_LOOPS_DIR "/published.yaml")) {
    EstimateOptions options;
    options.clock_ns = group["clock_ns"].as<double>();
    options.unsafe_math = group["unsafe_math"].as<bool>(false);
    const std::string file = group["file"].as<std::string>();
    const absl::StatusOr<DesignEstimate> design =
        Estimate(std::string(ST_LOOPS_DIR "/") + file, *costs, options);
    ASSERT_TRUE(design.ok()) << file << ": " << design.status();
    Compare(group, *design);
  }
  std::printf("of %d loops: II equal %d, depth within 2 %d; of %d with cycles: within 5 %% %d\n", ii_.of,
              ii_.hits, depth_.hits, cycles_.of, cycles_.hits);
  std::printf(
      "areas of %d loops: DSP within 10 %% %d, LUT within 50 %% %d, FF within 50 %% %d; BRAM18 of %d: %d\n",
      dsp_.of, dsp_.hits, lut_.hits, ff_.hits, bram_.of, bram_.hits);
  EXPECT_GE(ii_.of, 90);
  EXPECT_GE(ii_.Part(), kIiEqual);
  EXPECT_GE(cycles_.Part(), kCyclesNear);
  EXPECT_GE(depth_.Part(), kDepthNear);
  EXPECT_GE(dsp_.Part(), kDspNear);
  EXPECT_GE(lut_.Part(), kLutNear);
  EXPECT_GE(ff_.Part(), kFfNear);
}

}  // namespace
}  // namespace streamtensor::schedule
