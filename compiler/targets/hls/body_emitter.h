// SPDX-License-Identifier: Apache-2.0
// C++14 text of linalg on tensors: what a `dataflow.kernel` does with one element of each operand.
//
// Every tensor is a local array, or a view of one (slices, expanded and collapsed shapes); an operation
// writes into the array of its `outs` operand when that array is not read afterwards. Loops run in the
// order of the operation's dimensions, so that float operations happen in the order the IR says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/targets/hls/literals.h"
#include "compiler/targets/hls/text_writer.h"
#include "kernels/contract/word.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Support/LogicalResult.h"

namespace streamtensor::compiler::hls {

// Where a tensor's elements stand: element (i, j, ...) is buffer[offset + i*strides[0] + j*strides[1] ...].
struct TensorView {
  std::string buffer;  // an array or a pointer
  mlir::Type element;
  llvm::SmallVector<int64_t> shape;  // a dynamic size may stand first
  llvm::SmallVector<int64_t> strides;
  std::string offset = "0";
  bool writable = false;       // a local array, that may be reused as a destination
  bool as_bits = false;        // floats kept as raw bits (ConstantPool)
  int64_t array_elements = 0;  // of the whole local array; 0 for a pointer

  std::string Access(llvm::ArrayRef<std::string> indices) const;
  bool IsContiguous() const;
  // Whether the view is the whole of a local array, in its order.
  bool IsWholeArray() const;
};

// Row-major strides of a shape of which all but the first size must be static.
llvm::SmallVector<int64_t> RowMajorStrides(llvm::ArrayRef<int64_t> shape);

class BodyEmitter {
 public:
  // Names start with `prefix`. Both referees must outlive the emitter.
  BodyEmitter(TextWriter* out, ConstantPool* constants, std::string prefix);
  virtual ~BodyEmitter() = default;

  // Says what stands for a value from outside: an array or pointer, row-major; or an expression (a
  // name or literal).
  void Bind(mlir::Value tensor, const std::string& buffer, bool writable);
  void BindScalar(mlir::Value scalar, const std::string& expression);
  // A value that is neither tensor nor scalar: it has a name, and loops may carry it.
  void BindOpaque(mlir::Value value, const std::string& name) { opaque_[value] = name; }

  // Iterations of the innermost parallel loops of an operation that run side by side, at most.
  void set_unroll(int64_t unroll) { unroll_ = unroll; }

  // Declares a local array for a tensor of a static shape and binds it.
  mlir::LogicalResult Declare(mlir::Value tensor, const std::string& name);

  // Emits all operations but the terminator. Fails with a diagnostic for each that has no text, but for none
  // that uses the result of such a one.
  mlir::LogicalResult EmitBlock(mlir::Block& block);

  // Of a value that is bound or was emitted.
  const TensorView& View(mlir::Value tensor) const { return views_.find(tensor)->second; }
  const std::string& Scalar(mlir::Value scalar) const { return scalars_.find(scalar)->second; }
  bool HasView(mlir::Value tensor) const { return views_.contains(tensor); }

  bool HasOpaque(mlir::Value value) const { return opaque_.contains(value); }
  const std::string& Opaque(mlir::Value value) const { return opaque_.find(value)->second; }

  // Copies all elements of a tensor into a row-major array.
  mlir::LogicalResult EmitCopy(mlir::Value tensor, const std::string& to);

  // Bytes of all arrays declared so far: what they need of the stack.
  int64_t local_bytes() const { return local_bytes_; }

 protected:
  // Operations of other dialects. By default they are scalar operations, or refused.
  virtual mlir::LogicalResult EmitOther(mlir::Operation* operation);
  // Gives a slice that was just bound another place (Rebind), if the text does better to keep a copy of it.
  virtual mlir::LogicalResult Hold(mlir::Operation* /*extract_slice*/) { return mlir::success(); }
  // Text of an element of which the text keeps a copy; nothing: read it where it is. `indices`: texts.
  virtual std::optional<std::string> HeldElement(mlir::Operation* /*extract*/,
                                                 llvm::ArrayRef<std::string> /*indices*/) {
    return std::nullopt;
  }
  // Of a tensor of a static shape: its elements are in the local array `name`, row-major.
  void Rebind(mlir::Value tensor, const std::string& name);
  // The directive by which a word of an array's elements is read at once.
  static void Partition(TextWriter& out, const std::string& array, int64_t elements);
  void AddLocalBytes(int64_t bytes) { local_bytes_ += bytes; }
  // Text of an index that is constant or a value.
  std::string IndexText(mlir::OpFoldResult offset);

  std::string NewName();
  TextWriter& out() { return out_; }

 private:
  mlir::LogicalResult EmitOperation(mlir::Operation* operation);
  mlir::LogicalResult EmitConstant(mlir::Operation* operation);
  mlir::LogicalResult EmitLinalg(mlir::linalg::LinalgOp op);
  mlir::LogicalResult EmitLoops(mlir::linalg::LinalgOp op);
  mlir::LogicalResult EmitRegion(mlir::linalg::LinalgOp op, llvm::ArrayRef<std::string> loops);
  mlir::LogicalResult EmitReshape(mlir::Operation* operation);
  mlir::LogicalResult EmitExtractSlice(mlir::Operation* operation);
  mlir::LogicalResult EmitInsertSlice(mlir::Operation* operation);
  mlir::LogicalResult EmitExtract(mlir::Operation* operation);
  mlir::LogicalResult EmitFromElements(mlir::Operation* operation);
  mlir::LogicalResult EmitFor(mlir::Operation* operation);
  // A nest of loops that moves words, as one pipelined loop. False, and nothing is written: it is no such
  // nest.
  mlir::FailureOr<bool> EmitWordLoop(mlir::scf::ForOp outermost);
  // How often a loop runs; nothing where no text says so.
  std::optional<std::string> TripText(mlir::scf::ForOp loop);
  mlir::FailureOr<TensorView> CarriedArray(mlir::scf::ForOp loop, unsigned index);
  void ForgetViews(llvm::function_ref<bool(mlir::Value, const TensorView&)> which);

  void SetView(mlir::Value tensor, TensorView view);
  mlir::LogicalResult NewArray(mlir::Operation* at, mlir::Value result);
  // Gives `result` the array of `destination` if nothing but `operation` still reads it; otherwise a
  // new array, with the old contents when `keeps_contents`.
  mlir::LogicalResult PlaceResult(mlir::Operation* operation, mlir::Value result,
                                  mlir::OpOperand& destination, bool keeps_contents);
  bool MayOverwrite(mlir::Operation* operation, mlir::OpOperand& destination) const;
  mlir::LogicalResult CopyView(mlir::Operation* at, const TensorView& from, const TensorView& to);
  mlir::FailureOr<TensorView> Window(mlir::OffsetSizeAndStrideOpInterface slice,
                                     const llvm::SmallBitVector& dropped, TensorView whole);

  TextWriter& out_;
  ConstantPool& constants_;
  std::string prefix_;
  int64_t unroll_ = contract::kLanes;
  unsigned names_ = 0;
  int64_t local_bytes_ = 0;
  llvm::DenseMap<mlir::Value, TensorView> views_;
  llvm::StringMap<llvm::SmallVector<mlir::Value>> in_buffer_;  // values that have, or had, a view of an array
  llvm::DenseMap<mlir::Value, std::string> scalars_;
  llvm::DenseMap<mlir::Value, std::string> opaque_;
  llvm::DenseSet<mlir::Value> failed_;  // results of operations without a text
};

}  // namespace streamtensor::compiler::hls
