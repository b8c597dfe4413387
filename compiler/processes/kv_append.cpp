// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/process_cycles.h"
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/processes/pages.h"
#include "compiler/targets/hls/process_writer.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult KvAppendOp::verify() {
  for (auto [name, value] : {std::pair("kv_heads", getKvHeads()), std::pair("head_dim", getHeadDim())}) {
    if (static_cast<int64_t>(value) < 1) return emitOpError() << name << " must be at least 1, got " << value;
  }
  return mlir::success();
}

mlir::LogicalResult KvAppendOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  if (mlir::failed(ExpectEnds(*this, ends, {{ChannelKind::header, ChannelKind::words, ChannelKind::words}},
                              {{ChannelKind::done}}, {"k_write", "v_write"}))) {
    return mlir::failure();
  }
  const auto width = static_cast<int64_t>(getKvHeads() * getHeadDim());
  if (mlir::failed(ExpectWholeRows(*this, ends.read(1), kTokens, width))) return mlir::failure();
  if (mlir::failed(ExpectWholeRows(*this, ends.read(2), kTokens, width))) return mlir::failure();
  return ExpectPools(*this, ends, static_cast<int64_t>(getKvHeads()), static_cast<int64_t>(getHeadDim()));
}

std::optional<dataflow::Section> KvAppendOp::getSection() { return dataflow::Section::layer; }

llvm::StringRef KvAppendOp::getSourceName() { return dataflow::KvAppendOp::getOperationName(); }

mlir::LogicalResult KvAppendOp::plan(mlir::Operation* source, dataflow::ProcessPlan& plan) {
  auto append = llvm::cast<dataflow::KvAppendOp>(source);
  if (mlir::failed(PlanPages(source, append.getPageTable(), append.getSlot(), append.getPosition(),
                             append.getLayer(), plan))) {
    return mlir::failure();
  }
  if (!append.getEffectivePageMap().isIdentity()) {
    return append.emitError("can write pages in their own order only");
  }
  const auto keys = append.getKNew().getType();
  mlir::Builder builder(source->getContext());
  plan.attributes.set("kv_heads", builder.getI64IntegerAttr(keys.getDimSize(1)));
  plan.attributes.set("head_dim", builder.getI64IntegerAttr(keys.getDimSize(2)));
  plan.reads = {append.getKNew(), append.getVNew()};
  plan.memories = {PlanPool("k_write", append.getKPool()), PlanPool("v_write", append.getVPool())};
  plan.sends_done = true;
  return mlir::success();
}

mlir::LogicalResult KvAppendOp::trace(Trace& trace) {
  trace.ReadHeader();
  trace.InSection(getSection(), [&] {
    for (StreamOp rows : trace.ends().reads_of(ChannelKind::words)) trace.Read(rows, trace.Words(rows));
    // Pages are written one float16 a cycle.
    trace.Compute(static_cast<double>(2 * trace.tokens() * static_cast<int64_t>(getKvHeads()) *
                                      (static_cast<int64_t>(getHeadDim()) + kFloatLoopFill)));
  });
  trace.Write(trace.ends().write(0));
  return mlir::success();
}

mlir::LogicalResult KvAppendOp::emit(hls::ProcessWriter& writer) {
  const auto kv_heads = static_cast<int64_t>(getKvHeads()), head_dim = static_cast<int64_t>(getHeadDim());
  writer.OpenConfig();
  writer.Constant("layers", writer.design().layers());
  writer.Constant("kv_heads", kv_heads);
  writer.Constant("head_dim", head_dim);
  writer.CloseConfig();
  writer.AddHeader();
  std::string arguments;
  for (StreamOp rows : writer.ends().reads_of(ChannelKind::words)) arguments += ", " + writer.AddStream(rows);
  for (dataflow::MemoryOp pool : writer.ends().memories) arguments += ", " + writer.AddMemory(pool);
  arguments += ", " + writer.AddStream(writer.ends().write(0), "done");
  writer.Open();
  writer.out().line("st::kv_append<" + writer.name() + "_config>(headers" + arguments + ");");
  writer.Close();
  writer.set_local_bytes(4 * kv_heads * head_dim);
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
