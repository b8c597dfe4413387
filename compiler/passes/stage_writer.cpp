// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/stage_writer.h"

#include "compiler/passes/kernel_builder.h"
#include "compiler/passes/sample_words.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Transforms/RegionUtils.h"

namespace streamtensor::compiler {

using namespace mlir;
using itensor::ITensorType;

RankedTensorType ElementOf(RankedTensorType tensor, int row_dim) {
  const int64_t words = WordsOfElement(tensor.getElementType());
  SmallVector<int64_t> shape = {1};
  if (row_dim < 0) {
    shape.push_back(tensor.getNumElements() * words);
  } else {
    shape.append(tensor.getShape().begin(), tensor.getShape().end());
    shape[row_dim + 1] = 1;
    shape.back() *= words;
  }
  return RankedTensorType::get(shape, Float32Type::get(tensor.getContext()));
}

ITensorType StreamOrder(RankedTensorType tensor, int row_dim, const Rows& samples) {
  MLIRContext* context = tensor.getContext();
  const RankedTensorType element = ElementOf(tensor, row_dim);
  SmallVector<int64_t> trips = {samples.bound}, steps = {1};
  SmallVector<StringAttr> symbols = {StringAttr::get(context, samples.symbol)};
  SmallVector<AffineExpr> exprs(element.getRank(), getAffineConstantExpr(0, context));
  exprs[0] = getAffineDimExpr(0, context);
  if (row_dim >= 0) {
    trips.push_back(tensor.getDimSize(row_dim));
    // A row of the last dimension is one element of the tensor, of one word or two.
    const bool last = row_dim + 1 == element.getRank() - 1;
    steps.push_back(last ? WordsOfElement(tensor.getElementType()) : 1);
    symbols.push_back(StringAttr::get(context, ""));
    exprs[row_dim + 1] = getAffineDimExpr(1, context);
  }
  return ITensorType::get(context, element.getShape(), element.getElementType(), trips, symbols, steps,
                          AffineMap::get(trips.size(), 0, exprs, context));
}

namespace {

RankedTensorType TensorOf(Value value) { return dyn_cast<RankedTensorType>(value.getType()); }

RankedTensorType WithSize(RankedTensorType type, int dim, int64_t size) {
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = size;
  return RankedTensorType::get(shape, type.getElementType());
}

// The fill or the empty tensor that a value is, through shapes and slices; null: it is none.
Operation* InitialOf(Value value) {
  Operation* op = value.getDefiningOp();
  while (op && isa<tensor::ExtractSliceOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return op && isa<tensor::EmptyOp, linalg::FillOp>(op) ? op : nullptr;
}

class Kernel {
 public:
  Kernel(const SamplePlan& plan, unsigned index, const Rows& samples,
         const llvm::DenseMap<Value, SampleStream>& streams, Operation* end)
      : plan_(plan),
        stage_(plan.stages()[index]),
        samples_(samples),
        streams_(streams),
        end_(end),
        loc_(stage_.ops.empty() ? end->getLoc() : stage_.ops.front()->getLoc()),
        entry_(end->getContext()),
        sample_(end->getContext()),
        row_(end->getContext()) {
    tile_ = stage_.binding ? stage_.binding->tile : 1;
  }

  // One end of the kernel: a value whole or by rows, for a stage or for a result of the function.
  struct Output {
    Value value;
    int row_dim;
    int result = -1;  // of the function
  };

  FailureOr<dataflow::KernelOp> Write(StringRef label, ArrayRef<Output> outputs) {
    outputs_ = outputs;
    begin(label);
    if (failed(stage_.pads ? writePad() : stage_.by_rows() ? writeRows() : writeWhole())) return failure();
    return kernel_;
  }

 private:
  //===--- frame --------------------------------------------------------------------------------===//

  void begin(StringRef label) {
    OpBuilder outside(end_);
    SmallVector<Type> types;
    for (const Output& output : outputs_)
      types.push_back(StreamOrder(TensorOf(output.value), output.row_dim, samples_));
    kernel_ = outside.create<dataflow::KernelOp>(loc_, label, ValueRange(), types);
    kernel_->setAttr(dataflow::kBindingAttr,
                     stage_.binding.value_or(dataflow::Binding()).ToAttribute(end_->getContext()));
    OpBuilder b = OpBuilder::atBlockBegin(&kernel_.getBody().front());
    SmallVector<Value> ends;
    for (Type type : types) ends.push_back(b.create<itensor::EmptyOp>(loc_, type));
    Value zero = b.create<arith::ConstantIndexOp>(loc_, 0), one = b.create<arith::ConstantIndexOp>(loc_, 1);
    Value count = b.create<dataflow::ExtentOp>(loc_, b.getIndexType(), samples_.symbol);
    auto loop = b.create<scf::ForOp>(loc_, zero, count, one, ends);
    entry_.setInsertionPoint(loop);
    sample_.setInsertionPointToStart(loop.getBody());
    ends_.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
    b.setInsertionPointAfter(loop);
    b.create<dataflow::YieldOp>(loc_, loop.getResults());
    // The streams first, in the order of their first use: a process reads its operands in order.
    for (auto& [value, use] : stage_.uses) addInput(streams_.find(value)->second.itensor);
  }

  void endSample() { sample_.create<scf::YieldOp>(loc_, ends_); }

  Value addInput(Value value) {
    Value& argument = inputs_[value];
    if (argument) return argument;
    kernel_->insertOperands(kernel_->getNumOperands(), value);
    argument = kernel_.getBody().addArgument(value.getType(), loc_);
    return argument;
  }

  Value index(OpBuilder& b, int64_t value) { return b.create<arith::ConstantIndexOp>(loc_, value); }

  void write(OpBuilder& b, unsigned end, Value value) {
    auto type = cast<ITensorType>(ends_[end].getType());
    Value words = PackWords(b, loc_, value, type.getElementTensorType());
    ends_[end] = b.create<itensor::WriteOp>(loc_, type, words, ends_[end]);
  }

  //===--- slices -------------------------------------------------------------------------------===//

  Value slice(OpBuilder& b, Value whole, int dim, Value start, int64_t size) {
    RankedTensorType type = TensorOf(whole);
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), sizes,
        strides(type.getRank(), b.getIndexAttr(1));
    for (int64_t extent : type.getShape()) sizes.push_back(b.getIndexAttr(extent));
    offsets[dim] = start;
    sizes[dim] = b.getIndexAttr(size);
    return b.create<tensor::ExtractSliceOp>(loc_, WithSize(type, dim, size), whole, offsets, sizes, strides);
  }

  Value insert(OpBuilder& b, Value part, Value whole, int dim, Value start) {
    RankedTensorType type = TensorOf(part);
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), sizes,
        strides(type.getRank(), b.getIndexAttr(1));
    for (int64_t extent : type.getShape()) sizes.push_back(b.getIndexAttr(extent));
    offsets[dim] = start;
    return b.create<tensor::InsertSliceOp>(loc_, part, whole, offsets, sizes, strides);
  }

