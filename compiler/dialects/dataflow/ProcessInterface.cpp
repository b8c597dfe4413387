// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/ProcessInterface.h"

#include <algorithm>

#include "kernels/contract/limits.h"
#include "kernels/contract/memory.h"

using namespace mlir;

#include "compiler/dialects/dataflow/ProcessInterface.cpp.inc"

namespace streamtensor::compiler::dataflow {

static SmallVector<StreamOp> ofKind(ArrayRef<StreamOp> streams, ChannelKind kind) {
  SmallVector<StreamOp> found;
  for (StreamOp stream : streams)
    if (stream.getKind() == kind) found.push_back(stream);
  return found;
}

SmallVector<StreamOp> ProcessEnds::reads_of(ChannelKind kind) const { return ofKind(reads, kind); }
SmallVector<StreamOp> ProcessEnds::writes_of(ChannelKind kind) const { return ofKind(writes, kind); }

int64_t MemoryTypeBytes(MemoryOp memory) {
  auto type = memory.getType() ? dyn_cast<ShapedType>(*memory.getType()) : ShapedType();
  if (!type) return contract::kBufferAlignmentBytes;
  // weights.bin gives an element of 4 bits a byte of its own.
  int64_t bytes = std::max<int64_t>((type.getElementTypeBitWidth() + 7) / 8, 1);
  for (int64_t size : type.getShape()) bytes *= ShapedType::isDynamic(size) ? contract::kMaxStepTokens : size;
  return bytes;
}

DesignSymbols::DesignSymbols(DesignOp design) {
  for (auto stream : design.getBody().getOps<StreamOp>()) streams_[stream.getSymName()] = stream;
  for (auto memory : design.getBody().getOps<MemoryOp>()) memories_[memory.getSymName()] = memory;
}

ProcessEnds DesignSymbols::EndsOf(ProcessOpInterface process) const {
  ProcessEnds ends;
  for (auto name : process.getReads().getAsRange<FlatSymbolRefAttr>())
    ends.reads.push_back(stream(name.getValue()));
  for (auto name : process.getWrites().getAsRange<FlatSymbolRefAttr>())
    ends.writes.push_back(stream(name.getValue()));
  for (auto name : process.getMemories().getAsRange<FlatSymbolRefAttr>())
    ends.memories.push_back(memory(name.getValue()));
  return ends;
}

}  // namespace streamtensor::compiler::dataflow
