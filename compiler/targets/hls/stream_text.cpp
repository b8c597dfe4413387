// SPDX-License-Identifier: Apache-2.0
// Processes that move rows without computing: converters, forks, the carried residual, memory.
#include "compiler/targets/hls/index_text.h"
#include "compiler/targets/hls/process_text.h"
#include "kernels/contract/word.h"

namespace streamtensor::compiler::hls {
namespace {

itensor::ITensorType TypeOf(dataflow::StreamOp stream) {
  return llvm::dyn_cast<itensor::ITensorType>(stream.getType().value_or(mlir::Type()));
}

// Where the elements of an itensor go in a buffer of the data's shape, with the loops around them.
class Walk {
 public:
  Walk(itensor::ITensorType type, unsigned shared_loops, llvm::ArrayRef<int64_t> buffer_strides)
      : type_(type), shared_(shared_loops), strides_(buffer_strides) {}

  // Opens the loops inside the shared ones. FailureOr: a symbol that the header does not carry.
  void Open(TextWriter& out, const std::string& prefix) {
    for (unsigned loop = 0; loop < type_.getNumLoops(); ++loop) {
      names_.push_back(loop < shared_ ? "s" + std::to_string(loop) : prefix + std::to_string(loop));
      if (loop < shared_) continue;
      const std::string& name = names_.back();
      out.open("for (int " + name + " = 0; " + name + " < " + RowsOfLoop(type_, loop).CountText() + "; ++" +
               name + ")");
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
    base_ = LinearIndex("0", loops, factors);
  }
  void Close(TextWriter& out) {
    for (unsigned loop = shared_; loop < type_.getNumLoops(); ++loop) out.close();
  }

  // `statement(index into the buffer, index into the element)` for every scalar of an element.
  template <typename Statement>
  void ForEachScalar(TextWriter& out, Statement statement) {
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
    statement(LinearIndex(base_, loops, strides_), LinearIndex("0", loops, element_strides));
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

}  // namespace

mlir::LogicalResult ProcessWriter::EmitConvert() {
  if (DataReads().size() != 1 || DataWrites().size() != 1) return process_.emitOpError("joins two streams");
  dataflow::StreamOp source = DataReads()[0], sink = DataWrites()[0];
  const itensor::ITensorType from = TypeOf(source), to = TypeOf(sink);
  AddHeader();
  AddWords(source);
  AddWords(sink);
  OpenWithHeader();
  OpenSection();
  const std::optional<RowLayout> before = FindRowLayout(from), after = FindRowLayout(to);
  if (before && after && before->order != after->order && before->rows.symbol == after->rows.symbol &&
      before->rows.fixed == after->rows.fixed) {
    const int64_t tiles = contract::WordsOf(std::max(before->width, after->width));
    const int64_t bound = std::max(network_.step_tokens(), before->rows.fixed);
    const char* function = before->order == RowOrder::kTiles ? "st::tiles_to_rows<" : "st::rows_to_tiles<";
    out_.line(function + std::to_string(tiles) + ", " + std::to_string(bound) + ">(" + StreamName(source) +
              ", " + before->rows.CountText() + ", " + StreamName(sink) + ");");
    text_.local_bytes = contract::kWordBytes * bound * tiles;
  } else if (mlir::failed(EmitGeneralConvert(from, to, StreamName(source), StreamName(sink)))) {
    return mlir::failure();
  }
  CloseSection();
  out_.close();
  return mlir::success();
}

mlir::LogicalResult ProcessWriter::EmitGeneralConvert(itensor::ITensorType from, itensor::ITensorType to,
                                                      const std::string& in, const std::string& out) {
  if (!from.getElementType().isF32() || !to.getElementType().isF32()) {
    return process_.emitOpError("converts elements that are not float32");
  }
  if (from.getDataRank() != to.getDataRank() || from.repeats()) {
    return process_.emitOpError("can't convert ") << from << " to " << to;
  }
  auto config = process_.getConfig();
  auto shared_attribute = config ? config->getAs<mlir::IntegerAttr>("shared_loops") : mlir::IntegerAttr();
  const unsigned shared = shared_attribute ? static_cast<unsigned>(shared_attribute.getInt()) : 0;
  if (shared > from.getNumLoops() || shared > to.getNumLoops()) {
    return process_.emitOpError("shares more loops than there are");
  }
  llvm::SmallVector<int64_t> shape = BufferShape(from, shared);
  for (auto [size, other] : llvm::zip(shape, BufferShape(to, shared))) size = std::max(size, other);
  llvm::SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  const int64_t scalars = shape.empty() ? 1 : strides[0] * shape[0];
  text_.local_bytes = 4 * (scalars + from.getElementSize() + to.getElementSize());

  out_.line("float buffer[" + std::to_string(scalars) + "];");
  for (unsigned loop = 0; loop < shared; ++loop) {
    const std::string name = "s" + std::to_string(loop);
    out_.open("for (int " + name + " = 0; " + name + " < " + RowsOfLoop(from, loop).CountText() + "; ++" +
              name + ")");
    out_.directive("#pragma HLS LOOP_FLATTEN off");
  }
  Walk fill(from, shared, strides);
  fill.Open(out_, "i");
  out_.line("float element[" + std::to_string(from.getElementSize()) + "];");
  out_.line("st::read_row(" + in + ", element);");
  fill.ForEachScalar(out_, [&](const std::string& at, const std::string& scalar) {
    out_.line("buffer[" + at + "] = element[" + scalar + "];");
  });
  fill.Close(out_);
  Walk drain(to, shared, strides);
  drain.Open(out_, "o");
  out_.line("float element[" + std::to_string(to.getElementSize()) + "];");
  drain.ForEachScalar(out_, [&](const std::string& at, const std::string& scalar) {
    out_.line("element[" + scalar + "] = buffer[" + at + "];");
  });
  out_.line("st::write_row(element, " + out + ");");
  drain.Close(out_);
  for (unsigned loop = 0; loop < shared; ++loop) out_.close();
  return mlir::success();
}

mlir::LogicalResult ProcessWriter::EmitFork() {
  if (DataReads().size() != 1) return process_.emitOpError("copies one stream");
  dataflow::StreamOp source = DataReads()[0];
  AddHeader();
  AddWords(source);
  for (dataflow::StreamOp stream : DataWrites()) AddWords(stream);
  OpenWithHeader();
  OpenSection();
  out_.line("const int words = " + WordsText(TypeOf(source)) + ";");
  out_.open("for (int i = 0; i < words; ++i)");
  // Flushable: words that were taken come out though the next is still to come (HLS contract, j).
  out_.directive("#pragma HLS PIPELINE II = 1 style = flp");
  out_.line("const st::word512 word = " + StreamName(source) + ".read();");
  for (dataflow::StreamOp stream : DataWrites()) out_.line(StreamName(stream) + ".write(word);");
  out_.close();
  CloseSection();
  out_.close();
  return mlir::success();
}

mlir::LogicalResult ProcessWriter::EmitCarry() {
  if (DataReads().size() != 2 || DataWrites().size() != 2) {
    return process_.emitOpError("reads the initial and the fed-back value, and writes to body and epilogue");
  }
  if (network_.layers() < 1) return process_.emitOpError("carries a value through no layer");
  AddHeader();
  for (dataflow::StreamOp stream : DataReads()) AddWords(stream);
  for (dataflow::StreamOp stream : DataWrites()) AddWords(stream);
  const std::vector<std::string>& names = text_.arguments;
  OpenWithHeader();
  out_.line("const int words = " + WordsText(TypeOf(DataReads()[0])) + ";");
  out_.line("st::copy_words(" + names[1] + ", words, " + names[3] + ");");
  out_.open("for (int layer = 1; layer < " + std::to_string(network_.layers()) + "; ++layer)");
  out_.directive("#pragma HLS LOOP_FLATTEN off");
  out_.line("st::copy_words(" + names[2] + ", words, " + names[3] + ");");
  out_.close();
  out_.line("st::copy_words(" + names[2] + ", words, " + names[4] + ");");
  out_.close();
  return mlir::success();
}

mlir::LogicalResult ProcessWriter::EmitTakeRows() {
  if (DataReads().size() != 1 || DataWrites().size() != 1) return process_.emitOpError("joins two streams");
  const mlir::FailureOr<RowLayout> layout = Layout(DataReads()[0]);
  if (mlir::failed(layout)) return mlir::failure();
  if (layout->order != RowOrder::kRows || layout->rows.symbol != "T") {
    return process_.emitOpError("takes whole rows of T tokens");
  }
  AddHeader();
  AddWords(DataReads()[0]);
  AddWords(DataWrites()[0]);
  OpenWithHeader();
  OpenSection();
  out_.line("st::take_rows(" + text_.arguments[1] + ", " + std::to_string(contract::WordsOf(layout->width)) +
            ", header, " + text_.arguments[2] + ");");
  CloseSection();
  out_.close();
  return mlir::success();
}

mlir::LogicalResult ProcessWriter::EmitLoad() {
  if (DataWrites().size() != 1 || process_.getMemories().size() != 1) {
    return process_.emitOpError("reads one memory into one stream");
  }
  if (process_.getSection() == dataflow::Section::layer)
    return process_.emitOpError("runs once, not in a layer");
  const mlir::FailureOr<RowLayout> layout = Layout(DataWrites()[0]);
  if (mlir::failed(layout)) return mlir::failure();
  if (layout->order != RowOrder::kRows) return process_.emitOpError("sends row tiles; memory holds rows");
  out_.open("struct " + name_ + "_config");
  out_.line("static constexpr int width = " + std::to_string(layout->width) + ";");
  out_.line("static constexpr st::row_symbol rows = " + layout->rows.SymbolText() + ";");
  out_.line("static constexpr int fixed_rows = " + std::to_string(layout->rows.fixed) + ";");
  out_.close(";");
  AddHeader();
  AddMemory(network_.memory(process_.getMemories()[0]));
  AddWords(DataWrites()[0]);
  Open();
  out_.line("st::load_rows<" + name_ + "_config>(headers, " + text_.arguments[1] + ", " + text_.arguments[2] +
            ");");
  out_.close();
  return mlir::success();
}

mlir::LogicalResult ProcessWriter::EmitStore() {
  if (DataReads().size() != 1 || process_.getMemories().size() != 1) {
    return process_.emitOpError("writes one stream to one memory");
  }
  if (process_.getSection() == dataflow::Section::layer)
    return process_.emitOpError("runs once, not in a layer");
  const mlir::FailureOr<RowLayout> layout = Layout(DataReads()[0]);
  if (mlir::failed(layout)) return mlir::failure();
  dataflow::MemoryOp memory = network_.memory(process_.getMemories()[0]);
  // The engine pads rows to 16; memory has none of that.
  auto type = llvm::dyn_cast_or_null<mlir::RankedTensorType>(memory.getType().value_or(mlir::Type()));
  if (!type || type.getRank() < 1) return memory.emitOpError("needs the type of its rows");
  int64_t width = 1;
  for (int64_t size : type.getShape().drop_front()) width *= size;
  if (contract::WordsOf(width) != contract::WordsOf(layout->width)) {
    return process_.emitOpError("stores rows of ") << layout->width << " in a memory of rows of " << width;
  }
  out_.open("struct " + name_ + "_config");
  out_.line("static constexpr int width = " + std::to_string(width) + ";");
  out_.line("static constexpr st::row_symbol rows = " + layout->rows.SymbolText() + ";");
  out_.line("static constexpr int fixed_rows = " + std::to_string(layout->rows.fixed) + ";");
  out_.close(";");
  AddHeader();
  AddWords(DataReads()[0]);
  AddMemory(memory);
  AddDone();
  Open();
  out_.line(std::string(layout->order == RowOrder::kTiles ? "st::store_tiles<" : "st::store_rows<") + name_ +
            "_config>(headers, " + text_.arguments[1] + ", " + text_.arguments[2] + ", done);");
  out_.close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::hls
