// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/artifact/reports.h"

#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "compiler/dialects/dataflow/memory_role.h"
#include "kernels/contract/descriptor.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/tiles.h"
#include "kernels/contract/word.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace streamtensor::compiler {
namespace {

// Of a done token.
constexpr int64_t kDoneTokenBytes = 4;

// On-chip bytes of a stream.
int64_t StreamBytes(dataflow::StreamOp stream) {
  const auto depth = static_cast<int64_t>(stream.getDepth());
  switch (stream.getKind()) {
    case dataflow::ChannelKind::words:
    case dataflow::ChannelKind::pages:
      return depth * contract::kWordBytes;
    case dataflow::ChannelKind::header:
      return depth * contract::kHeaderElementBytes;
    case dataflow::ChannelKind::blocks:
      return depth * contract::kMaxBlockWords * contract::kWordBytes;
    case dataflow::ChannelKind::done:
      return depth * kDoneTokenBytes;
    case dataflow::ChannelKind::frames:
      return depth * static_cast<int64_t>(*stream.getWords()) * contract::kWordBytes;
  }
  return 0;
}

// That a pool of pages [page][layer][KV head][row][head_dim] has room for, by assign-channels; 0: it does not
// say.
int64_t PoolTokens(dataflow::MemoryOp pool) {
  auto room = pool->getAttrOfType<mlir::IntegerAttr>(dataflow::kRoomAttr);
  auto type = llvm::dyn_cast<mlir::RankedTensorType>(pool.getType().value_or(mlir::Type()));
  if (!room || !type) return 0;
  int64_t page_bytes = contract::kKvElementBytes;
  for (int64_t size : type.getShape().drop_front()) page_bytes *= size;
  return page_bytes > 0 ? room.getInt() / page_bytes * contract::kPageTokens : 0;
}

double StepSeconds(const CycleModel& cycles, size_t tokens) {
  return static_cast<double>(cycles.steps[tokens - 1].total + cycles.timing.launch_cycles()) /
         cycles.timing.clock_hz();
}

double TokensPerSecond(const CycleModel& cycles, size_t tokens) {
  return static_cast<double>(tokens) / StepSeconds(cycles, tokens);
}

// 1: a step takes what its bytes take at the peak of all the card's memory channels.
double ShareOfRoofline(const CycleModel& cycles, size_t tokens) {
  return cycles.memory_seconds_floor / StepSeconds(cycles, tokens);
}

}  // namespace

