// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/targets/hls/process_writer.h"
#include "kernels/contract/word.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult StoreOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  const bool logits = !ends.memories.empty() && ends.memory(0).getRole() == "logits";
  if (mlir::failed(ExpectEnds(*this, ends, {{ChannelKind::header, ChannelKind::words}}, {{ChannelKind::done}},
                              {logits ? "logits" : "output"}))) {
    return mlir::failure();
  }
  const mlir::FailureOr<RowLayout> rows = ExpectRows(*this, ends.read(1));
  const mlir::FailureOr<int64_t> width = ExpectRowWidth(ends.memory(0));
  if (mlir::failed(rows) || mlir::failed(width)) return mlir::failure();
  // The engine pads rows to whole words; memory has none of that.
  if (contract::WordsOf(rows->width) == contract::WordsOf(*width)) return mlir::success();
  return emitOpError("stores rows of ") << rows->width << " in a memory of rows of " << *width;
}

mlir::LogicalResult StoreOp::trace(Trace& trace) {
  StreamOp rows = trace.ends().read(1);
  trace.ReadHeader();
  trace.Read(rows, trace.Words(rows));
  trace.Write(trace.ends().write(0));
  return mlir::success();
}

mlir::LogicalResult StoreOp::emit(hls::ProcessWriter& writer) {
  StreamOp stream = writer.ends().read(1);
  const RowLayout layout = *FindRowLayout(TypeOf(stream));
  dataflow::MemoryOp target = writer.ends().memory(0);
  writer.OpenConfig();
  writer.Constant("width", *ExpectRowWidth(target));
  writer.RowConstants(layout.rows);
  writer.CloseConfig();
  writer.AddHeader();
  const std::string rows = writer.AddStream(stream);
  const std::string memory = writer.AddMemory(target);
  const std::string done = writer.AddStream(writer.ends().write(0), "done");
  writer.Open();
  writer.out().line(std::string(layout.order == RowOrder::kTiles ? "st::store_tiles<" : "st::store_rows<") +
                    writer.name() + "_config>(headers, " + rows + ", " + memory + ", " + done + ");");
  writer.Close();
  // The tiles that the card's text holds before it writes a burst.
  if (layout.order == RowOrder::kTiles) {
    writer.set_local_bytes(contract::kWordBytes * std::max<int64_t>(1024, layout.rows.fixed));
  }
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