  Value emptyOf(OpBuilder& b, RankedTensorType type) {
    return b.create<tensor::EmptyOp>(loc_, type.getShape(), type.getElementType());
  }

  // for (i = 0; i < count; ++i) carried = body(i, carried)
  Value loopOf(OpBuilder& b, int64_t count, Value carried,
               llvm::function_ref<Value(OpBuilder&, Value, Value)> body) {
    auto loop = b.create<scf::ForOp>(loc_, index(b, 0), index(b, count), index(b, 1), carried);
    OpBuilder inner = OpBuilder::atBlockBegin(loop.getBody());
    Value next = body(inner, loop.getInductionVar(), loop.getRegionIterArgs()[0]);
    inner.create<scf::YieldOp>(loc_, next);
    return loop.getResult(0);
  }

  //===--- what comes from other stages ---------------------------------------------------------===//

  // The next element of `value`'s stream.
  Value next(OpBuilder& b, Value value) {
    const SampleStream& stream = streams_.find(value)->second;
    Value words = b.create<itensor::ReadOp>(loc_, inputs_.lookup(stream.itensor));
    RankedTensorType type = stream.row_dim < 0 ? stream.type : WithSize(stream.type, stream.row_dim, 1);
    return UnpackWords(b, loc_, words, type);
  }

