// SPDX-License-Identifier: Apache-2.0
#include "compiler/report/report_data.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "compiler/placement/design_placement.h"
#include "compiler/report/graph_data.h"
#include "compiler/report/memory_data.h"
#include "compiler/report/roofline_data.h"
#include "compiler/report/timeline_data.h"
#include "compiler/schedule/report.h"
#include "compiler/simulation/report.h"

namespace streamtensor::compiler {
namespace {

using llvm::json::Array;
using llvm::json::Object;
using llvm::json::Value;

// A report of the compiler's own, which is JSON.
absl::StatusOr<Value> Parsed(const std::string& json) {
  llvm::Expected<Value> value = llvm::json::parse(json);
  if (!value) return absl::InternalError(llvm::toString(value.takeError()));
  return *std::move(value);
}

template <typename T>
Object ResourcesJson(const LogicResources<T>& resources) {
  return Object{{"lut", resources.lut},
                {"ff", resources.ff},
                {"bram36", resources.bram36},
                {"uram", resources.uram},
                {"dsp", resources.dsp}};
}

Object PlatformJson(const Platform& platform) {
  Array slrs;
  for (const LogicResources<int64_t>& slr : platform.slrs) slrs.push_back(ResourcesJson(slr));
  std::set<int64_t> ports;
  for (int64_t bank = 0; bank < platform.memory.banks; ++bank) {
    ports.insert(static_cast<int64_t>(platform.memory.Slr(bank)));
  }
  Object sources;
  for (const auto& [section, source] : platform.sources) sources[section] = source;
  return Object{{"name", platform.name},
                {"title", platform.title},
                {"part", platform.part},
                {"clock_hz", platform.clock_hz},
                {"memory_kind", platform.memory.kind},
                {"banks", platform.memory.banks},
                {"bytes_per_bank", platform.memory.bytes_per_bank},
                {"peak_bytes_per_second", platform.memory.PeakBytesPerSecond()},
                {"usable_bytes_per_second_per_bank", platform.memory.UsableBytesPerSecond()},
                {"slrs", std::move(slrs)},
                {"limits", ResourcesJson(platform.limits)},
                {"port_slrs", Array(ports)},
                {"sll_wires", platform.sll.wires},
                {"sll_limit", platform.sll.limit},
                {"sources", std::move(sources)}};
}

Object ArtifactJson(const artifact::v1::Manifest& manifest) {
  Object object{{"model", manifest.model_name()},
                {"compiler_version", manifest.compiler_version()},
                {"target", manifest.target() == artifact::v1::Manifest::TARGET_HW ? "hardware" : "emulation"},
                {"step_tokens", manifest.launch().step_tokens()},
                {"step_logits", manifest.launch().step_logits()}};
  if (manifest.has_decoder()) {
    const artifact::v1::Decoder& decoder = manifest.decoder();
    object["decoder"] = Object{{"architecture", decoder.architecture()},
                               {"layers", decoder.layers()},
                               {"hidden", decoder.hidden()},
                               {"vocabulary", decoder.vocabulary()},
                               {"query_heads", decoder.query_heads()},
                               {"kv_heads", decoder.kv_heads()},
                               {"head_dim", decoder.head_dim()},
                               {"max_context", decoder.max_context()},
                               {"page_tokens", decoder.kv().page_tokens()}};
  }
  if (manifest.quantisation().products_size() > 0) {
    Array products;
    for (const auto& product : manifest.quantisation().products()) {
      products.push_back(Object{{"weight", product.weight()},
                                {"rows", product.rows()},
                                {"columns", product.columns()},
                                {"relative_error", product.relative_error()}});
    }
    object["quantisation"] =
        Object{{"format", manifest.quantisation().format()}, {"products", std::move(products)}};
  }
  return object;
}

struct PlacedDesign {
  Object json;
  std::map<std::string, int64_t> die;  // by process
};

absl::StatusOr<PlacedDesign> PlaceDesign(const SizedDesign& design) {
  const PlacementProblem problem = DesignBlocks(design.estimate(), design.platform());
  ASSIGN_OR_RETURN(const Placement placement, Place(problem, design.platform()));
  PlacedDesign placed;
  for (size_t block = 0; block < problem.blocks.size(); ++block) {
    placed.die[problem.blocks[block].name] = static_cast<int64_t>(placement.dies[block]);
  }
  Array used, crossings, excess;
  for (const LogicResources<double>& die : placement.used) used.push_back(ResourcesJson(die));
  for (const int64_t wires : placement.crossings) crossings.push_back(wires);
  for (const PlacementExcess& one : placement.excess) {
    excess.push_back(Object{{"slr", static_cast<int64_t>(one.die)},
                            {"resource", one.resource},
                            {"share", one.share},
                            {"limit", one.limit}});
  }
  placed.json = Object{{"used", std::move(used)},
                       {"crossings", std::move(crossings)},
                       {"excess", std::move(excess)},
                       {"optimal", placement.optimal},
                       {"gap", placement.Gap()}};
  return placed;
}

// Calls of the top function, by number: which process of the schedule each is, and its SLR.
Array CallsJson(const SizedDesign& design, const std::map<std::string, int64_t>& die) {
  Array calls;
  for (size_t call = 0; call < design.code().calls.size(); ++call) {
    const std::string& name = design.ProcessName(static_cast<int32_t>(call));
    const auto found = die.find(name);
    calls.push_back(Object{{"process", design.code().calls[call].process},
                           {"name", name},
                           {"slr", found == die.end() ? 0 : found->second}});
  }
  return calls;
}

}  // namespace

absl::StatusOr<Object> ReportData(const SizedDesign& design, const StepMix& mix, const std::string& program) {
  LaunchOptions options;
  options.attribute = false;
  ASSIGN_OR_RETURN(const ModelledLaunch first, design.Launch(mix, options));
  options.attribute = true;
  options.timeline_cycles = TimelineResolution(first.simulation.cycles);
  ASSIGN_OR_RETURN(const ModelledLaunch launch, design.Launch(mix, options));
  ASSIGN_OR_RETURN(Value step, Parsed(LaunchJson(design, mix, launch, std::nullopt)));
  ASSIGN_OR_RETURN(Value schedule, Parsed(schedule::ReportJson(design.estimate())));
  ASSIGN_OR_RETURN(PlacedDesign placed, PlaceDesign(design));
  ASSIGN_OR_RETURN(Object graph, GraphData(design, launch.simulation, TokensOf(mix)));
  ASSIGN_OR_RETURN(Array roofline, RooflineData(design, mix));
  return Object{{"program", program},
                {"artifact", ArtifactJson(design.manifest())},
                {"platform", PlatformJson(design.platform())},
                {"step", std::move(step)},
                {"schedule", std::move(schedule)},
                {"calls", CallsJson(design, placed.die)},
                {"placement", std::move(placed.json)},
                {"graph", std::move(graph)},
                {"memory", MemoryData(design, launch.simulation)},
                {"roofline", std::move(roofline)},
                {"timeline", TimelineData(design, launch.simulation, options.timeline_cycles)}};
}

}  // namespace streamtensor::compiler
