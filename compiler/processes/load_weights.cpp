// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/processes/operation_lists.h"
#include "compiler/targets/hls/process_writer.h"
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
  // Blocks are distributed evenly.
  return engine.getWeightBytes(static_cast<int64_t>(design.getLayers())) /
         static_cast<int64_t>(WeightStreamsOf(engine, symbols).size());
}

mlir::LogicalResult LoadWeightsOp::trace(Trace& trace) {
  StreamOp stream = trace.ends().write(0);
  EngineOp engine = EngineOp::readerOf(stream);
  const auto streams = WeightStreamsOf(engine, trace.symbols());
  const auto channels = static_cast<int64_t>(streams.size());
  const int64_t channel = llvm::find(streams, stream) - streams.begin();
  trace.Compute(trace.costs().first_word_cycles);
  int64_t blocks = 0;  // of the issues so far, in all channels
  TraceLists<IssueAttr>(engine, trace, [&](IssueAttr issue) {
    // Blocks of this channel are those whose number has its remainder.
    const auto before = [&](int64_t number) { return (number + channels - 1 - channel) / channels; };
    const int64_t end = blocks + issue.getBlocks();
    trace.Loop(before(end) - before(blocks), [&] {
      trace.Open(stream);
      trace.Compute(contract::BlockWords(static_cast<int>(issue.getBits())) / trace.costs().words_per_cycle);
      trace.Publish(stream);
    });
    blocks = end;
  });
  return mlir::success();
}

mlir::LogicalResult LoadWeightsOp::emit(hls::ProcessWriter& writer) {
  StreamOp stream = writer.ends().write(0);
  const auto streams = writer.design().weight_streams();
  writer.out().line("struct " + writer.name() + "_config : engine_config { static constexpr int channel = " +
                    std::to_string(llvm::find(streams, stream) - streams.begin()) + "; };");
  const std::string memory = writer.AddMemory(writer.ends().memory(0));
  writer.AddStream(stream, "blocks");
  writer.Open();
  writer.out().line("st::load_weights<" + writer.name() + "_config>(" + memory + ", blocks);");
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