  // `count` rows of a stream as one tensor, or all of it.
  Value gather(OpBuilder& b, Value value, int64_t count) {
    const SampleStream& stream = streams_.find(value)->second;
    if (stream.row_dim < 0 || count == 1) return next(b, value);
    Value rows = emptyOf(b, WithSize(stream.type, stream.row_dim, count));
    return loopOf(b, count, rows, [&](OpBuilder& inner, Value i, Value carried) {
      return insert(inner, next(inner, value), carried, stream.row_dim, i);
    });
  }

  // Streams that are read whole, before the first row.
  void readWhole() {
    for (auto& [value, use] : stage_.uses) {
      if (use.kind != StageUse::Kind::kWhole) continue;
      const SampleStream& stream = streams_.find(value)->second;
      const int64_t rows = stream.row_dim < 0 ? 1 : stream.type.getDimSize(stream.row_dim);
      whole_[value] = gather(sample_, value, rows);
    }
  }

  //===--- what depends on no input -------------------------------------------------------------===//

  bool isFree(Value value) const { return !plan_.IsComputed(value); }

  // A copy of `op` with operands that `operandOf` gives.
  FailureOr<Operation*> cloneWith(OpBuilder& b, Operation* op,
                                  llvm::function_ref<FailureOr<Value>(OpOperand&)> operandOf,
                                  llvm::function_ref<FailureOr<Value>(Value)> captureOf) {
    IRMapping mapping;
    SmallVector<Value> operands;
    for (OpOperand& operand : op->getOpOperands()) {
      FailureOr<Value> value = operandOf(operand);
      if (failed(value)) return failure();
      operands.push_back(*value);
    }
    llvm::SetVector<Value> captures;
    getUsedValuesDefinedAbove(op->getRegions(), captures);
    for (Value capture : captures) {
      FailureOr<Value> value = captureOf(capture);
      if (failed(value)) return failure();
      mapping.map(capture, *value);
    }
    Operation* clone = b.clone(*op, mapping);
    clone->setOperands(operands);
    clone->removeDiscardableAttr(dataflow::kBindingAttr);
    return clone;
  }

  // An operand of which only the shape counts.
  static bool isShapeOnly(OpOperand& operand) {
    auto linalg = dyn_cast<linalg::LinalgOp>(operand.getOwner());
    return linalg && TensorOf(operand.get()) && !linalg.payloadUsesValueFromOperand(&operand);
  }

  // An accumulator in the given shape, made where it is used: it is overwritten.
  FailureOr<Value> initial(OpBuilder& b, Operation* op, RankedTensorType type) {
    Value empty = emptyOf(b, type);
    auto fill = dyn_cast<linalg::FillOp>(op);
    if (!fill) return empty;
    FailureOr<Value> scalar = free(fill.getInputs()[0]);
    if (failed(scalar)) return failure();
    return b.create<linalg::FillOp>(loc_, *scalar, empty).getResult(0);
  }

  // A value that depends on no input, computed once, before the first sample.
  FailureOr<Value> free(Value value) {
    if (Value known = free_.lookup(value)) return known;
    if (isa<BlockArgument>(value)) return free_[value] = addInput(value);
    Operation* op = value.getDefiningOp();
    if (Operation* start = InitialOf(value)) {
      FailureOr<Value> made = initial(entry_, start, TensorOf(value));
      if (failed(made)) return failure();
      return free_[value] = *made;
    }
    FailureOr<Operation*> clone = cloneFree(entry_, op);
    if (failed(clone)) return failure();
    for (auto [result, copy] : llvm::zip_equal(op->getResults(), (*clone)->getResults()))
      free_[result] = copy;
    return free_.lookup(value);
  }

