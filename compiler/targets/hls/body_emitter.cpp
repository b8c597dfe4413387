// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/body_emitter.h"

#include <algorithm>
#include <utility>

#include "compiler/targets/hls/index_text.h"
#include "compiler/targets/hls/scalar_text.h"
#include "kernels/contract/word.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace streamtensor::compiler::hls {
std::string TensorView::Access(llvm::ArrayRef<std::string> indices) const {
  const std::string text = buffer + "[" + LinearIndex(offset, indices, strides) + "]";
  if (!as_bits) return text;
  return (element.isF64() ? "st::double_of_bits(" : "st::float_of_bits(") + text + ")";
}

bool TensorView::IsContiguous() const {
  return llvm::ArrayRef(strides) == llvm::ArrayRef(RowMajorStrides(shape));
}

llvm::SmallVector<int64_t> RowMajorStrides(llvm::ArrayRef<int64_t> shape) {
  llvm::SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

BodyEmitter::BodyEmitter(TextWriter* out, ConstantPool* constants, std::string prefix)
    : out_(*out), constants_(*constants), prefix_(std::move(prefix)) {}

bool TensorView::IsWholeArray() const {
  int64_t elements = 1;
  for (int64_t size : shape) elements *= size;
  return array_elements == elements && offset == "0" && IsContiguous() && !as_bits;
}

std::string BodyEmitter::NewName() { return prefix_ + std::to_string(names_++); }

void BodyEmitter::Bind(mlir::Value tensor, const std::string& buffer, bool writable) {
  auto type = llvm::cast<mlir::RankedTensorType>(tensor.getType());
  TensorView view;
  view.buffer = buffer;
  view.element = type.getElementType();
  view.shape.assign(type.getShape().begin(), type.getShape().end());
  view.strides = RowMajorStrides(view.shape);
  view.writable = writable;
  SetView(tensor, std::move(view));
}

void BodyEmitter::SetView(mlir::Value tensor, TensorView view) {
  in_buffer_[view.buffer].push_back(tensor);
  views_[tensor] = std::move(view);
}

void BodyEmitter::BindScalar(mlir::Value scalar, const std::string& expression) {
  scalars_[scalar] = expression;
}

void BodyEmitter::Partition(TextWriter& out, const std::string& array, int64_t elements) {
  if (elements > 1 && elements <= contract::kLanes) {
    out.directive("#pragma HLS ARRAY_PARTITION variable=" + array + " type=complete");
  } else if (elements % contract::kLanes == 0) {
    out.directive("#pragma HLS ARRAY_PARTITION variable=" + array +
                  " type=cyclic factor=" + std::to_string(contract::kLanes));
  }
}

mlir::LogicalResult BodyEmitter::Declare(mlir::Value tensor, const std::string& name) {
  auto type = llvm::dyn_cast<mlir::RankedTensorType>(tensor.getType());
  const mlir::Location at = tensor.getLoc();
  if (!type || !type.hasStaticShape()) {
    return mlir::emitError(at) << "only a tensor of a static shape can be a local array, found "
                               << tensor.getType();
  }
  const std::optional<std::string> element = CppType(type.getElementType());
  if (!element) return mlir::emitError(at) << "no C++ type for elements of " << type;
  out_.line(*element + " " + name + "[" + std::to_string(type.getNumElements()) + "];");
  Partition(out_, name, type.getNumElements());
  local_bytes_ +=
      contract::RoundUpToWords<int64_t>(type.getNumElements() * ElementBytes(type.getElementType()));
  Bind(tensor, name, /*writable=*/true);
  views_[tensor].array_elements = type.getNumElements();
  return mlir::success();
}

mlir::LogicalResult BodyEmitter::NewArray(mlir::Operation* at, mlir::Value result) {
  return Declare(result, NewName());
}

bool BodyEmitter::MayOverwrite(mlir::Operation* operation, mlir::OpOperand& destination) const {
  auto found = views_.find(destination.get());
  if (found == views_.end() || !found->second.writable) return false;
  // Every value that lives in the same array must have been read for the last time.
  for (mlir::Value value : in_buffer_.find(found->second.buffer)->second) {
    const auto entry = views_.find(value);
    if (entry == views_.end() || entry->second.buffer != found->second.buffer) continue;
    // An array from outside this block may be read again in the next round of a loop.
    if (value.getParentBlock() != operation->getBlock()) return false;
    for (const mlir::OpOperand& use : value.getUses()) {
      if (&use == &destination) continue;
      mlir::Operation* user = operation->getBlock()->findAncestorOpInBlock(*use.getOwner());
      if (!user || !user->isBeforeInBlock(operation)) return false;
    }
  }
  return true;
}

mlir::LogicalResult BodyEmitter::PlaceResult(mlir::Operation* operation, mlir::Value result,
                                             mlir::OpOperand& destination, bool keeps_contents) {
  if (MayOverwrite(operation, destination)) {
    SetView(result, TensorView(View(destination.get())));
    return mlir::success();
  }
  if (mlir::failed(NewArray(operation, result))) return mlir::failure();
  // A destination without a view is a tensor.empty: it has no contents.
  if (!keeps_contents || !HasView(destination.get())) return mlir::success();
  const TensorView from = View(destination.get()), to = View(result);
  return CopyView(operation, from, to);
}

mlir::LogicalResult BodyEmitter::CopyView(mlir::Operation* at, const TensorView& from, const TensorView& to) {
  llvm::SmallVector<std::string> loops;
  for (int64_t size : from.shape) {
    if (mlir::ShapedType::isDynamic(size)) return at->emitOpError("copies a tensor of unknown size");
    if (size == 1) {
      loops.push_back("0");
      continue;
    }
    const std::string name = "i" + std::to_string(loops.size());
    out_.open("for (int " + name + " = 0; " + name + " < " + std::to_string(size) + "; ++" + name + ")");
    loops.push_back(name);
  }
  out_.line(to.Access(loops) + " = " + from.Access(loops) + ";");
  for (const std::string& loop : loops) {
    if (loop != "0") out_.close();
  }
  return mlir::success();
}

mlir::LogicalResult BodyEmitter::EmitCopy(mlir::Value tensor, const std::string& to) {
  const TensorView from = View(tensor);
  TensorView target = from;
  target.buffer = to;
  target.offset = "0";
  target.strides = RowMajorStrides(from.shape);
  target.as_bits = false;
  mlir::Operation* at = tensor.getDefiningOp();
  if (!at) at = tensor.getParentBlock()->getParentOp();
  return CopyView(at, from, target);
}

mlir::LogicalResult BodyEmitter::EmitBlock(mlir::Block& block) {
  auto operations =
      block.mightHaveTerminator() ? block.without_terminator() : llvm::make_range(block.begin(), block.end());
  bool ok = true;
  for (mlir::Operation& operation : operations) {
    const bool follows =
        llvm::any_of(operation.getOperands(), [&](mlir::Value v) { return failed_.contains(v); });
    if (!follows && mlir::succeeded(EmitOperation(&operation))) continue;
    ok = false;
    failed_.insert(operation.result_begin(), operation.result_end());
  }
  return mlir::success(ok);
}

mlir::LogicalResult BodyEmitter::EmitOperation(mlir::Operation* operation) {
  namespace tensor = mlir::tensor;
  return llvm::TypeSwitch<mlir::Operation*, mlir::LogicalResult>(operation)
      .Case([&](mlir::arith::ConstantOp) { return EmitConstant(operation); })
      // Gets its array when it is first written.
      .Case([&](tensor::EmptyOp) { return mlir::success(); })
      // Bound by its loops.
      .Case([&](mlir::linalg::IndexOp) { return mlir::success(); })
      .Case([&](mlir::linalg::LinalgOp op) { return EmitLinalg(op); })
      .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(
          [&](auto) { return EmitReshape(operation); })
      .Case([&](tensor::ExtractSliceOp) { return EmitExtractSlice(operation); })
      .Case([&](tensor::InsertSliceOp) { return EmitInsertSlice(operation); })
      .Case([&](tensor::ExtractOp) { return EmitExtract(operation); })
      .Case<tensor::FromElementsOp, tensor::SplatOp>([&](auto) { return EmitFromElements(operation); })
      .Case([&](mlir::scf::ForOp) { return EmitFor(operation); })
      .Default([&](mlir::Operation*) { return EmitOther(operation); });
}

mlir::LogicalResult BodyEmitter::EmitConstant(mlir::Operation* operation) {
  const mlir::TypedAttr value = llvm::cast<mlir::arith::ConstantOp>(operation).getValue();
  if (auto elements = llvm::dyn_cast<mlir::DenseElementsAttr>(value)) {
    const std::optional<ConstantPool::Entry> entry = constants_.Add(elements);
    if (!entry) return operation->emitOpError("holds a constant without a C++ type: ") << value.getType();
    Bind(operation->getResult(0), entry->name, /*writable=*/false);
    views_[operation->getResult(0)].as_bits = entry->as_bits;
    return mlir::success();
  }
  return EmitOther(operation);
}

mlir::LogicalResult BodyEmitter::EmitOther(mlir::Operation* operation) {
  llvm::SmallVector<std::string> operands;
  for (mlir::Value operand : operation->getOperands()) {
    auto found = scalars_.find(operand);
    if (found == scalars_.end()) return operation->emitOpError("can't be written as C++ here");
    operands.push_back(found->second);
  }
  const std::optional<std::string> text = ScalarText(operation, operands);
  if (!text)
    return operation->emitOpError(
        "can't be written as C++; supported are arithmetic, compares, selects and conversions of float32 and "
        "integers, and functions of math.h");
  mlir::Value result = operation->getResult(0);
  if (llvm::isa<mlir::arith::ConstantOp>(operation)) {
    BindScalar(result, (*text)[0] == '-' ? "(" + *text + ")" : *text);
    return mlir::success();
  }
  const std::string name = NewName();
  out_.line("const " + *CppType(result.getType()) + " " + name + " = " + *text + ";");
  BindScalar(result, name);
  return mlir::success();
}

mlir::LogicalResult BodyEmitter::EmitLinalg(mlir::linalg::LinalgOp op) {
  mlir::Block* body = op.getBlock();
  for (mlir::OpOperand* operand : op.getDpsInputOperands()) {
    // A pooling's window is an input of which only the shape counts.
    if (op.getMatchingBlockArgument(operand).use_empty()) continue;
    const mlir::Value input = operand->get();
    if (llvm::isa<mlir::RankedTensorType>(input.getType()) && !HasView(input)) {
      return op->emitOpError("reads a tensor that was never written");
    }
  }
  // A new array is uninitialised, an overwritten one is read by this very operation: both are settled
  // before the first loop.
  for (auto [index, init] : llvm::enumerate(op.getDpsInitsMutable())) {
    const bool reads = !body->getArgument(op.getNumDpsInputs() + index).use_empty();
    if (reads && !HasView(init.get()))
      return op->emitOpError("accumulates into a tensor that was never written");
    if (mlir::failed(PlaceResult(op, op->getResult(index), init, reads))) return mlir::failure();
  }
  return EmitLoops(op);
}

namespace {

// How many iterations of each loop run side by side: up to `left` of the innermost parallel ones together.
llvm::SmallVector<int64_t> LanesOf(llvm::ArrayRef<int64_t> sizes,
                                   llvm::ArrayRef<mlir::utils::IteratorType> iterators, int64_t left) {
  llvm::SmallVector<int64_t> lanes(sizes.size(), 1);
  for (size_t i = sizes.size(); i-- > 0 && left > 1;) {
    if (sizes[i] == 1) continue;
    if (iterators[i] != mlir::utils::IteratorType::parallel) break;
    if (left % sizes[i] == 0) {
      lanes[i] = sizes[i];
    } else if (sizes[i] % left == 0) {
      lanes[i] = left;
    } else {
      break;
    }
    left /= lanes[i];
  }
  // Lanes that don't fill a word are not worth their operators.
  if (left > 1) lanes.assign(sizes.size(), 1);
  return lanes;
}

}  // namespace

// Loops outside, the innermost of them pipelined; the lanes inside it, unrolled.
mlir::LogicalResult BodyEmitter::EmitLoops(mlir::linalg::LinalgOp op) {
  const llvm::SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  if (llvm::any_of(sizes, mlir::ShapedType::isDynamic)) {
    return op->emitOpError("has a loop of unknown length; only sizes of one element are emitted");
  }
  const llvm::SmallVector<int64_t> lanes = LanesOf(sizes, op.getIteratorTypesArray(), unroll_);
  llvm::SmallVector<std::string> loops(sizes.size(), "0");
  size_t pipelined = sizes.size();
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] > lanes[i]) pipelined = i;
  }
  unsigned opened = 0;
  const auto open = [&](const std::string& name, int64_t size, int64_t step) {
    const std::string next = step == 1 ? "++" + name : name + " += " + std::to_string(step);
    out_.open("for (int " + name + " = 0; " + name + " < " + std::to_string(size) + "; " + next + ")");
    ++opened;
  };
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] <= lanes[i]) continue;
    loops[i] = (lanes[i] > 1 ? "w" : "i") + std::to_string(i);
    open(loops[i], sizes[i], lanes[i]);
    if (i == pipelined) out_.directive("#pragma HLS PIPELINE II = 1");
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (lanes[i] == 1) continue;
    const std::string lane = (sizes[i] > lanes[i] ? "l" : "i") + std::to_string(i);
    open(lane, lanes[i], 1);
    out_.directive("#pragma HLS UNROLL");
    if (sizes[i] > lanes[i]) {
      out_.line("const int i" + std::to_string(i) + " = " + loops[i] + " + " + lane + ";");
    }
    loops[i] = "i" + std::to_string(i);
  }
  if (opened == 0) out_.open("");
  const mlir::LogicalResult result = EmitRegion(op, loops);
  for (unsigned i = 0; i < opened; ++i) out_.close();
  if (opened == 0) out_.close();
  return result;
}

