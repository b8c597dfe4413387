// SPDX-License-Identifier: Apache-2.0
#include "compiler/report/timeline_data.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/report/report_data.h"

namespace streamtensor::compiler {
namespace {

using llvm::json::Array;
using llvm::json::Object;

// A launch is drawn some thousand points wide when it is zoomed in.
constexpr double kSpansAcross = 4000;

std::pair<std::string, std::string> StateOf(const SizedDesign& design, const SimulationResult& simulation,
                                            const Span& span) {
  if (span.memory) return {"memory", ""};
  if (span.channel >= 0) {
    const auto channel = static_cast<size_t>(span.channel);
    return {simulation.channels[channel].sink == span.call ? "input" : "output",
            design.code().channels[channel].name};
  }
  const auto process = static_cast<size_t>(design.code().calls[static_cast<size_t>(span.call)].process);
  const schedule::CodeRegion& region =
      design.code().processes[process].regions[static_cast<size_t>(span.region)];
  if (region.line == 0) return {"computes", "between its loops"};
  return {"computes", absl::StrCat("loop at ", region.file.empty() ? "line" : region.file, ":", region.line)};
}

}  // namespace

double TimelineResolution(double cycles) { return std::max(1.0, std::floor(cycles / kSpansAcross)); }

Object TimelineData(const SizedDesign& design, const SimulationResult& simulation, double resolution) {
  std::vector<double> lengths;
  lengths.reserve(simulation.timeline.size());
  for (const Span& span : simulation.timeline) lengths.push_back(span.end - span.begin);
  if (lengths.size() > kMaxReportSpans) {
    std::nth_element(lengths.begin(), lengths.begin() + kMaxReportSpans, lengths.end(), std::greater<>());
    // Spans as long as the first one too many go with it.
    resolution = std::floor(lengths[kMaxReportSpans]) + 1;
  }
  std::map<std::pair<std::string, std::string>, int64_t> states;
  Array names;
  std::vector<Array> spans(simulation.processes.size());
  for (const Span& span : simulation.timeline) {
    if (span.end - span.begin < resolution) continue;
    const auto [found, added] =
        states.try_emplace(StateOf(design, simulation, span), static_cast<int64_t>(names.size()));
    if (added) names.push_back(Object{{"kind", found->first.first}, {"what", found->first.second}});
    Array& list = spans[static_cast<size_t>(span.call)];
    const int64_t begin = std::llround(span.begin);
    list.push_back(begin);
    list.push_back(std::llround(span.end) - begin);
    list.push_back(found->second);
  }
  Array all;
  for (Array& list : spans) all.push_back(std::move(list));
  return Object{{"resolution", resolution}, {"states", std::move(names)}, {"spans", std::move(all)}};
}

}  // namespace streamtensor::compiler