  FailureOr<Operation*> cloneFree(OpBuilder& b, Operation* op) {
    return cloneWith(
        b, op,
        [&](OpOperand& operand) -> FailureOr<Value> {
          if (isShapeOnly(operand)) return emptyOf(b, TensorOf(operand.get()));
          return isAccumulator(operand) ? accumulator(b, operand.get()) : free(operand.get());
        },
        [&](Value capture) { return free(capture); });
  }

  static bool isAccumulator(OpOperand& operand) {
    auto linalg = dyn_cast<linalg::LinalgOp>(operand.getOwner());
    if (linalg) return linalg.isDpsInit(&operand);
    auto slice = dyn_cast<tensor::InsertSliceOp>(operand.getOwner());
    return slice && &operand == &slice.getDestMutable();
  }

  // A value that depends on no input, in a place of its own: it is overwritten.
  FailureOr<Value> accumulator(OpBuilder& b, Value value) {
    if (Operation* start = InitialOf(value)) return initial(b, start, TensorOf(value));
    Operation* op = value.getDefiningOp();
    if (!op || !isa<linalg::LinalgOp>(op)) return free(value);
    FailureOr<Operation*> clone = cloneFree(b, op);
    if (failed(clone)) return failure();
    return (*clone)->getResult(cast<OpResult>(value).getResultNumber());
  }

  // `size` rows from `start` on of a value that depends on no input. A small computation is done again.
  FailureOr<Value> freeTile(OpBuilder& b, Value value, int dim, Value start, int64_t size) {
    if (Operation* begin = InitialOf(value)) return initial(b, begin, WithSize(TensorOf(value), dim, size));
    auto linalg = value.getDefiningOp<linalg::LinalgOp>();
    if (linalg && linalg.getNumReductionLoops() == 0) {
      AffineMap map = linalg.getIndexingMapMatchingResult(cast<OpResult>(value));
      if (auto loop = dyn_cast<AffineDimExpr>(map.getResult(dim))) {
        RowPlan plan{loop.getPosition(), -1, size, {}, false};
        bool fits = true;
        for (OpOperand& operand : linalg->getOpOperands()) {
          const std::optional<StageUse> use = UseOf(operand, plan);
          fits &= use && use->kind != StageUse::Kind::kWindow;
        }
        if (fits) {
          FailureOr<Operation*> clone = cloneTile(b, linalg, plan, start, size);
          if (failed(clone)) return failure();
          return (*clone)->getResult(cast<OpResult>(value).getResultNumber());
        }
      }
    }
    FailureOr<Value> whole = free(value);
    if (failed(whole)) return failure();
    return slice(b, *whole, dim, start, size);
  }

  //===--- whole stages -------------------------------------------------------------------------===//

  FailureOr<Value> wholeOf(OpBuilder& b, Value value, bool overwritten) {
    if (Value known = whole_.lookup(value)) return known;
    if (isFree(value)) return overwritten ? accumulator(b, value) : free(value);
    return emitError(loc_, "a process takes a value that never comes to it");
  }

  LogicalResult writeWhole() {
    readWhole();
    for (Operation* op : stage_.ops) {
      FailureOr<Operation*> clone = cloneWith(
          sample_, op,
          [&](OpOperand& operand) -> FailureOr<Value> {
            if (isShapeOnly(operand)) return emptyOf(sample_, TensorOf(operand.get()));
            return wholeOf(sample_, operand.get(), isAccumulator(operand));
          },
          [&](Value capture) { return wholeOf(sample_, capture, false); });
      if (failed(clone)) return failure();
      for (auto [result, copy] : llvm::zip_equal(op->getResults(), (*clone)->getResults()))
        whole_[result] = copy;
    }
    for (auto [end, output] : llvm::enumerate(outputs_)) {
      FailureOr<Value> value = wholeOf(sample_, output.value, false);
      if (failed(value)) return failure();
      write(sample_, end, *value);
    }
    endSample();
    return success();
  }

  //===--- stages by rows -----------------------------------------------------------------------===//

  // A line buffer: `size` rows, each held twice, `size` apart, so that any window is in one piece.
  struct Ring {
    Value value;  // whose rows it holds
    StageUse use;
    int64_t size = 0;
    int64_t kept = 0;  // rows of one window that the next one takes, too
    Value buffer;
  };