mlir::LogicalResult BodyEmitter::EmitRegion(mlir::linalg::LinalgOp op, llvm::ArrayRef<std::string> loops) {
  mlir::Block* body = op.getBlock();
  auto access = [&](mlir::OpOperand& operand, const TensorView& view) -> std::optional<std::string> {
    llvm::SmallVector<std::string> indices;
    for (mlir::AffineExpr expression : op.getMatchingIndexingMap(&operand).getResults()) {
      const std::optional<std::string> text = AffineText(expression, loops);
      if (!text) return std::nullopt;
      indices.push_back(*text);
    }
    return view.Access(indices);
  };
  auto refuse = [&] { return op->emitOpError("has an indexing map that can't be written as C++"); };

  for (mlir::OpOperand& operand : op->getOpOperands()) {
    mlir::BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (argument.use_empty()) continue;
    if (!llvm::isa<mlir::RankedTensorType>(operand.get().getType())) {
      BindScalar(argument, Scalar(operand.get()));
      continue;
    }
    const bool is_output = op.isDpsInit(&operand);
    const mlir::Value source = is_output ? op.getTiedOpResult(&operand) : operand.get();
    const std::optional<std::string> text = access(operand, View(source));
    if (!text) return refuse();
    const std::string name = NewName();
    out_.line("const " + *CppType(argument.getType()) + " " + name + " = " + *text + ";");
    BindScalar(argument, name);
  }
  for (mlir::Operation& operation : body->without_terminator()) {
    if (auto index = llvm::dyn_cast<mlir::linalg::IndexOp>(operation))
      BindScalar(index, "static_cast<int64_t>(" + loops[index.getDim()] + ")");
  }
  if (mlir::failed(EmitBlock(*body))) return mlir::failure();
  for (auto [init, value] : llvm::zip(op.getDpsInitsMutable(), body->getTerminator()->getOperands())) {
    const std::optional<std::string> text = access(init, View(op.getTiedOpResult(&init)));
    if (!text) return refuse();
    out_.line(*text + " = " + Scalar(value) + ";");
  }
  return mlir::success();
}

