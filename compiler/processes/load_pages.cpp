// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/processes/pages.h"
#include "compiler/targets/hls/index_text.h"
#include "compiler/targets/hls/process_writer.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;

mlir::LogicalResult LoadPagesOp::verify() {
  if (mlir::failed(ExpectPositive(*this, {{"kv_heads", getKvHeads()}, {"head_dim", getHeadDim()}})) ||
      mlir::failed(ExpectIndexMap(*this, "page_map", getPageMap())) ||
      mlir::failed(ExpectWindows(*this, getWindows()))) {
    return mlir::failure();
  }
  if (hls::AffineText(getPageMap().getResult(0), {"logical_page"})) return mlir::success();
  return emitOpError("page_map can't be written as C++: ") << mlir::AffineMapAttr::get(getPageMap());
}

mlir::LogicalResult LoadPagesOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  const ChannelKind pages = ChannelKind::pages;
  if (mlir::failed(
          ExpectEnds(*this, ends, {{ChannelKind::header, pages}}, {{pages, pages}}, {"k_read", "v_read"}))) {
    return mlir::failure();
  }
  return ExpectPools(*this, ends, static_cast<int64_t>(getKvHeads()), static_cast<int64_t>(getHeadDim()));
}

bool LoadPagesOp::isControl() { return true; }

mlir::LogicalResult LoadPagesOp::trace(Trace& trace) {
  trace.ReadHeader();
  trace.Read(trace.ends().read(1), trace.PageTableWords());
  return mlir::success();
}

mlir::LogicalResult LoadPagesOp::emit(hls::ProcessWriter& writer) {
  WriteWindows(writer, getWindows());
  writer.OpenConfig();
  WritePageConstants(writer, static_cast<int64_t>(getKvHeads()), static_cast<int64_t>(getHeadDim()),
                     static_cast<int64_t>(getMaskOffset()), getWindows());
  const std::string column = *hls::AffineText(getPageMap().getResult(0), {"logical_page"});
  // A column beyond the table is not one of this sequence: it is clamped, never read outside.
  writer.out().line("static constexpr int page_column(int logical_page) { return (" + column +
                    ") < 0 ? 0 : (" + column + ") >= max_pages ? max_pages - 1 : (" + column + "); }");
  writer.CloseConfig();
  writer.AddHeader();
  std::string arguments = ", " + writer.AddStream(writer.ends().read(1), "page_table");
  for (dataflow::MemoryOp pool : writer.ends().memories) arguments += ", " + writer.AddMemory(pool);
  arguments += ", " + writer.AddStream(writer.ends().write(0), "key_words");
  arguments += ", " + writer.AddStream(writer.ends().write(1), "value_words");
  writer.Open();
  writer.out().line("st::load_pages<" + writer.name() + "_config>(headers" + arguments + ");");
  writer.Close();
  // The page table; on the host also as it is handed on.
  writer.set_local_bytes(8 * writer.design().step_tokens() * writer.design().max_pages());
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