  // Row number `number` (an index) into the ring.
  Value push(OpBuilder& b, const Ring& ring, Value row, Value number, Value buffer) {
    Value slot = b.create<arith::RemUIOp>(loc_, number, index(b, ring.size));
    buffer = insert(b, row, buffer, ring.use.dim, slot);
    Value second = b.create<arith::AddIOp>(loc_, slot, index(b, ring.size));
    return insert(b, row, buffer, ring.use.dim, second);
  }

  void beginRings() {
    for (auto& [value, use] : stage_.uses) {
      if (use.kind != StageUse::Kind::kWindow) continue;
      const int64_t window = (tile_ - 1) * use.stride + use.span, advance = tile_ * use.stride;
      Ring ring{value, use, std::max(window, advance), std::max<int64_t>(window - advance, 0), {}};
      RankedTensorType type = WithSize(TensorOf(value), use.dim, 2 * ring.size);
      Value buffer = emptyOf(sample_, type);
      if (ring.kept > 0) {
        buffer = loopOf(sample_, ring.kept, buffer, [&](OpBuilder& b, Value i, Value carried) {
          return push(b, ring, next(b, value), i, carried);
        });
      }
      ring.buffer = buffer;
      rings_.push_back(ring);
    }
  }

  // Rows behind the last window.
  void drainRings() {
    for (const Ring& ring : rings_) {
      const int64_t read = ring.kept + stage_.rows * ring.use.stride;
      const int64_t rest = TensorOf(ring.value).getDimSize(ring.use.dim) - read;
      if (rest <= 0) continue;
      auto loop =
          sample_.create<scf::ForOp>(loc_, index(sample_, 0), index(sample_, rest), index(sample_, 1));
      OpBuilder b = OpBuilder::atBlockBegin(loop.getBody());
      b.create<itensor::ReadOp>(loc_, inputs_.lookup(streams_.find(ring.value)->second.itensor));
    }
  }

  // The window of this round's rows: takes the rows that are new.
  Value windowOf(OpBuilder& b, Ring& ring) {
    Value& window = windows_[ring.value];
    if (window) return window;
    Value first =
        ring.use.stride == 1 ? start_ : b.create<arith::MulIOp>(loc_, start_, index(b, ring.use.stride));
    Value fresh = ring.kept == 0 ? first : b.create<arith::AddIOp>(loc_, first, index(b, ring.kept));
    const int64_t advance = tile_ * ring.use.stride;
    if (advance == 1) {
      ring.buffer = push(b, ring, next(b, ring.value), fresh, ring.buffer);
    } else {
      ring.buffer = loopOf(b, advance, ring.buffer, [&](OpBuilder& inner, Value i, Value carried) {
        Value number = inner.create<arith::AddIOp>(loc_, fresh, i);
        return push(inner, ring, next(inner, ring.value), number, carried);
      });
    }
    Value slot = b.create<arith::RemUIOp>(loc_, first, index(b, ring.size));
    window = slice(b, ring.buffer, ring.use.dim, slot, (tile_ - 1) * ring.use.stride + ring.use.span);
    return window;
  }

  // What an operand is in this round, by how the operation walks it.
  FailureOr<Value> tileOf(OpBuilder& b, Value value, const StageUse& use, Value start, int64_t size,
                          bool overwritten) {
    if (use.dim < 0) return wholeOf(b, value, overwritten);
    const int64_t extent = (size - 1) * use.stride + use.span;
    auto first = [&]() -> Value {
      return use.stride == 1 ? start : b.create<arith::MulIOp>(loc_, start, index(b, use.stride)).getResult();
    };
    if (isFree(value))
      return use.kind == StageUse::Kind::kRows ? freeTile(b, value, use.dim, start, size)
                                               : [&]() -> FailureOr<Value> {
        FailureOr<Value> whole = free(value);
        if (failed(whole)) return failure();
        return slice(b, *whole, use.dim, first(), extent);
      }();
    if (Value known = tiles_.lookup(value)) return known;
    if (Value whole = whole_.lookup(value)) return slice(b, whole, use.dim, first(), extent);
    for (Ring& ring : rings_)
      if (ring.value == value) return windowOf(b, ring);
    if (!stage_.uses.contains(value)) return emitError(loc_, "a process takes a row that never comes to it");
    return tiles_[value] = gather(b, value, size);
  }

