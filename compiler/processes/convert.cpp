// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/itensor_converter.h"
#include "compiler/analysis/process_cycles.h"
#include "compiler/analysis/row_layout.h"
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/targets/hls/index_text.h"
#include "compiler/targets/hls/process_writer.h"
#include "kernels/contract/word.h"

namespace streamtensor::compiler::process {
namespace {

using dataflow::ChannelKind;
using dataflow::StreamOp;
using itensor::ITensorType;

// Where the elements of an itensor go in a buffer of the data's shape, with the loops around them.
class Walk {
 public:
  Walk(itensor::ITensorType type, unsigned shared_loops, llvm::ArrayRef<int64_t> buffer_strides)
      : type_(type), shared_(shared_loops), strides_(buffer_strides) {}

  // Opens the loops inside the shared ones.
  void Open(hls::TextWriter& out, const std::string& prefix) {
    for (unsigned loop = 0; loop < type_.getNumLoops(); ++loop) {
      names_.push_back(loop < shared_ ? "s" + std::to_string(loop) : prefix + std::to_string(loop));
      if (loop < shared_) continue;
      const std::string& name = names_.back();
      out.open("for (int " + name + " = 0; " + name + " < " +
               hls::CountText(dataflow::RowsOfLoop(type_, loop)) + "; ++" + name + ")");
      out.directive("#pragma HLS LOOP_FLATTEN off");
    }
    // Shared loops stand still while the buffer is filled and emptied.
    llvm::SmallVector<std::string> loops;
    llvm::SmallVector<int64_t> factors;
    for (unsigned loop = shared_; loop < type_.getNumLoops(); ++loop) {
      const int64_t dim = type_.getDimOfLoop(loop);
      if (dim < 0) continue;
      loops.push_back(names_[loop]);
      factors.push_back(type_.getSteps()[loop] * strides_[dim]);
    }
    base_ = hls::LinearIndex("0", loops, factors);
  }
  void Close(hls::TextWriter& out) {
    for (unsigned loop = shared_; loop < type_.getNumLoops(); ++loop) out.close();
  }

  // `statement(index into the buffer, index into the element)` for every scalar of an element.
  template <typename Statement>
  void ForEachScalar(hls::TextWriter& out, Statement statement) {
    const auto shape = type_.getElementShape();
    llvm::SmallVector<int64_t> element_strides(shape.size(), 1);
    for (size_t i = shape.size(); i-- > 1;) element_strides[i - 1] = element_strides[i] * shape[i];
    llvm::SmallVector<std::string> loops;
    for (size_t dim = 0; dim < shape.size(); ++dim) {
      loops.push_back(shape[dim] == 1 ? "0" : "e" + std::to_string(dim));
      if (shape[dim] == 1) continue;
      out.open("for (int " + loops.back() + " = 0; " + loops.back() + " < " + std::to_string(shape[dim]) +
               "; ++" + loops.back() + ")");
    }
    statement(hls::LinearIndex(base_, loops, strides_), hls::LinearIndex("0", loops, element_strides));
    for (const std::string& loop : loops) {
      if (loop != "0") out.close();
    }
  }