mlir::LogicalResult BodyEmitter::EmitReshape(mlir::Operation* operation) {
  const mlir::Value source = operation->getOperand(0), result = operation->getResult(0);
  auto type = llvm::dyn_cast<mlir::RankedTensorType>(result.getType());
  if (!type) return operation->emitOpError("has no ranked result");
  if (!HasView(source)) return mlir::success();  // of a tensor.empty: as empty as before
  TensorView view = View(source);
  view.shape.assign(type.getShape().begin(), type.getShape().end());
  if (llvm::isa<mlir::tensor::CastOp>(operation)) {
    SetView(result, std::move(view));
    return mlir::success();
  }
  if (!View(source).IsContiguous()) {
    // A gap lies between the elements: give them a separate array.
    auto source_type = llvm::cast<mlir::RankedTensorType>(source.getType());
    if (!source_type.hasStaticShape())
      return operation->emitOpError("reshapes a strided view of unknown size");
    if (mlir::failed(NewArray(operation, result))) return mlir::failure();
    return EmitCopy(source, View(result).buffer);
  }
  view.strides = RowMajorStrides(view.shape);
  SetView(result, std::move(view));
  return mlir::success();
}

std::string BodyEmitter::IndexText(mlir::OpFoldResult index) {
  if (const std::optional<int64_t> constant = mlir::getConstantIntValue(index))
    return std::to_string(*constant);
  return Scalar(llvm::cast<mlir::Value>(index));
}