  FailureOr<Operation*> cloneTile(OpBuilder& b, linalg::LinalgOp op, const RowPlan& plan, Value start,
                                  int64_t size) {
    FailureOr<Operation*> clone = cloneWith(
        b, op,
        [&](OpOperand& operand) -> FailureOr<Value> {
          const StageUse use = *UseOf(operand, plan);
          RankedTensorType type = TensorOf(operand.get());
          if (!type) return wholeOf(b, operand.get(), false);
          if (isShapeOnly(operand))
            return emptyOf(b,
                           use.dim < 0 ? type : WithSize(type, use.dim, (size - 1) * use.stride + use.span));
          return tileOf(b, operand.get(), use, start, size, isAccumulator(operand));
        },
        [&](Value capture) { return wholeOf(b, capture, false); });
    if (failed(clone)) return failure();
    auto inner = cast<linalg::LinalgOp>(*clone);
    for (auto [result, init] : llvm::zip_equal((*clone)->getResults(), inner.getDpsInits()))
      result.setType(init.getType());
    // An index within the tile is not an index of the whole.
    SmallVector<linalg::IndexOp> indices;
    inner->walk([&](linalg::IndexOp op) {
      if (op.getDim() == plan.loop) indices.push_back(op);
    });
    for (linalg::IndexOp op : indices) {
      OpBuilder nested(op->getContext());
      nested.setInsertionPointAfter(op);
      auto sum = nested.create<arith::AddIOp>(loc_, start, op.getResult());
      op.getResult().replaceAllUsesExcept(sum, sum);
    }
    return clone;
  }

  // An operation other than linalg: a shape, a slice.
  FailureOr<Value> cloneShape(OpBuilder& b, Operation* op, const RowPlan& plan) {
    const RankedTensorType type = WithSize(TensorOf(op->getResult(0)), plan.result_dims[0], tile_);
    SmallVector<Value> operands;
    for (OpOperand& operand : op->getOpOperands()) {
      FailureOr<Value> value =
          tileOf(b, operand.get(), *UseOf(operand, plan), start_, tile_, isAccumulator(operand));
      if (failed(value)) return failure();
      operands.push_back(*value);
    }
    if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) return ReshapeTo(b, loc_, operands[0], type);
    auto slice = cast<OffsetSizeAndStrideOpInterface>(op);
    SmallVector<OpFoldResult> sizes = slice.getMixedSizes();
    sizes[plan.source_dim] = b.getIndexAttr(tile_);
    if (isa<tensor::ExtractSliceOp>(op))
      return b
          .create<tensor::ExtractSliceOp>(loc_, type, operands[0], slice.getMixedOffsets(), sizes,
                                          slice.getMixedStrides())
          .getResult();
    return b
        .create<tensor::InsertSliceOp>(loc_, operands[0], operands[1], slice.getMixedOffsets(), sizes,
                                       slice.getMixedStrides())
        .getResult();
  }

