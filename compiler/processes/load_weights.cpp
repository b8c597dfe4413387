// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/processes/operation_lists.h"
#include "compiler/targets/hls/process_writer.h"
#include "kernels/contract/issue_cut.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

namespace {

// The weight streams of the engine that a stream of blocks goes to.
llvm::SmallVector<StreamOp> WeightStreamsOf(EngineOp engine, const dataflow::DesignSymbols& symbols) {
  return symbols.EndsOf(engine).reads_of(ChannelKind::blocks);
}

}  // namespace

mlir::LogicalResult LoadWeightsOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  if (mlir::failed(ExpectEnds(*this, ends, {}, {{ChannelKind::blocks}}, {"weights"}))) return mlir::failure();
  EngineOp engine = EngineOp::readerOf(ends.write(0));
  if (!engine)
    return emitOpError("loads weights for @") << ends.write(0).getSink() << ", which is not an engine";
  const dataflow::DesignSymbols symbols((*this)->getParentOfType<dataflow::DesignOp>());
  const auto streams = WeightStreamsOf(engine, symbols);
  const auto channel = static_cast<uint64_t>(llvm::find(streams, ends.write(0)) - streams.begin());
  if (*ends.memory(0).getChannel() == channel) return mlir::success();
  return emitOpError("fills weight stream ")
         << channel << " of @" << engine.getSymName() << " from the memory of channel "
         << *ends.memory(0).getChannel();
}

int64_t LoadWeightsOp::getMemoryBytes(dataflow::MemoryOp) {
  auto design = (*this)->getParentOfType<dataflow::DesignOp>();
  const dataflow::DesignSymbols symbols(design);
  EngineOp engine = EngineOp::readerOf(symbols.EndsOf(*this).write(0));
  return engine.getChannelBytes(static_cast<int64_t>(design.getLayers()),
                                static_cast<int64_t>(WeightStreamsOf(engine, symbols).size()));
}

mlir::LogicalResult LoadWeightsOp::trace(Trace& trace) {
  StreamOp stream = trace.ends().write(0);
  EngineOp engine = EngineOp::readerOf(stream);
  const auto channels = static_cast<int64_t>(WeightStreamsOf(engine, trace.symbols()).size());
  trace.Compute(trace.costs().first_word_cycles);
  TraceLists<IssueAttr>(engine, trace, [&](IssueAttr issue) {
    const auto bits = static_cast<int>(issue.getBits());
    const contract::IssueCut cut = issue.getCut(channels);
    const auto scale_groups = static_cast<int>(issue.getScaleGroups());
    const int64_t per_block = contract::BlockGroups(bits, scale_groups);
    const auto block = [&](int64_t groups) {
      trace.Open(stream);
      trace.Compute(static_cast<double>(contract::RowTileWords(bits, scale_groups, groups)) /
                    trace.costs().words_per_cycle);
      trace.Publish(stream);
    };
    trace.Loop(cut.rounds, [&] {
      trace.Loop(cut.part_groups / per_block, [&] { block(per_block); });
      if (cut.part_groups % per_block > 0) block(cut.part_groups % per_block);
    });
  });
  return mlir::success();
}

mlir::LogicalResult LoadWeightsOp::emit(hls::ProcessWriter& writer) {
  const std::string memory = writer.AddMemory(writer.ends().memory(0));
  writer.AddStream(writer.ends().write(0), "words");
  writer.Open();
  writer.out().line("st::load_weights<engine_config>(" + memory + ", words);");
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