// What a slice shows of `whole`; dropped dimensions, of size 1, are none of the window's.
mlir::FailureOr<TensorView> BodyEmitter::Window(mlir::OffsetSizeAndStrideOpInterface slice,
                                                const llvm::SmallBitVector& dropped, TensorView whole) {
  TensorView window = whole;
  window.shape.clear();
  window.strides.clear();
  llvm::SmallVector<std::string> offsets;
  for (auto [index, size, stride] : llvm::enumerate(slice.getMixedSizes(), slice.getMixedStrides())) {
    offsets.push_back(IndexText(slice.getMixedOffsets()[index]));
    if (dropped.test(index)) continue;
    const std::optional<int64_t> fixed_size = mlir::getConstantIntValue(size);
    const std::optional<int64_t> fixed_stride = mlir::getConstantIntValue(stride);
    if (!fixed_size || !fixed_stride) {
      slice->emitOpError("has a size or stride that is not constant");
      return mlir::failure();
    }
    window.shape.push_back(*fixed_size);
    window.strides.push_back(*fixed_stride * whole.strides[index]);
  }
  window.offset = LinearIndex(whole.offset, offsets, whole.strides);
  return window;
}

mlir::LogicalResult BodyEmitter::EmitExtractSlice(mlir::Operation* operation) {
  auto op = llvm::cast<mlir::tensor::ExtractSliceOp>(operation);
  if (!HasView(op.getSource()))
    return operation->emitOpError("takes a slice of a tensor that was never written");
  mlir::FailureOr<TensorView> window = Window(op, op.getDroppedDims(), View(op.getSource()));
  if (mlir::failed(window)) return mlir::failure();
  SetView(op.getResult(), *std::move(window));
  return Hold(op.getOperation());
}