  // The loop over the rows. It carries the streams that leave, the line buffers, and what leaves whole.
  LogicalResult writeRows() {
    readWhole();
    beginRings();
    SmallVector<Value> gathered;  // by output; null: it leaves by rows
    SmallVector<Value> carried(ends_);
    for (const Ring& ring : rings_) carried.push_back(ring.buffer);
    for (const Output& output : outputs_) {
      gathered.push_back(output.row_dim < 0 ? emptyOf(sample_, TensorOf(output.value)) : Value());
      if (gathered.back()) carried.push_back(gathered.back());
    }
    auto loop = sample_.create<scf::ForOp>(loc_, index(sample_, 0), index(sample_, stage_.rows),
                                           index(sample_, tile_), carried);
    row_.setInsertionPointToStart(loop.getBody());
    start_ = loop.getInductionVar();
    spread(loop.getRegionIterArgs(), gathered);
    for (Operation* op : stage_.ops) {
      const RowPlan& plan = plan_.PlanOf(op);
      if (auto linalg = dyn_cast<linalg::LinalgOp>(op)) {
        FailureOr<Operation*> clone = cloneTile(row_, linalg, plan, start_, tile_);
        if (failed(clone)) return failure();
        for (auto [result, copy] : llvm::zip_equal(op->getResults(), (*clone)->getResults()))
          tiles_[result] = copy;
        continue;
      }
      FailureOr<Value> shaped = cloneShape(row_, op, plan);
      if (failed(shaped)) return failure();
      tiles_[op->getResult(0)] = *shaped;
    }
    for (auto [end, output] : llvm::enumerate(outputs_)) {
      Value tile = tiles_.lookup(output.value);
      const int dim = plan_.RowDim(output.value);
      if (gathered[end]) {
        gathered[end] = insert(row_, tile, gathered[end], dim, start_);
      } else {
        for (int64_t i = 0; i < tile_; ++i)
          write(row_, end, tile_ == 1 ? tile : slice(row_, tile, dim, index(row_, i), 1));
      }
    }
    SmallVector<Value> yielded(ends_);
    for (const Ring& ring : rings_) yielded.push_back(ring.buffer);
    for (Value whole : gathered)
      if (whole) yielded.push_back(whole);
    row_.create<scf::YieldOp>(loc_, yielded);
    spread(loop.getResults(), gathered);
    drainRings();
    for (auto [end, whole] : llvm::enumerate(gathered))
      if (whole) write(sample_, end, whole);
    endSample();
    return success();
  }

  // The values that the loop carries, to those who go on with them.
  void spread(ValueRange values, MutableArrayRef<Value> gathered) {
    unsigned at = 0;
    for (Value& end : ends_) end = values[at++];
    for (Ring& ring : rings_) ring.buffer = values[at++];
    for (Value& whole : gathered)
      if (whole) whole = values[at++];
  }

  // Rows of the fill, the rows that come, rows of the fill.
  LogicalResult writePad() {
    readWhole();
    auto pad = cast<tensor::InsertSliceOp>(stage_.ops.front());
    const RowPlan& plan = plan_.PlanOf(pad);
    const int dim = plan.source_dim;
    RankedTensorType row = WithSize(TensorOf(pad.getResult()), dim, 1);
    const int64_t before = *getConstantIntValue(pad.getMixedOffsets()[dim]),
                  rows = TensorOf(pad.getSource()).getDimSize(dim);
    SmallVector<OpFoldResult> offsets = pad.getMixedOffsets(), sizes = pad.getMixedSizes();
    offsets[dim] = sample_.getIndexAttr(0);
    sizes[dim] = sample_.getIndexAttr(1);
    Value gathered;
    for (const Output& output : outputs_)
      if (output.row_dim < 0 && !gathered) gathered = emptyOf(sample_, TensorOf(pad.getResult()));
    LogicalResult ok = success();
    auto part = [&](int64_t first, int64_t count, bool comes) {
      if (count == 0) return;
      SmallVector<Value> carried(ends_);
      if (gathered) carried.push_back(gathered);
      auto loop = sample_.create<scf::ForOp>(loc_, index(sample_, 0), index(sample_, count),
                                             index(sample_, 1), carried);
      OpBuilder b = OpBuilder::atBlockBegin(loop.getBody());
      ends_.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().begin() + ends_.size());
      if (gathered) gathered = loop.getRegionIterArgs().back();
      FailureOr<Value> value = initial(b, InitialOf(pad.getDest()), row);
      if (comes && succeeded(value)) {
        tiles_.clear();
        FailureOr<Value> source =
            tileOf(b, pad.getSource(), {StageUse::Kind::kRows, dim, 1, 1}, loop.getInductionVar(), 1, false);
        if (succeeded(source))
          value =
              b.create<tensor::InsertSliceOp>(loc_, *source, *value, offsets, sizes, pad.getMixedStrides())
                  .getResult();
        else
          value = failure();
      }
      if (failed(value)) {
        ok = failure();
        return;
      }
      if (gathered) {
        Value at = b.create<arith::AddIOp>(loc_, loop.getInductionVar(), index(b, first));
        gathered = insert(b, *value, gathered, dim, at);
      }
      for (auto [end, output] : llvm::enumerate(outputs_))
        if (output.row_dim >= 0) write(b, end, *value);
      SmallVector<Value> yielded(ends_);
      if (gathered) yielded.push_back(gathered);
      b.create<scf::YieldOp>(loc_, yielded);
      ends_.assign(loop.getResults().begin(), loop.getResults().begin() + ends_.size());
      if (gathered) gathered = loop.getResults().back();
    };
    part(0, before, false);
    part(before, rows, true);
    part(before + rows, plan.rows - before - rows, false);
    if (failed(ok)) return failure();
    for (auto [end, output] : llvm::enumerate(outputs_))
      if (output.row_dim < 0) write(sample_, end, gathered);
    endSample();
    return success();
  }

  const SamplePlan& plan_;
  const SampleStage& stage_;
  const Rows& samples_;
  const llvm::DenseMap<Value, SampleStream>& streams_;
  Operation* end_;
  Location loc_;
  int64_t tile_ = 1;
  ArrayRef<Output> outputs_;
  dataflow::KernelOp kernel_;
  OpBuilder entry_, sample_, row_;  // before the samples, in one, in a round of rows
  SmallVector<Value> ends_;         // the streams that leave, as written so far
  Value start_;                     // the first row of this round
  SmallVector<Ring> rings_;
  llvm::DenseMap<Value, Value> inputs_, free_, whole_, tiles_, windows_;
};

