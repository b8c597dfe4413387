// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/report.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace streamtensor::schedule {
namespace {

std::string AreaText(const Area& area) {
  return absl::StrFormat("DSP %d, LUT %d, FF %d, BRAM18 %d, URAM %d", area.dsp, area.lut, area.ff,
                         area.bram18, area.uram);
}

std::string AxiText(const AxiAccess& access) {
  return absl::StrFormat("AXI %s: %d %s of %d bytes, %s", access.port, access.accesses,
                         access.write ? "writes" : "reads", access.bytes,
                         access.burst ? "burst" : "single beats: " + access.reason);
}

llvm::json::Object AreaJson(const Area& area) {
  return llvm::json::Object{
      {"dsp", area.dsp}, {"lut", area.lut}, {"ff", area.ff}, {"bram18", area.bram18}, {"uram", area.uram}};
}

// A number where it is one.
llvm::json::Value FormulaJson(const CycleFormula& formula) {
  if (const std::optional<int64_t> constant = formula.Constant()) return *constant;
  return formula.Text();
}

llvm::json::Object LoopJson(const LoopEstimate& loop) {
  llvm::json::Object object{{"line", loop.line},
                            {"pipelined", loop.pipelined},
                            {"flattened_loops", loop.flattened_loops},
                            {"iterations", FormulaJson(loop.iterations)},
                            {"depth", loop.depth},
                            {"cycles", FormulaJson(loop.cycles)},
                            {"area", AreaJson(loop.area)}};
  if (loop.pipelined) {
    object["ii"] = loop.bound.ii;
    object["limit"] = kLimitNames[static_cast<size_t>(loop.bound.limit)];
    object["cause"] = loop.bound.cause;
  }
  llvm::json::Array accesses;
  for (const AxiAccess& access : loop.axi) {
    accesses.push_back(llvm::json::Object{{"port", access.port},
                                          {"write", access.write},
                                          {"accesses", access.accesses},
                                          {"bytes", access.bytes},
                                          {"words", access.words},
                                          {"burst", access.burst},
                                          {"reason", access.reason}});
  }
  if (!accesses.empty()) object["axi"] = std::move(accesses);
  return object;
}

}  // namespace

std::string ReportText(const DesignEstimate& design) {
  std::string text;
  for (const ProcessEstimate& process : design.processes) {
    absl::StrAppend(&text, process.name, ": ", process.cycles.Text(), " cycles; ", AreaText(process.area),
                    "\n");
    for (const LoopEstimate& loop : process.loops) {
      absl::StrAppendFormat(&text, "  line %d: %s iterations, ", loop.line, loop.iterations.Text());
      if (loop.pipelined) {
        absl::StrAppendFormat(&text, "II %d, ", loop.bound.ii);
      } else {
        absl::StrAppend(&text, "not pipelined, ");
      }
      absl::StrAppendFormat(&text, "depth %d, %s cycles\n", loop.depth, loop.cycles.Text());
      if (loop.bound.limit != Limit::kNone) {
        absl::StrAppendFormat(&text, "    %s: %s\n", kLimitNames[static_cast<size_t>(loop.bound.limit)],
                              loop.bound.cause);
      }
      for (const AxiAccess& access : loop.axi) absl::StrAppend(&text, "    ", AxiText(access), "\n");
    }
    for (const auto& [symbol, meaning] : process.symbols) {
      absl::StrAppend(&text, "  ", symbol, " = ", meaning, "\n");
    }
  }
  for (const Channel& channel : design.channels) {
    absl::StrAppendFormat(&text, "%s: ", channel.name);
    if (channel.instances > 1) absl::StrAppendFormat(&text, "%d times ", channel.instances);
    absl::StrAppendFormat(
        &text, "%d %s of %d bits; %s\n", channel.depth,
        channel.blocks ? absl::StrCat("blocks of ", channel.words, " elements") : "elements", channel.bits,
        AreaText(channel.area));
  }
  absl::StrAppend(&text, "all: ", AreaText(design.area), "\n");
  return text;
}

std::string ReportJson(const DesignEstimate& design) {
  llvm::json::Array processes;
  for (const ProcessEstimate& process : design.processes) {
    llvm::json::Array loops;
    for (const LoopEstimate& loop : process.loops) loops.push_back(LoopJson(loop));
    llvm::json::Object symbols;
    for (const auto& [symbol, meaning] : process.symbols) symbols[symbol] = meaning;
    processes.push_back(llvm::json::Object{{"name", process.name},
                                           {"cycles", FormulaJson(process.cycles)},
                                           {"symbols", std::move(symbols)},
                                           {"loops", std::move(loops)},
                                           {"area", AreaJson(process.area)}});
  }
  llvm::json::Array channels;
  for (const Channel& channel : design.channels) {
    channels.push_back(llvm::json::Object{{"name", channel.name},
                                          {"blocks", channel.blocks},
                                          {"bits", channel.bits},
                                          {"words", channel.words},
                                          {"depth", channel.depth},
                                          {"instances", channel.instances},
                                          {"area", AreaJson(channel.area)}});
  }
  const llvm::json::Value value = llvm::json::Object{{"dataflow", design.dataflow},
                                                     {"processes", std::move(processes)},
                                                     {"channels", std::move(channels)},
                                                     {"area", AreaJson(design.area)}};
  std::string text;
  llvm::raw_string_ostream(text) << llvm::formatv("{0:2}", value) << "\n";
  return text;
}

}  // namespace streamtensor::schedule