mlir::LogicalResult BodyEmitter::EmitInsertSlice(mlir::Operation* operation) {
  auto op = llvm::cast<mlir::tensor::InsertSliceOp>(operation);
  if (!HasView(op.getSource())) return operation->emitOpError("inserts a tensor that was never written");
  if (mlir::failed(PlaceResult(operation, op.getResult(), op.getDestMutable(), /*keeps_contents=*/true))) {
    return mlir::failure();
  }
  const mlir::FailureOr<TensorView> window = Window(op, op.getDroppedDims(), View(op.getResult()));
  if (mlir::failed(window)) return mlir::failure();
  return CopyView(operation, View(op.getSource()), *window);
}

mlir::LogicalResult BodyEmitter::EmitExtract(mlir::Operation* operation) {
  auto op = llvm::cast<mlir::tensor::ExtractOp>(operation);
  if (!HasView(op.getTensor())) return operation->emitOpError("reads a tensor that was never written");
  llvm::SmallVector<std::string> indices;
  for (mlir::Value index : op.getIndices()) indices.push_back(Scalar(index));
  const std::string name = NewName();
  const std::optional<std::string> held = HeldElement(op.getOperation(), indices);
  out_.line("const " + *CppType(op.getType()) + " " + name + " = " +
            held.value_or(View(op.getTensor()).Access(indices)) + ";");
  BindScalar(op.getResult(), name);
  return mlir::success();
}

