// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/cycle_model.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "compiler/analysis/process_cycles.h"
#include "compiler/targets/hls/network.h"
#include "compiler/targets/hls/packing_request.h"

namespace streamtensor::compiler {
namespace {

using dataflow::ProcessKind;
using dataflow::Section;

constexpr double kHandover = 8;  // cycles from one process' write to the next one's use

// When a stream's first and last word of one use stand ready.
struct Span {
  double first = 0;
  double last = 0;
};

// One issue, joined up from the lists of engine, activation switch and result switch.
struct Issue {
  PackedIssue packed;
  hls::RowCount rows;
  dataflow::StreamOp source;
  // Result streams, each with the share of the issue's row tiles that have passed when it ends.
  std::vector<std::pair<dataflow::StreamOp, double>> sinks;
};

class Simulation {
 public:
  Simulation(const hls::Network& network, const std::vector<Issue> (&issues)[3], double words_per_cycle,
             double prefetch_words, double latency, int64_t unroll, StepSymbols symbols)
      : network_(network),
        issues_(issues),
        words_per_cycle_(words_per_cycle),
        prefetch_words_(prefetch_words),
        latency_(latency),
        unroll_(unroll),
        symbols_(symbols) {
    for (dataflow::ProcessOp process : network.processes()) {
      if (process.getKind() == ProcessKind::carry) carry_ = process;
    }
  }

  StepCycles Run() {
    RunSection(0, Section::prologue);
    if (carry_) carried_ = Ready(Source(0));
    for (int64_t layer = 0; layer < network_.layers(); ++layer) {
      RunSection(1, Section::layer);
      if (carry_) carried_ = Ready(Source(1));
    }
    RunSection(2, Section::epilogue);
    StepCycles cycles;
    cycles.total = static_cast<uint64_t>(std::ceil(latest_));
    cycles.engine_busy = static_cast<uint64_t>(busy_);
    cycles.engine_waits = static_cast<uint64_t>(frame_waits_);
    cycles.memory_waits = static_cast<uint64_t>(memory_waits_);
    cycles.memory_needed = static_cast<uint64_t>(dma_words_ / words_per_cycle_);
    return cycles;
  }

 private:
  // The carry's read end `index`: 0 the initial value, 1 the fed-back one.
  dataflow::StreamOp Source(unsigned index) {
    unsigned next = 0;
    for (mlir::Attribute name : carry_.getReads()) {
      dataflow::StreamOp stream = network_.stream(name);
      if (stream.getKind() == dataflow::ChannelKind::header) continue;
      if (next++ == index) return stream;
    }
    return nullptr;
  }

  void RunSection(unsigned index, Section section) {
    ready_.clear();
    issue_done_.assign(issues_[index].size(), false);
    section_ = index;
    for (size_t i = 0; i < issues_[index].size(); ++i) RunIssue(i);
    // What no issue waits for: stores, pages, the residual's way back.
    for (dataflow::ProcessOp process : network_.processes()) {
      if (process.getSection() != section) continue;
      latest_ = std::max(latest_, Finish(process).last);
    }
  }

