// SPDX-License-Identifier: Apache-2.0
#include "compiler/sizing/report.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace streamtensor::sizing {
namespace {

using compiler::TimingOptions;

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::vector<TimingOptions> Disturbed(const Problem& problem, const Disturbance& disturbance, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<TimingOptions> draws;
  for (int draw = 0; draw < disturbance.draws; ++draw) {
    TimingOptions timing = problem.timing;
    timing.pauses.resize(problem.network.processes.size());
    timing.jitter.resize(problem.network.processes.size());
    for (const int32_t process : problem.memory_processes) {
      const double phase = static_cast<double>(random() >> 11) * 0x1p-53;
      timing.pauses[process] = {phase * disturbance.refresh_interval_cycles,
                                disturbance.refresh_interval_cycles, disturbance.refresh_cycles};
      timing.jitter[process] = {random(), disturbance.jitter_chance, disturbance.jitter_cycles};
    }
    draws.push_back(std::move(timing));
  }
  return draws;
}

}  // namespace

Disturbance DisturbanceOf(const compiler::Platform& platform) {
  Disturbance disturbance;
  disturbance.refresh_interval_cycles = platform.memory.refresh_interval_seconds * platform.clock_hz;
  disturbance.refresh_cycles = platform.memory.refresh_seconds * platform.clock_hz;
  return disturbance;
}

Comparison Compare(const Problem& problem, const FifoPrices& prices, const std::vector<Method>& methods,
                   const MethodOptions& options, const Disturbance& disturbance) {
  Judge judge(problem);
  Comparison comparison{
      problem.name,       problem.source, problem.network.processes.size(), problem.fifos.size(),
      prices.objective(), options.seed,   judge.unbounded_cycles(),         {}};
  const std::vector<TimingOptions> draws = Disturbed(problem, disturbance, options.seed);
  std::vector<double> unbounded;
  for (const TimingOptions& timing : draws)
    unbounded.push_back(judge.Time(UnboundedDepths(problem), timing).cycles);
  for (const Method method : methods) {
    MethodResult result;
    result.method = method;
    const int64_t before = judge.replays();
    const auto start = std::chrono::steady_clock::now();
    const absl::StatusOr<Depths> depths = FindDepths(method, judge, prices, options);
    result.seconds = SecondsSince(start);
    result.replays = judge.replays() - before;
    if (!depths.ok()) {
      result.error = std::string(depths.status().message());
      comparison.methods.push_back(std::move(result));
      continue;
    }
    result.depths = *depths;
    result.area = prices.AreaOf(problem, *depths);
    result.share = prices.Share(result.area);
    result.bits = prices.Bits(problem, *depths);
    result.completes = judge.Completes(*depths);
    if (result.completes) {
      result.cycles = judge.Time(*depths).cycles;
      result.stall_cycles = std::max(0.0, result.cycles - judge.unbounded_cycles());
      for (size_t draw = 0; draw < draws.size(); ++draw) {
        const double slowdown = judge.Time(*depths, draws[draw]).cycles / unbounded[draw] - 1;
        result.disturbed_slowdown = std::max(result.disturbed_slowdown, slowdown);
      }
    }
    comparison.methods.push_back(std::move(result));
  }
  return comparison;
}

std::string ComparisonText(const Comparison& comparison, bool with_times) {
  std::string text =
      absl::StrFormat("%s: %d processes, %d FIFOs, %.0f cycles with unbounded FIFOs; least %s, seed %d\n",
                      comparison.name, comparison.processes, comparison.fifos, comparison.unbounded_cycles,
                      kObjectiveNames[static_cast<size_t>(comparison.objective)], comparison.seed);
  absl::StrAppendFormat(&text, "  %-24s %11s %7s %7s %6s %5s %9s %9s %10s %8s%s\n", "method", "bits", "LUT",
                        "FF", "BRAM18", "URAM", "card", "stalls", "disturbed", "replays",
                        with_times ? "  seconds" : "");
  for (const MethodResult& result : comparison.methods) {
    const char* name = kMethodNames[static_cast<size_t>(result.method)];
    if (!result.error.empty()) {
      absl::StrAppendFormat(&text, "  %-24s %s\n", name, result.error);
      continue;
    }
    const std::string stalls = result.completes ? absl::StrFormat("%.0f", result.stall_cycles) : "deadlock";
    const std::string disturbed =
        result.completes ? absl::StrFormat("%+.2f %%", 100 * result.disturbed_slowdown) : "";
    absl::StrAppendFormat(&text, "  %-24s %11d %7d %7d %6d %5d %7.3f %% %9s %10s %8d", name, result.bits,
                          result.area.lut, result.area.ff, result.area.bram18, result.area.uram,
                          100 * result.share, stalls, disturbed, result.replays);
    text += with_times ? absl::StrFormat("  %7.3f\n", result.seconds) : "\n";
  }
  return text;
}

std::string ComparisonJson(const std::vector<Comparison>& comparisons, const std::vector<Problem>& problems,
                           bool with_times) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (size_t i = 0; i < comparisons.size(); ++i) {
    const Comparison& comparison = comparisons[i];
    nlohmann::ordered_json methods = nlohmann::ordered_json::array();
    for (const MethodResult& result : comparison.methods) {
      nlohmann::ordered_json row = {{"method", kMethodNames[static_cast<size_t>(result.method)]},
                                    {"replays", result.replays}};
      if (with_times) row["seconds"] = result.seconds;
      if (!result.error.empty()) {
        row["error"] = result.error;
        methods.push_back(std::move(row));
        continue;
      }
      row["bits"] = result.bits;
      row["lut"] = result.area.lut;
      row["ff"] = result.area.ff;
      row["bram18"] = result.area.bram18;
      row["uram"] = result.area.uram;
      row["card_share"] = result.share;
      row["completes"] = result.completes;
      if (result.completes) {
        row["cycles"] = result.cycles;
        row["stall_cycles"] = result.stall_cycles;
        row["disturbed_slowdown"] = result.disturbed_slowdown;
      }
      for (size_t channel = 0; channel < result.depths.size(); ++channel) {
        row["depths"][problems[i].network.channels[channel].name] = result.depths[channel];
      }
      methods.push_back(std::move(row));
    }
    list.push_back({{"name", comparison.name},
                    {"source", comparison.source},
                    {"processes", comparison.processes},
                    {"fifos", comparison.fifos},
                    {"objective", kObjectiveNames[static_cast<size_t>(comparison.objective)]},
                    {"seed", comparison.seed},
                    {"unbounded_cycles", comparison.unbounded_cycles},
                    {"methods", std::move(methods)}});
  }
  return list.dump(2) + "\n";
}

}  // namespace streamtensor::sizing