mlir::LogicalResult BodyEmitter::EmitFromElements(mlir::Operation* operation) {
  const mlir::Value result = operation->getResult(0);
  if (mlir::failed(NewArray(operation, result))) return mlir::failure();
  const std::string buffer = View(result).buffer;
  if (llvm::isa<mlir::tensor::SplatOp>(operation)) {
    const int64_t size = llvm::cast<mlir::RankedTensorType>(result.getType()).getNumElements();
    out_.line("for (int i = 0; i < " + std::to_string(size) + "; ++i) " + buffer +
              "[i] = " + Scalar(operation->getOperand(0)) + ";");
    return mlir::success();
  }
  for (auto [index, element] : llvm::enumerate(operation->getOperands())) {
    out_.line(buffer + "[" + std::to_string(index) + "] = " + Scalar(element) + ";");
  }
  return mlir::success();
}

void BodyEmitter::Rebind(mlir::Value tensor, const std::string& name) {
  Bind(tensor, name, /*writable=*/false);
  views_[tensor].array_elements = llvm::cast<mlir::RankedTensorType>(tensor.getType()).getNumElements();
}

namespace {

// The loops from `loop` inwards of which each is the whole body of the one around it.
llvm::SmallVector<mlir::scf::ForOp> PerfectNest(mlir::scf::ForOp loop) {
  llvm::SmallVector<mlir::scf::ForOp> nest = {loop};
  while (true) {
    mlir::scf::ForOp around = nest.back();
    mlir::Block* body = around.getBody();
    auto inner = llvm::dyn_cast<mlir::scf::ForOp>(body->front());
    if (!inner || inner->getNextNode() != body->getTerminator()) return nest;
    if (inner.getInitArgs() != around.getRegionIterArgs()) return nest;
    if (body->getTerminator()->getOperands() != inner.getResults()) return nest;
    nest.push_back(inner);
  }
}

// Whether a round takes no more than a word of anything: it can be one round of a pipelined loop.
bool MovesWords(mlir::scf::ForOp loop) {
  const mlir::WalkResult wide = loop.getBody()->walk([](mlir::Operation* op) {
    if (llvm::isa<mlir::scf::ForOp>(op)) return mlir::WalkResult::interrupt();
    for (mlir::Type type : op->getResultTypes()) {
      auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
      if (tensor && (!tensor.hasStaticShape() || tensor.getNumElements() > contract::kLanes)) {
        return mlir::WalkResult::interrupt();
      }
    }
    return mlir::WalkResult::advance();
  });
  return !wide.wasInterrupted();
}

// Float operators of a loop that moves words. SiLU on 16 lanes has some 450: it takes a word every fourth
// cycle, so that operators are shared. The engine gives words to what follows it no faster.
constexpr int64_t kMostOperators = 128;

// Cycles from one round of such a loop to the next.
int64_t IntervalOf(mlir::scf::ForOp loop) {
  int64_t operators = 0;
  loop.getBody()->walk([&](mlir::linalg::LinalgOp op) {
    int64_t lanes = 1, on_each = 0;
    for (int64_t size : op.getStaticLoopRanges()) lanes *= size;
    for (mlir::Operation& inner : op.getBlock()->without_terminator()) {
      if (llvm::any_of(inner.getOperandTypes(), [](mlir::Type type) { return type.isF32(); })) ++on_each;
    }
    operators += lanes * on_each;
  });
  return std::max<int64_t>((operators + kMostOperators - 1) / kMostOperators, 1);
}

}  // namespace

