// SPDX-License-Identifier: Apache-2.0
// Processes of kind `kernel`: written from their linalg body.
#include "compiler/targets/hls/body_emitter.h"
#include "compiler/targets/hls/process_text.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace streamtensor::compiler::hls {
namespace {

// The body of a kernel: reads and writes of itensors, and what the body emitter knows.
class KernelBody : public BodyEmitter {
 public:
  using BodyEmitter::BodyEmitter;

 protected:
  mlir::LogicalResult EmitOther(mlir::Operation* operation) override {
    if (auto read = llvm::dyn_cast<itensor::ReadOp>(operation)) return EmitRead(read);
    if (auto write = llvm::dyn_cast<itensor::WriteOp>(operation)) return EmitWrite(write);
    // Bound before the body: the stream that its writes go to.
    if (llvm::isa<itensor::EmptyOp>(operation)) return mlir::success();
    if (auto cast = llvm::dyn_cast<itensor::CastOp>(operation)) {
      BindOpaque(cast.getResult(), Opaque(cast.getSource()));
      return mlir::success();
    }
    if (auto extent = llvm::dyn_cast<dataflow::ExtentOp>(operation)) {
      const std::optional<std::string> text = ExtentText(extent.getSymbol());
      if (!text) return extent.emitOpError("names a symbol that the step header does not carry");
      BindScalar(extent.getResult(), *text);
      return mlir::success();
    }
    return BodyEmitter::EmitOther(operation);
  }

 private:
  mlir::LogicalResult EmitRead(itensor::ReadOp read) {
    if (!read.getSource().getType().getElementType().isF32()) {
      return read.emitOpError("reads elements that are not float32");
    }
    const std::string name = NewName();
    if (mlir::failed(Declare(read.getValue(), name))) return mlir::failure();
    out().line("st::read_row(" + Opaque(read.getSource()) + ", " + name + ");");
    return mlir::success();
  }

  mlir::LogicalResult EmitWrite(itensor::WriteOp write) {
    if (!write.getDest().getType().getElementType().isF32()) {
      return write.emitOpError("writes elements that are not float32");
    }
    const std::string stream = Opaque(write.getDest());
    BindOpaque(write.getResult(), stream);
    if (!HasView(write.getValue())) return write.emitOpError("writes a tensor that was never written");
    const TensorView view = View(write.getValue());
    if (view.IsWholeArray()) {
      out().line("st::write_row(" + view.buffer + ", " + stream + ");");
      return mlir::success();
    }
    const std::string copy = NewName();
    const int64_t size = llvm::cast<mlir::RankedTensorType>(write.getValue().getType()).getNumElements();
    out().line("float " + copy + "[" + std::to_string(size) + "];");
    if (mlir::failed(EmitCopy(write.getValue(), copy))) return mlir::failure();
    out().line("st::write_row(" + copy + ", " + stream + ");");
    return mlir::success();
  }
};

// The itensor.empty that a kernel's yielded value started from.
itensor::EmptyOp FindEmpty(mlir::Value value) {
  while (mlir::Operation* definition = value.getDefiningOp()) {
    if (auto empty = llvm::dyn_cast<itensor::EmptyOp>(definition)) return empty;
    if (auto write = llvm::dyn_cast<itensor::WriteOp>(definition)) {
      value = write.getDest();
    } else if (auto cast = llvm::dyn_cast<itensor::CastOp>(definition)) {
      value = cast.getSource();
    } else if (auto loop = llvm::dyn_cast<mlir::scf::ForOp>(definition)) {
      value = loop.getInitArgs()[llvm::cast<mlir::OpResult>(value).getResultNumber()];
    } else {
      break;
    }
  }
  return nullptr;
}

// Column of the step header that a field names.
std::optional<std::string> FieldText(llvm::StringRef field) {
  if (field == "token_id") return "id";
  if (field == "slot" || field == "position" || field == "start" || field == "wants_logits")
    return field.str();
  return std::nullopt;
}

}  // namespace

mlir::LogicalResult ProcessWriter::EmitKernel() {
  mlir::Block& block = process_.getBody().front();
  TextWriter lines;
  KernelBody body(&lines, &constants_, "v");
  unsigned argument = 0;

  AddHeader();
  for (dataflow::StreamOp stream : DataReads()) {
    AddWords(stream);
    body.BindOpaque(block.getArgument(argument++), StreamName(stream));
  }
  for (auto [stream, yielded] : llvm::zip(DataWrites(), block.getTerminator()->getOperands())) {
    AddWords(stream);
    itensor::EmptyOp empty = FindEmpty(yielded);
    if (!empty) return process_.emitOpError("yields an itensor that is not written from itensor.empty on");
    if (body.HasOpaque(empty.getResult())) {
      return empty.emitOpError("is the start of two itensors; each needs its own");
    }
    body.BindOpaque(empty.getResult(), StreamName(stream));
  }
  for (mlir::Attribute name : process_.getMemories()) {
    dataflow::MemoryOp memory = network_.memory(name);
    if (!PointerType(memory)) return memory.emitOpError("has a type without a C++ pointer");
    AddMemory(memory);
    body.Bind(block.getArgument(argument++), network_.Name(memory.getSymName()), /*writable=*/false);
  }
  std::vector<std::string> columns;
  if (const std::optional<mlir::ArrayAttr> fields = process_.getFields()) {
    for (mlir::Attribute field : *fields) {
      const llvm::StringRef name = llvm::cast<mlir::StringAttr>(field).getValue();
      const std::optional<std::string> column = FieldText(name);
      if (!column)
        return process_.emitOpError("takes a field that the step header does not carry: ") << field;
      columns.push_back(*column);
      body.Bind(block.getArgument(argument++), "column_" + *column, /*writable=*/false);
    }
  }
  const bool repeats = process_.getSection() == dataflow::Section::layer;
  body.BindScalar(block.getArgument(argument), repeats ? "static_cast<int64_t>(layer)" : "INT64_C(0)");

  lines.set_depth(2);
  if (mlir::failed(body.EmitBlock(block))) return mlir::failure();
  text_.local_bytes = body.local_bytes();

  OpenWithHeader();
  for (const std::string& column : columns) {
    out_.line("int32_t column_" + column + "[st::MAX_STEP_TOKENS];");
    out_.open("for (int t = 0; t < header.tokens; ++t)");
    out_.line("column_" + column + "[t] = static_cast<int32_t>(header.token[t]." + column + ");");
    out_.close();
  }
  OpenSection();
  out_.append(lines.text());
  CloseSection();
  out_.close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::hls