DesignReport ReportDesign(dataflow::DesignOp design, const WeightLayout& layout, const CycleModel& cycles,
                          const Platform& platform, const artifact::v1::Quantisation& quantisation) {
  llvm::json::Array streams, processes, memories, steps;
  int64_t stream_bytes = 0, stream_count = 0, process_count = 0, kv_tokens = 0;
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
    } else if (auto process = llvm::dyn_cast<dataflow::ProcessOpInterface>(operation)) {
      ++process_count;
      const std::optional<dataflow::Section> section = process.getSection();
      processes.push_back(
          llvm::json::Object{{"name", process.getSymName()},
                             {"kind", process->getName().stripDialect()},
                             {"section", section ? dataflow::stringifySection(*section) : "all"}});
    } else if (auto memory = llvm::dyn_cast<dataflow::MemoryOp>(operation)) {
      llvm::json::Object entry{
          {"name", memory.getSymName()},
          {"role", memory.getRole()},
          {"bank", platform.memory.TopologyName(static_cast<int64_t>(*memory.getBank()))}};
      if (memory.getWeight()) entry["weight"] = *memory.getWeight();
      if (memory.getRole() == "k_read") kv_tokens = PoolTokens(memory);
      memories.push_back(std::move(entry));
    }
  }
  for (size_t i = 0; i < cycles.steps.size(); ++i) {
    const StepCycles& step = cycles.steps[i];
    steps.push_back(
        llvm::json::Object{{"tokens", static_cast<int64_t>(i + 1)},
                           {"cycles", static_cast<int64_t>(step.total)},
                           {"engine_busy", static_cast<int64_t>(step.engine_busy)},
                           {"engine_waits_for_frames", static_cast<int64_t>(step.engine_waits)},
                           {"engine_waits_for_weights", static_cast<int64_t>(step.engine_weight_waits)},
                           {"engine_waits_for_results", static_cast<int64_t>(step.engine_result_waits)},
                           {"weights_at_channel_rate", static_cast<int64_t>(step.memory_needed)},
                           {"tokens_per_second", TokensPerSecond(cycles, i + 1)},
                           {"share_of_roofline", ShareOfRoofline(cycles, i + 1)}});
  }
  uint64_t channel_bytes = 0, constant_bytes = 0;
  for (const WeightSegment& segment : layout.channels) channel_bytes += segment.used_bytes;
  for (const WeightSegment& segment : layout.constants) constant_bytes += segment.used_bytes;

  llvm::json::Array products;
  for (const artifact::v1::Quantisation::Product& product : quantisation.products()) {
    products.push_back(llvm::json::Object{{"weight", product.weight()},
                                          {"rows", static_cast<int64_t>(product.rows())},
                                          {"columns", static_cast<int64_t>(product.columns())},
                                          {"relative_error", product.relative_error()}});
  }

  DesignReport report;
  llvm::json::Object summary{
      {"platform", platform.name},
      {"streams", std::move(streams)},
      {"processes", std::move(processes)},
      {"memories", std::move(memories)},
      {"stream_bytes", stream_bytes},
      {"on_chip_bytes_of_platform", platform.OnChipBytes()},
      {"weights", llvm::json::Object{{"channels", static_cast<int64_t>(layout.channels.size())},
                                     {"packed_bytes", static_cast<int64_t>(channel_bytes)},
                                     {"constant_bytes", static_cast<int64_t>(constant_bytes)}}},
      {"modelled", llvm::json::Object{{"clock_hz", cycles.timing.clock_hz()},
                                      {"launch_cycles", static_cast<int64_t>(cycles.timing.launch_cycles())},
                                      {"logits_cycles", static_cast<int64_t>(cycles.timing.logits_cycles())},
                                      {"context_page_cycles", cycles.timing.context_page_cycles()},
                                      {"roofline_step_seconds", cycles.memory_seconds_floor},
                                      {"unroll", cycles.unroll},
                                      {"engine_dsps", cycles.engine_dsps},
                                      {"dsps_of_platform", platform.Dsps()},
                                      {"steps", std::move(steps)}}}};
  if (kv_tokens > 0) summary["kv_tokens"] = kv_tokens;
  if (!products.empty()) {
    summary["quantised"] =
        llvm::json::Object{{"format", quantisation.format()}, {"products", std::move(products)}};
  }
  llvm::raw_string_ostream json(report.json);
  json << llvm::formatv("{0:2}", llvm::json::Value(std::move(summary))) << "\n";

  llvm::raw_string_ostream text(report.text);
  text << "Design for " << platform.title << "\n";
  text << "  processes  " << process_count << "\n";
  text << "  streams    " << stream_count << ", " << stream_bytes / 1024 << " of "
       << platform.OnChipBytes() / 1024 << " KiB on chip\n";
  text << "  memory     " << platform.memory.banks << " banks of " << platform.memory.kind << ", "
       << (platform.memory.bytes_per_bank >> 20) << " MiB each\n";
  text << "  weights    " << llvm::format("%.1f", static_cast<double>(channel_bytes) / 1e6) << " MB in "
       << layout.channels.size() << " channels, tables "
       << llvm::format("%.1f", static_cast<double>(constant_bytes) / 1e6) << " MB\n";
  if (kv_tokens > 0) text << "  KV pools   room for " << kv_tokens << " tokens\n";
  text << "  engine     " << cycles.unroll << " tokens at a time, about " << cycles.engine_dsps << " of "
       << platform.Dsps() << " DSP slices (modelled)\n";
  text << "\nModelled at " << llvm::format("%.0f", cycles.timing.clock_hz() / 1e6)
       << " MHz, one row of logits, no context; cycles, of which the engine computes or waits for\n"
       << "  tokens      step   computes    frames   weights   results  tokens/s  of roofline\n";
  for (size_t i = 0; i < cycles.steps.size(); ++i) {
    const StepCycles& step = cycles.steps[i];
    text << llvm::format("  %6zu %9llu", i + 1, static_cast<unsigned long long>(step.total))
         << llvm::format("  %9llu %9llu", static_cast<unsigned long long>(step.engine_busy),
                         static_cast<unsigned long long>(step.engine_waits))
         << llvm::format(" %9llu %9llu", static_cast<unsigned long long>(step.engine_weight_waits),
                         static_cast<unsigned long long>(step.engine_result_waits))
         << llvm::format(" %9.0f %10.1f %%\n", TokensPerSecond(cycles, i + 1),
                         100 * ShareOfRoofline(cycles, i + 1));
  }
  if (quantisation.products_size() > 0) {
    text << "\nMatrix products quantised to " << quantisation.format()
         << "; error of each against float32, root mean square by that of the values,\non rows of normally "
            "distributed "
            "activations (measured when compiling)\n";
    for (const artifact::v1::Quantisation::Product& product : quantisation.products()) {
      text << llvm::format("  %6.2f %%  ", 100 * product.relative_error()) << product.weight() << " ["
           << product.rows() << ", " << product.columns() << "]\n";
    }
  }
  return report;
}

}  // namespace streamtensor::compiler