  void RunIssue(size_t index) {
    if (issue_done_[index]) return;
    if (index > 0) RunIssue(index - 1);
    issue_done_[index] = true;
    const Issue& issue = issues_[section_][index];
    const int64_t rows = issue.rows.symbol.empty() ? issue.rows.fixed : symbols_.Of(issue.rows.symbol, 1);
    // The frame: all rows quantised, two words a group; a full ring waits for the engine, which then
    // is not the one that waits.
    const double frame = Ready(issue.source).last + 2.0 * issue.packed.groups * rows + kHandover;
    const double start = std::max(engine_free_, frame);
    frame_waits_ += start - engine_free_;

    const double tiles = static_cast<double>(issue.packed.RowTiles() * issue.packed.groups);
    const double compute =
        rows == 0 ? 0 : tiles / static_cast<double>(unroll_) * static_cast<double>(TileCycles(rows));
    const double words =
        static_cast<double>(issue.packed.Blocks() * BlockBytes(issue.packed.format) / kWordBytes);
    // DMA never waits at a border, but is at most the FIFOs ahead of the engine.
    const double earliest = start - prefetch_words_ / words_per_cycle_;
    dma_ = std::max(dma_, std::max(earliest, latency_)) + words / words_per_cycle_;
    dma_words_ += words;
    const double end = std::max(start + compute, dma_);
    memory_waits_ += end - (start + compute);
    busy_ += compute;
    engine_free_ = end;
    latest_ = std::max(latest_, end);
    double before = 0;
    for (auto [stream, share] : issue.sinks) {
      ready_[stream.getOperation()] = {start + (end - start) * before + kHandover,
                                       start + (end - start) * share + kHandover};
      before = share;
    }
  }

  Span Ready(dataflow::StreamOp stream) {
    auto found = ready_.find(stream.getOperation());
    if (found != ready_.end()) return found->second;
    dataflow::ProcessOp source = network_.design().lookupSymbol<dataflow::ProcessOp>(stream.getSourceAttr());
    if (!source) return {};
    if (source == carry_) return carried_;
    if (source.getKind() == ProcessKind::result_switch) {
      for (size_t i = 0; i < issues_[section_].size(); ++i) {
        for (const auto& [sink, share] : issues_[section_][i].sinks) {
          if (sink == stream) RunIssue(i);
        }
      }
      found = ready_.find(stream.getOperation());
      return found == ready_.end() ? Span() : found->second;
    }
    const Span span = Finish(source);
    ready_[stream.getOperation()] = span;
    return span;
  }

  // First and last output of a process.
  Span Finish(dataflow::ProcessOp process) {
    Span input;
    uint64_t words = 0;
    for (mlir::Attribute name : process.getReads()) {
      dataflow::StreamOp stream = network_.stream(name);
      if (stream.getKind() != dataflow::ChannelKind::words) continue;
      const Span ready = Ready(stream);
      input.first = std::max(input.first, ready.first);
      input.last = std::max(input.last, ready.last);
      words = std::max(words, StreamWords(llvm::cast<itensor::ITensorType>(*stream.getType()), symbols_));
    }
    for (mlir::Attribute name : process.getWrites()) {
      dataflow::StreamOp stream = network_.stream(name);
      if (stream.getKind() != dataflow::ChannelKind::words) continue;
      words = std::max(words, StreamWords(llvm::cast<itensor::ITensorType>(*stream.getType()), symbols_));
    }
    const double moved = static_cast<double>(words);
    switch (process.getKind()) {
      case ProcessKind::kernel: {
        // Row by row: the first row costs what one token costs.
        const double all = static_cast<double>(KernelCycles(process.getBody().front(), symbols_));
        const double one = static_cast<double>(KernelCycles(process.getBody().front(), {1, 1}));
        return {input.first + std::min(one, all) + kHandover,
                std::max(input.first + all, input.last + one) + kHandover};
      }
      case ProcessKind::convert:
        return {input.last + kHandover, input.last + moved + kHandover};
      case ProcessKind::attention: {
        const mlir::DictionaryAttr config = *process.getConfig();
        auto number = [&](const char* key) { return config.getAs<mlir::IntegerAttr>(key).getInt(); };
        const double cycles = static_cast<double>(
            AttentionCycles(number("query_heads"), number("kv_heads"), number("head_dim"), symbols_.tokens));
        return {input.last + cycles, input.last + cycles + moved};
      }
      default:
        return {input.first + kHandover, std::max(input.last, input.first + moved) + kHandover};
    }
  }

  const hls::Network& network_;
  const std::vector<Issue> (&issues_)[3];
  const double words_per_cycle_;
  const double prefetch_words_;
  const double latency_;
  const int64_t unroll_;
  const StepSymbols symbols_;
  dataflow::ProcessOp carry_;

