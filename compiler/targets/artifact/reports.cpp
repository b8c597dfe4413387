// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/artifact/reports.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace streamtensor::compiler {
namespace {

constexpr int64_t kHeaderWordBytes = 32;
constexpr int64_t kBlockBytes = 32 * kWordBytes;

// On-chip bytes of a stream.
int64_t StreamBytes(dataflow::StreamOp stream) {
  const auto depth = static_cast<int64_t>(stream.getDepth());
  switch (stream.getKind()) {
    case dataflow::ChannelKind::words:
      return depth * kWordBytes;
    case dataflow::ChannelKind::header:
      return depth * kHeaderWordBytes;
    case dataflow::ChannelKind::blocks:
      return depth * kBlockBytes;
    case dataflow::ChannelKind::frames:
      return depth * static_cast<int64_t>(stream.getWords().value_or(0)) * kWordBytes;
  }
  return 0;
}

double TokensPerSecond(const CycleModel& cycles, size_t tokens) {
  const uint64_t total = cycles.steps[tokens - 1].total;
  return total == 0 ? 0 : static_cast<double>(tokens) * cycles.timing.clock_hz() / static_cast<double>(total);
}

}  // namespace

DesignReport ReportDesign(dataflow::DesignOp design, const WeightLayout& layout, const CycleModel& cycles,
                          const Platform& platform) {
  llvm::json::Array streams, processes, memories, steps;
  int64_t stream_bytes = 0, stream_count = 0, process_count = 0;
  for (mlir::Operation& operation : design.getBody().front()) {
    if (auto stream = llvm::dyn_cast<dataflow::StreamOp>(operation)) {
      ++stream_count;
      stream_bytes += StreamBytes(stream);
      llvm::json::Object entry{{"name", stream.getSymName()},
                               {"carries", dataflow::stringifyChannelKind(stream.getKind())},
                               {"depth", static_cast<int64_t>(stream.getDepth())},
                               {"bytes", StreamBytes(stream)},
                               {"from", stream.getSource()},
                               {"to", stream.getSink()}};
      if (stream.getRole()) entry["role"] = *stream.getRole();
      streams.push_back(std::move(entry));
    } else if (auto process = llvm::dyn_cast<dataflow::ProcessOp>(operation)) {
      ++process_count;
      processes.push_back(llvm::json::Object{{"name", process.getSymName()},
                                             {"kind", dataflow::stringifyProcessKind(process.getKind())},
                                             {"section", dataflow::stringifySection(process.getSection())}});
    } else if (auto memory = llvm::dyn_cast<dataflow::MemoryOp>(operation)) {
      llvm::json::Object entry{{"name", memory.getSymName()},
                               {"role", memory.getRole()},
                               {"bank", static_cast<int64_t>(memory.getBank().value_or(0))}};
      if (memory.getWeight()) entry["weight"] = *memory.getWeight();
      memories.push_back(std::move(entry));
    }
  }
  for (size_t i = 0; i < cycles.steps.size(); ++i) {
    const StepCycles& step = cycles.steps[i];
    steps.push_back(llvm::json::Object{{"tokens", static_cast<int64_t>(i + 1)},
                                       {"cycles", static_cast<int64_t>(step.total)},
                                       {"engine_busy", static_cast<int64_t>(step.engine_busy)},
                                       {"engine_waits_for_frames", static_cast<int64_t>(step.engine_waits)},
                                       {"engine_waits_for_weights", static_cast<int64_t>(step.memory_waits)},
                                       {"weights_at_channel_rate", static_cast<int64_t>(step.memory_needed)},
                                       {"tokens_per_second", TokensPerSecond(cycles, i + 1)}});
  }
  uint64_t channel_bytes = 0, constant_bytes = 0;
  for (const WeightSegment& segment : layout.channels) channel_bytes += segment.used_bytes;
  for (const WeightSegment& segment : layout.constants) constant_bytes += segment.used_bytes;

  DesignReport report;
  llvm::json::Object summary{
      {"platform", platform.name},
      {"streams", std::move(streams)},
      {"processes", std::move(processes)},
      {"memories", std::move(memories)},
      {"stream_bytes", stream_bytes},
      {"weights", llvm::json::Object{{"channels", static_cast<int64_t>(layout.channels.size())},
                                     {"packed_bytes", static_cast<int64_t>(channel_bytes)},
                                     {"constant_bytes", static_cast<int64_t>(constant_bytes)}}},
      {"modelled", llvm::json::Object{{"clock_hz", cycles.timing.clock_hz()},
                                      {"launch_cycles", static_cast<int64_t>(cycles.timing.launch_cycles())},
                                      {"logits_cycles", static_cast<int64_t>(cycles.timing.logits_cycles())},
                                      {"context_page_cycles", cycles.timing.context_page_cycles()},
                                      {"steps", std::move(steps)}}}};
  llvm::raw_string_ostream json(report.json);
  json << llvm::formatv("{0:2}", llvm::json::Value(std::move(summary))) << "\n";

  llvm::raw_string_ostream text(report.text);
  text << "Design for " << platform.title << "\n";
  text << "  processes  " << process_count << "\n";
  text << "  streams    " << stream_count << ", " << stream_bytes / 1024 << " KiB on chip\n";
  text << "  weights    " << llvm::format("%.1f", static_cast<double>(channel_bytes) / 1e6) << " MB in "
       << layout.channels.size() << " channels, tables "
       << llvm::format("%.1f", static_cast<double>(constant_bytes) / 1e6) << " MB\n";
  text << "\nModelled at " << llvm::format("%.0f", cycles.timing.clock_hz() / 1e6)
       << " MHz, one row of logits, no context (cycles)\n"
       << "  tokens      step    engine  waits for frames  waits for weights  tokens/s\n";
  for (size_t i = 0; i < cycles.steps.size(); ++i) {
    const StepCycles& step = cycles.steps[i];
    text << llvm::format(
        "  %6zu %9llu %9llu %17llu %18llu %9.0f\n", i + 1, static_cast<unsigned long long>(step.total),
        static_cast<unsigned long long>(step.engine_busy), static_cast<unsigned long long>(step.engine_waits),
        static_cast<unsigned long long>(step.memory_waits), TokensPerSecond(cycles, i + 1));
  }
  return report;
}

}  // namespace streamtensor::compiler