std::optional<std::string> BodyEmitter::TripText(mlir::scf::ForOp loop) {
  const auto lower = mlir::getConstantIntValue(loop.getLowerBound()),
             upper = mlir::getConstantIntValue(loop.getUpperBound()),
             step = mlir::getConstantIntValue(loop.getStep());
  if (!lower || !step || *step < 1) return std::nullopt;
  if (upper) return std::to_string(std::max<int64_t>((*upper - *lower + *step - 1) / *step, 0));
  if (*lower != 0 || *step != 1) return std::nullopt;
  return Scalar(loop.getUpperBound());
}

mlir::FailureOr<bool> BodyEmitter::EmitWordLoop(mlir::scf::ForOp outermost) {
  llvm::SmallVector<mlir::scf::ForOp> nest = PerfectNest(outermost);
  if (!MovesWords(nest.back())) return false;
  if (!llvm::all_of(outermost.getInitArgs(), [&](mlir::Value init) { return HasOpaque(init); })) return false;
  std::string trips;
  bool counts = false;
  for (mlir::scf::ForOp loop : nest) {
    const std::optional<std::string> trip = TripText(loop);
    if (!trip) return false;
    trips += (trips.empty() ? "INT64_C(1) * " : " * ") + *trip;
    counts |= !loop.getInductionVar().use_empty();
  }
  // Counters, the innermost last, for a body that wants them.
  llvm::SmallVector<std::string> counters;
  for (mlir::scf::ForOp loop : nest) {
    for (auto [init, argument, result] :
         llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs(), loop.getResults())) {
      BindOpaque(argument, Opaque(init));
      BindOpaque(result, Opaque(init));
    }
    if (!counts) continue;
    counters.push_back(NewName());
    out_.line("int64_t " + counters.back() + " = " + IndexText(loop.getLowerBound()) + ";");
    BindScalar(loop.getInductionVar(), counters.back());
  }
  const std::string round = NewName();
  out_.open("for (int64_t " + round + " = 0; " + round + " < " + trips + "; ++" + round + ")");
  // Flushable: words that were taken come out though the next is still to come (HLS contract, j).
  out_.directive("#pragma HLS PIPELINE II = " + std::to_string(IntervalOf(nest.back())) + " style = flp");
  if (mlir::failed(EmitBlock(*nest.back().getBody()))) return mlir::failure();
  std::string carry;
  for (size_t i = counters.size(); i-- > 0;) {
    mlir::scf::ForOp loop = nest[i];
    const std::string& counter = counters[i];
    const std::string ends = NewName(), next = counter + " + " + IndexText(loop.getStep());
    out_.line("const bool " + ends + " = " + (carry.empty() ? "" : carry + " && ") + next +
              " >= " + IndexText(loop.getUpperBound()) + ";");
    const std::string moved = carry.empty() ? next : "(" + carry + " ? " + next + " : " + counter + ")";
    out_.line(counter + " = " + ends + " ? " + IndexText(loop.getLowerBound()) + " : " + moved + ";");
    carry = ends;
  }
  out_.close();
  return true;
}

void BodyEmitter::ForgetViews(llvm::function_ref<bool(mlir::Value, const TensorView&)> which) {
  llvm::SmallVector<mlir::Value> forgotten;
  for (const auto& [value, view] : views_) {
    if (which(value, view)) forgotten.push_back(value);
  }
  for (mlir::Value value : forgotten) views_.erase(value);
}