// A name a person can follow: of a weight, else of what the first heavy operation does.
std::string LabelOf(const SampleStage& stage) {
  for (Operation* op : stage.ops)
    if (std::string label = LabelOfMemories(op); !label.empty()) return label;
  if (stage.pads) return "pad";
  for (Operation* op : stage.ops)
    if (isa<linalg::LinalgOp>(op) && !isa<linalg::GenericOp>(op)) return op->getName().stripDialect().str();
  return "samples";
}

}  // namespace

StageWriter::StageWriter(const SamplePlan& plan, Operation* end, const Rows& samples,
                         llvm::DenseMap<Value, SampleStream> inputs)
    : plan_(plan), end_(end), samples_(samples), streams_(std::move(inputs)) {}

LogicalResult StageWriter::Write() {
  const std::vector<SampleStage>& stages = plan_.stages();
  results_.assign(end_->getNumOperands(), Value());
  // Who reads what of another stage.
  llvm::DenseSet<Value> read;
  for (const SampleStage& stage : stages)
    for (auto& [value, use] : stage.uses) read.insert(value);
  for (auto [index, stage] : llvm::enumerate(stages)) {
    SmallVector<Kernel::Output> outputs;
    for (Operation* op : stage.ops)
      for (Value result : op->getResults())
        if (read.contains(result)) outputs.push_back({result, plan_.RowDim(result)});
    for (auto [number, value] : llvm::enumerate(end_->getOperands()))
      if (plan_.StageOf(value) == static_cast<int>(index) ||
          llvm::is_contained(stage.results, static_cast<unsigned>(number)))
        outputs.push_back({value, -1, static_cast<int>(number)});
    if (outputs.empty()) continue;
    Kernel kernel(plan_, index, samples_, streams_, end_);
    FailureOr<dataflow::KernelOp> done =
        kernel.Write(stages.size() == 1 ? "samples" : LabelOf(stage), outputs);
    if (failed(done)) return failure();
    for (auto [output, result] : llvm::zip_equal(outputs, (*done).getResults())) {
      if (output.result >= 0)
        results_[output.result] = result;
      else
        streams_[output.value] = {result, TensorOf(output.value), output.row_dim};
    }
  }
  return success();
}

}  // namespace streamtensor::compiler