 private:
  itensor::ITensorType type_;
  unsigned shared_;
  llvm::ArrayRef<int64_t> strides_;
  llvm::SmallVector<std::string> names_;
  std::string base_;
};

// How far the loops from `shared` on, and the element, reach in each data dimension.
llvm::SmallVector<int64_t> BufferShape(itensor::ITensorType type, unsigned shared) {
  llvm::SmallVector<int64_t> shape(type.getElementShape().begin(), type.getElementShape().end());
  for (unsigned loop = shared; loop < type.getNumLoops(); ++loop) {
    const int64_t dim = type.getDimOfLoop(loop);
    if (dim >= 0) shape[dim] += (type.getTripBounds()[loop] - 1) * type.getSteps()[loop];
  }
  return shape;
}

// The same rows, whole on one side and as row tiles on the other: what templates convert.
bool BetweenRowsAndTiles(const std::optional<RowLayout>& from, const std::optional<RowLayout>& to) {
  return from && to && from->order != to->order && from->rows == to->rows &&
         contract::WordsOf(from->width) == contract::WordsOf(to->width);
}

void EmitBetweenRowsAndTiles(const RowLayout& from, const std::string& in, const std::string& out,
                             hls::ProcessWriter& writer) {
  const int64_t tiles = contract::WordsOf(from.width);
  const int64_t bound = std::max(writer.design().step_tokens(), from.rows.fixed);
  const char* function = from.order == RowOrder::kTiles ? "st::tiles_to_rows<" : "st::rows_to_tiles<";
  writer.out().line(function + std::to_string(tiles) + ", " + std::to_string(bound) + ">(" + in + ", " +
                    hls::CountText(from.rows) + ", " + out + ");");
  writer.set_local_bytes(contract::kWordBytes * bound * tiles);
}

// Through a buffer in the shape of what the loops inside the shared ones cover.
void EmitGeneral(ITensorType from, ITensorType to, unsigned shared, const std::string& in,
                 const std::string& result, hls::ProcessWriter& writer) {
  llvm::SmallVector<int64_t> shape = BufferShape(from, shared);
  llvm::SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  const int64_t scalars = shape.empty() ? 1 : strides[0] * shape[0];
  writer.set_local_bytes(4 * (scalars + from.getElementSize() + to.getElementSize()));

  hls::TextWriter& out = writer.out();
  out.line("float buffer[" + std::to_string(scalars) + "];");
  for (unsigned loop = 0; loop < shared; ++loop) {
    const std::string name = "s" + std::to_string(loop);
    out.open("for (int " + name + " = 0; " + name + " < " + hls::CountText(dataflow::RowsOfLoop(from, loop)) +
             "; ++" + name + ")");
    out.directive("#pragma HLS LOOP_FLATTEN off");
  }
  Walk fill(from, shared, strides);
  fill.Open(out, "i");
  out.line("float element[" + std::to_string(from.getElementSize()) + "];");
  out.line("st::read_row(" + in + ", element);");
  fill.ForEachScalar(out, [&](const std::string& at, const std::string& scalar) {
    out.line("buffer[" + at + "] = element[" + scalar + "];");
  });
  fill.Close(out);
  Walk drain(to, shared, strides);
  drain.Open(out, "o");
  out.line("float element[" + std::to_string(to.getElementSize()) + "];");
  drain.ForEachScalar(out, [&](const std::string& at, const std::string& scalar) {
    out.line("element[" + scalar + "] = buffer[" + at + "];");
  });
  out.line("st::write_row(element, " + result + ");");
  drain.Close(out);
  for (unsigned loop = 0; loop < shared; ++loop) out.close();
}

}  // namespace

mlir::LogicalResult ConvertOp::verify() {
  if (static_cast<int64_t>(getSharedLoops()) >= 0) return mlir::success();
  return emitOpError("shared_loops must not be negative, got ") << static_cast<int64_t>(getSharedLoops());
}

mlir::LogicalResult ConvertOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  if (mlir::failed(
          ExpectEnds(*this, ends, {{ChannelKind::header, ChannelKind::words}}, {{ChannelKind::words}}))) {
    return mlir::failure();
  }
  const ITensorType from = TypeOf(ends.read(1)), to = TypeOf(ends.write(0));
  const auto shared = static_cast<int64_t>(getSharedLoops());
  if (shared == 0 && BetweenRowsAndTiles(FindRowLayout(from), FindRowLayout(to))) return mlir::success();
  if (!from.getElementType().isF32() || from.repeats()) {
    return emitOpError("converts float32 elements that come once, got ") << from;
  }
  if (ConverterBufferFor(from, to, shared)) return mlir::success();
  return emitOpError("can't bring ") << from << " into the order of " << to << " with " << shared
                                     << " shared loops";
}

llvm::StringRef ConvertOp::getSourceName() { return itensor::ConverterOp::getOperationName(); }

mlir::LogicalResult ConvertOp::plan(mlir::Operation* source, dataflow::ProcessPlan& plan) {
  auto converter = llvm::cast<itensor::ConverterOp>(source);
  plan.reads = {converter.getSource()};
  plan.attributes.set("shared_loops", converter.getSharedLoopsAttr());
  return mlir::success();
}

mlir::LogicalResult ConvertOp::trace(Trace& trace) {
  StreamOp source = trace.ends().read(1), result = trace.ends().write(0);
  const auto shared = static_cast<unsigned>(getSharedLoops());
  const std::optional<RowLayout> from = FindRowLayout(TypeOf(source)), to = FindRowLayout(TypeOf(result));
  const bool in_order = shared == 0 && BetweenRowsAndTiles(from, to) && trace.Count(from->rows) == 1;
  trace.ReadHeader();
  trace.InSection(getSection(), [&] {
    if (in_order) return trace.Copy(source, result, trace.Words(source));
    int64_t iterations = 1;
    for (unsigned loop = 0; loop < shared; ++loop) iterations *= trace.Trips(TypeOf(source), loop);
    trace.Loop(iterations, [&] {
      trace.Read(source, trace.Words(source, shared));
      trace.Compute(2 * kLoopFill);
      trace.Write(result, trace.Words(result, shared));
    });
  });
  return mlir::success();
}

mlir::LogicalResult ConvertOp::emit(hls::ProcessWriter& writer) {
  StreamOp source = writer.ends().read(1), result = writer.ends().write(0);
  writer.AddHeader();
  const std::string in = writer.AddStream(source), out = writer.AddStream(result);
  writer.OpenWithHeader();
  writer.OpenSection(getSection());
  const std::optional<RowLayout> from = FindRowLayout(TypeOf(source)), to = FindRowLayout(TypeOf(result));
  if (getSharedLoops() == 0 && BetweenRowsAndTiles(from, to)) {
    EmitBetweenRowsAndTiles(*from, in, out, writer);
  } else {
    EmitGeneral(TypeOf(source), TypeOf(result), static_cast<unsigned>(getSharedLoops()), in, out, writer);
  }
  writer.CloseSection();
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