// Where a loop keeps a tensor that it carries: in the array that it starts from, if nothing else needs that.
mlir::FailureOr<TensorView> BodyEmitter::CarriedArray(mlir::scf::ForOp loop, unsigned index) {
  mlir::OpOperand& init = loop.getInitArgsMutable()[index];
  const mlir::Value result = loop.getResult(index);
  if (HasView(init.get()) && View(init.get()).IsWholeArray() && MayOverwrite(loop, init)) {
    const TensorView array = View(init.get());
    ForgetViews([&](mlir::Value, const TensorView& view) { return view.buffer == array.buffer; });
    return array;
  }
  if (mlir::failed(NewArray(loop, result))) return mlir::failure();
  const TensorView array = View(result);
  if (HasView(init.get()) && mlir::failed(EmitCopy(init.get(), array.buffer))) return mlir::failure();
  // Only the body's own value of it, which it may overwrite in place.
  views_.erase(result);
  return array;
}

mlir::LogicalResult BodyEmitter::EmitFor(mlir::Operation* operation) {
  auto loop = llvm::cast<mlir::scf::ForOp>(operation);
  const mlir::FailureOr<bool> moves_words = EmitWordLoop(loop);
  if (mlir::failed(moves_words)) return mlir::failure();
  if (*moves_words) return mlir::success();
  // Carried values live in separate arrays and variables: the body's values end with it.
  llvm::SmallVector<std::string> carried;
  llvm::SmallVector<std::pair<mlir::Value, TensorView>> arrays;
  for (auto [init, argument, result] :
       llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs(), loop.getResults())) {
    if (HasOpaque(init)) {
      const std::string name = Opaque(init);
      carried.push_back(name);
      BindOpaque(argument, name);
      BindOpaque(result, name);
    } else if (llvm::isa<mlir::RankedTensorType>(init.getType())) {
      const mlir::FailureOr<TensorView> array = CarriedArray(loop, carried.size());
      if (mlir::failed(array)) return mlir::failure();
      carried.push_back(array->buffer);
      SetView(argument, *array);
      arrays.emplace_back(result, *array);
    } else {
      carried.push_back(NewName());
      out_.line(*CppType(init.getType()) + " " + carried.back() + " = " + Scalar(init) + ";");
      BindScalar(argument, carried.back());
      BindScalar(result, carried.back());
    }
  }
  const std::string counter = NewName();
  out_.open("for (int64_t " + counter + " = " + IndexText(loop.getLowerBound()) + "; " + counter + " < " +
            IndexText(loop.getUpperBound()) + "; " + counter + " += " + IndexText(loop.getStep()) + ")");
  out_.directive("#pragma HLS LOOP_FLATTEN off");
  BindScalar(loop.getInductionVar(), counter);
  if (mlir::failed(EmitBlock(*loop.getBody()))) return mlir::failure();

  // All scalars are read before the first is replaced.
  auto yielded = loop.getBody()->getTerminator()->getOperands();
  llvm::SmallVector<std::string> fresh(carried.size());
  for (auto [index, value] : llvm::enumerate(yielded)) {
    if (llvm::isa<mlir::RankedTensorType>(value.getType()) || HasOpaque(value)) continue;
    fresh[index] = NewName();
    out_.line("const " + *CppType(value.getType()) + " " + fresh[index] + " = " + Scalar(value) + ";");
  }
  for (auto [index, value] : llvm::enumerate(yielded)) {
    if (!fresh[index].empty()) {
      out_.line(carried[index] + " = " + fresh[index] + ";");
    } else if (HasView(value) && View(value).buffer != carried[index]) {
      if (llvm::is_contained(carried, View(value).buffer)) {
        return operation->emitOpError("swaps tensors that it carries; only copies in place are emitted");
      }
      if (mlir::failed(EmitCopy(value, carried[index]))) return mlir::failure();
    }
  }
  ForgetViews([&](mlir::Value value, const TensorView&) {
    return loop.getRegion().isAncestor(value.getParentRegion());
  });
  for (const auto& [result, array] : arrays) SetView(result, array);
  out_.close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::hls