  unsigned section_ = 0;
  std::map<mlir::Operation*, Span> ready_;
  std::vector<bool> issue_done_;
  Span carried_;
  double engine_free_ = 0;
  double dma_ = 0;
  double dma_words_ = 0;
  double latest_ = 0;
  double busy_ = 0;
  double frame_waits_ = 0;
  double memory_waits_ = 0;
};

std::vector<dataflow::StreamOp> DataStreams(const hls::Network& network, mlir::ArrayAttr names) {
  std::vector<dataflow::StreamOp> streams;
  for (mlir::Attribute name : names) {
    dataflow::StreamOp stream = network.stream(name);
    if (stream.getKind() == dataflow::ChannelKind::words) streams.push_back(stream);
  }
  return streams;
}

dataflow::ProcessOp FindKind(const hls::Network& network, ProcessKind kind) {
  for (dataflow::ProcessOp process : network.processes()) {
    if (process.getKind() == kind) return process;
  }
  return nullptr;
}

// Joins the three lists of one section.
mlir::LogicalResult JoinIssues(const hls::Network& network, const std::vector<PackedIssue>& packed,
                               std::optional<mlir::ArrayAttr> fills, std::optional<mlir::ArrayAttr> routes,
                               std::vector<Issue>* issues) {
  if (packed.empty()) return mlir::success();
  dataflow::ProcessOp activations = FindKind(network, ProcessKind::activation_switch);
  dataflow::ProcessOp results = FindKind(network, ProcessKind::result_switch);
  dataflow::ProcessOp engine = network.engine();
  if (!fills || !routes || fills->size() != packed.size()) {
    return engine.emitOpError("has ")
           << packed.size() << " issues where the activation switch has " << (fills ? fills->size() : 0);
  }
  const std::vector<dataflow::StreamOp> sources = DataStreams(network, activations.getReads());
  const std::vector<dataflow::StreamOp> sinks = DataStreams(network, results.getWrites());
  size_t next_route = 0;
  for (size_t i = 0; i < packed.size(); ++i) {
    auto fill = llvm::cast<mlir::DictionaryAttr>((*fills)[i]);
    auto source = fill.getAs<mlir::IntegerAttr>("source");
    const std::optional<hls::RowCount> rows = hls::ParseRows(fill.get("rows"));
    if (!source || !rows || source.getInt() < 0 || source.getInt() >= static_cast<int64_t>(sources.size())) {
      return activations.emitOpError("has an entry without `source` or `rows`: ") << fill;
    }
    Issue issue{packed[i], *rows, sources[source.getInt()], {}};
    int64_t passed = 0;
    while (passed < packed[i].RowTiles()) {
      if (next_route >= routes->size())
        return results.emitOpError("routes fewer row tiles than the engine gives");
      auto route = llvm::cast<mlir::DictionaryAttr>((*routes)[next_route++]);
      auto targets = route.getAs<mlir::DenseI64ArrayAttr>("sinks");
      auto tiles = route.getAs<mlir::IntegerAttr>("row_tiles");
      if (!targets || !tiles)
        return results.emitOpError("has an entry without `sinks` or `row_tiles`: ") << route;
      passed += tiles.getInt() * static_cast<int64_t>(targets.size());
      for (int64_t target : targets.asArrayRef()) {
        if (target < 0 || target >= static_cast<int64_t>(sinks.size()))
          return results.emitOpError("has no stream ") << target;
        issue.sinks.emplace_back(sinks[target],
                                 static_cast<double>(passed) / static_cast<double>(packed[i].RowTiles()));
      }
    }
    if (passed != packed[i].RowTiles())
      return results.emitOpError("routes more row tiles than the engine gives");
    issues->push_back(std::move(issue));
  }
  return mlir::success();
}

}  // namespace

mlir::FailureOr<CycleModel> ModelCycles(dataflow::DesignOp design, const Platform& platform,
                                        uint64_t weight_bytes_per_step, uint64_t kv_page_bytes) {
  mlir::FailureOr<hls::Network> network = hls::Network::Create(design);
  mlir::FailureOr<hls::PackingRequest> packing = hls::RequestPacking(design);
  if (mlir::failed(network) || mlir::failed(packing)) return mlir::failure();

  std::vector<Issue> issues[3];
  dataflow::ProcessOp fills = FindKind(*network, ProcessKind::activation_switch);
  dataflow::ProcessOp routes = FindKind(*network, ProcessKind::result_switch);
  if (network->engine()) {
    if (!fills || !routes) return design.emitOpError("has an engine, but no switches");
    if (mlir::failed(JoinIssues(*network, packing->plan.prologue, fills.getPrologue(), routes.getPrologue(),
                                &issues[0])) ||
        mlir::failed(
            JoinIssues(*network, packing->plan.layer, fills.getLayer(), routes.getLayer(), &issues[1])) ||
        mlir::failed(JoinIssues(*network, packing->plan.epilogue, fills.getEpilogue(), routes.getEpilogue(),
                                &issues[2]))) {
      return mlir::failure();
    }
  }
  const double channels = static_cast<double>(std::max<int64_t>(packing->plan.channels, 1));
  const double channel_words =
      std::min(1.0, platform.memory.bytes_per_second_per_channel * platform.memory.efficiency /
                        (kWordBytes * platform.clock_hz));
  double prefetch_words = 0;
  for (dataflow::StreamOp stream : network->weight_streams()) {
    prefetch_words += static_cast<double>(stream.getDepth()) * 30;
  }
  int64_t unroll = 1;
  if (network->engine()) {
    if (auto attribute = network->engine()->getAttrOfType<mlir::IntegerAttr>("unroll"))
      unroll = attribute.getInt();
  }
  const auto launch_cycles = static_cast<uint64_t>(std::llround(platform.launch_seconds * platform.clock_hz));
  auto simulate = [&](StepSymbols symbols) {
    Simulation simulation(*network, issues, channels * channel_words, prefetch_words,
                          static_cast<double>(platform.memory.read_latency_cycles),
                          std::max<int64_t>(unroll, 1), symbols);
    return simulation.Run();
  };

  CycleModel model;
  artifact::v1::TimingModel& timing = model.timing;
  timing.set_clock_hz(platform.clock_hz);
  timing.set_launch_cycles(launch_cycles);
  const int64_t logits = network->step_logits() > 0 ? 1 : 0;
  for (int64_t tokens = 1; tokens <= network->step_tokens(); ++tokens) {
    StepCycles cycles = simulate({tokens, logits});
    cycles.total += launch_cycles;
    timing.add_step_cycles(cycles.total);
    model.steps.push_back(cycles);
  }
  if (network->step_logits() > 1) {
    const uint64_t one = simulate({2, 1}).total, two = simulate({2, 2}).total;
    timing.set_logits_cycles(two > one ? two - one : 0);
  }
  if (dataflow::ProcessOp attention = FindKind(*network, ProcessKind::attention)) {
    const mlir::DictionaryAttr config = *attention.getConfig();
    auto number = [&](const char* key) { return config.getAs<mlir::IntegerAttr>(key).getInt(); };
    timing.set_context_page_cycles(static_cast<double>(
        network->layers() * static_cast<int64_t>(AttentionPageCycles(
                                number("query_heads"), number("kv_heads"), number("head_dim")))));
    timing.set_bytes_per_context_page(2 * kv_page_bytes);
  }
  timing.set_static_watts(platform.static_watts);
  timing.set_dynamic_joules_per_step_byte(platform.dynamic_joules_per_byte);
  timing.set_bytes_per_step(weight_bytes_per_step);
  return model;
}

}  // namespace streamtensor::compiler
