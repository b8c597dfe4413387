// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/row_layout.h"
#include "compiler/analysis/step_function.h"
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/targets/hls/process_writer.h"
#include "kernels/contract/word.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult TakeRowsOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  if (mlir::failed(
          ExpectEnds(*this, ends, {{ChannelKind::header, ChannelKind::words}}, {{ChannelKind::words}}))) {
    return mlir::failure();
  }
  const mlir::FailureOr<RowLayout> rows = ExpectRows(*this, ends.read(1));
  if (mlir::failed(rows) || mlir::failed(ExpectWholeRows(*this, ends.read(1), kTokens, rows->width))) {
    return mlir::failure();
  }
  return ExpectWords(*this, ends.write(0), WordsOfRows(kLogits, contract::WordsOf(rows->width)));
}

llvm::StringRef TakeRowsOp::getSourceName() { return dataflow::TakeRowsOp::getOperationName(); }

mlir::LogicalResult TakeRowsOp::plan(mlir::Operation* source, dataflow::ProcessPlan& plan) {
  auto take = llvm::cast<dataflow::TakeRowsOp>(source);
  if (plan.section == dataflow::Section::layer) {
    return take.emitError("can't stand in a layer yet; take rows before or after");
  }
  if (StepFunction::FieldOf(take.getFlags()) != "wants_logits") {
    return take.emitError("can take rows by the field wants_logits only");
  }
  plan.reads = {take.getX()};
  return mlir::success();
}

bool TakeRowsOp::choosesRows() { return true; }

mlir::LogicalResult TakeRowsOp::trace(Trace& trace) {
  StreamOp rows = trace.ends().read(1), wanted = trace.ends().write(0);
  trace.ReadHeader();
  const TakenRows& taken = trace.ChooseRows();
  trace.InSection(getSection(), [&] {
    const int64_t words = TypeOf(rows).getElementWords();
    for (int64_t row = 0; row < trace.tokens();) {
      int64_t end = row + 1;
      while (end < trace.tokens() && taken[end] == taken[row]) ++end;
      if (taken[row]) {
        trace.Copy(rows, wanted, (end - row) * words);
      } else {
        trace.Read(rows, (end - row) * words);
      }
      row = end;
    }
  });
  return mlir::success();
}

mlir::LogicalResult TakeRowsOp::emit(hls::ProcessWriter& writer) {
  StreamOp rows = writer.ends().read(1);
  writer.AddHeader();
  const std::string in = writer.AddStream(rows);
  const std::string out = writer.AddStream(writer.ends().write(0));
  writer.OpenWithHeader();
  writer.OpenSection(getSection());
  writer.out().line("st::take_rows(" + in + ", " +
                    std::to_string(contract::WordsOf(FindRowLayout(TypeOf(rows))->width)) + ", header, " +
                    out + ");");
  writer.CloseSection();
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
