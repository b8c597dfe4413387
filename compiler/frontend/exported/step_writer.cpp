// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/exported/step_writer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/status_macros.h"
#include "compiler/frontend/exported/step_operations.h"
#include "kernels/contract/tiles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

namespace streamtensor::compiler {

using mlir::AffineExpr;
using mlir::AffineMap;
using mlir::OpBuilder;
using mlir::Operation;
using mlir::OpFoldResult;
using mlir::RankedTensorType;
using mlir::Value;
using mlir::linalg::LinalgOp;
using mlir::utils::IteratorType;

namespace {

// Operations that lie within one another when an element is written.
constexpr int kMaxDepth = 400;

llvm::ArrayRef<int64_t> Shape(Value value) { return ExportedStep::Shape(value); }

absl::Status SplitFirst() { return absl::AbortedError("a loop must be split"); }

}  // namespace

//===----------------------------------------------------------------------===//
// One operation
//===----------------------------------------------------------------------===//

struct StepWriter::Body {
  explicit Body(mlir::MLIRContext* context) : block(std::make_unique<mlir::Block>()), b(context) {
    b.setInsertionPointToEnd(block.get());
  }

  std::vector<std::vector<unsigned>> loops;  // of each dimension
  std::vector<int64_t> extents;              // of each loop
  int token_loop = -1;
  std::unique_ptr<mlir::Block> block;
  OpBuilder b;
  std::vector<Value> inputs;
  std::vector<llvm::SmallVector<AffineExpr>> maps;  // of each input
  std::map<std::vector<int64_t>, Value> known;      // by value and index
  std::optional<LoopSplit> split;
};

void StepWriter::Enter(Value rows, StepWeights* weights, Attend attend) {
  rows_ = rows;
  weights_ = weights;
  attend_ = std::move(attend);
  leaves_.clear();
}

void StepWriter::Define(Value old, Value written) {
  auto leaf = std::make_unique<Leaf>();
  leaf->tensor = written;
  for (int64_t dim : WrittenDims(old)) leaf->groups.push_back({dim});
  leaves_[old] = std::move(leaf);
}

std::vector<int64_t> StepWriter::WrittenDims(Value old) const {
  const int token = step_.Info(old).token_dim;
  std::vector<int64_t> dims;
  if (token >= 0) dims.push_back(token);
  for (auto [dim, size] : llvm::enumerate(Shape(old))) {
    if (static_cast<int>(dim) != token && size != 1) dims.push_back(static_cast<int64_t>(dim));
  }
  return dims;
}

absl::StatusOr<Value> StepWriter::Write(llvm::ArrayRef<Dim> dims, mlir::Type element_type,
                                        const WriteElement& element, Value initial) {
  std::vector<std::vector<int64_t>> extents;
  for (const Dim& dim : dims)
    extents.push_back(dim.size == 1 ? std::vector<int64_t>() : std::vector<int64_t>{dim.size});
  const int depth = depth_;
  while (true) {
    depth_ = depth;
    Body body(b_.getContext());
    Indices index;
    for (auto [dim, inner] : llvm::zip_equal(dims, extents)) {
      TensorIndex at;
      body.loops.emplace_back();
      int64_t place = dim.size;
      for (int64_t extent : inner) {
        const auto loop = static_cast<unsigned>(body.extents.size());
        if (dim.is_token) body.token_loop = static_cast<int>(loop);
        place /= extent;
        at.terms.push_back({place, loop});
        body.loops.back().push_back(loop);
        body.extents.push_back(extent);
      }
      index.push_back(at);
    }
    if (initial) body.block->addArgument(element_type, linalg_.loc());
    absl::StatusOr<Value> result = element(body, index);
    if (result.ok()) return Finish(body, dims, *result, element_type, initial);
    if (!body.split) return result.status();
    // Again, with one loop more: at most as often as sizes have divisors.
    for (auto [dim, inner, loops] : llvm::zip_equal(dims, extents, body.loops)) {
      const auto found = std::find(loops.begin(), loops.end(), body.split->loop);
      if (found == loops.end()) continue;
      if (dim.is_token) return absl::UnimplementedError("the step's tokens are taken apart");
      auto extent = inner.begin() + (found - loops.begin());
      *extent /= body.split->inner;
      inner.insert(extent + 1, body.split->inner);
      break;
    }
  }
}

absl::StatusOr<Value> StepWriter::Finish(Body& body, llvm::ArrayRef<Dim> dims, Value result,
                                         mlir::Type element_type, Value initial) {
  mlir::MLIRContext* context = b_.getContext();
  const auto rank = static_cast<unsigned>(body.extents.size());
  llvm::SmallVector<AffineExpr> written;
  llvm::SmallVector<IteratorType> iterators(rank, IteratorType::parallel);
  llvm::SmallVector<OpFoldResult> sizes;
  std::vector<llvm::SmallVector<int64_t, 2>> groups;
  for (auto [dim, loops] : llvm::zip_equal(dims, body.loops)) {
    if (!dim.is_summed && !loops.empty()) groups.emplace_back();
    for (unsigned loop : loops) {
      if (dim.is_summed) {
        iterators[loop] = IteratorType::reduction;
        continue;
      }
      groups.back().push_back(static_cast<int64_t>(written.size()));
      written.push_back(mlir::getAffineDimExpr(loop, context));
      sizes.push_back(dim.is_token ? linalg_.Size(rows_, 0)
                                   : OpFoldResult(b_.getIndexAttr(body.extents[loop])));
    }
  }
  Value tensor;
  auto argument = llvm::dyn_cast<mlir::BlockArgument>(result);
  if (argument && !initial && body.block->empty() && argument.getOwner() == body.block.get()) {
    // Nothing is computed: the tensor itself, where it is read in its own order.
    const unsigned input = argument.getArgNumber();
    if (llvm::ArrayRef<AffineExpr>(body.maps[input]) == llvm::ArrayRef<AffineExpr>(written))
      tensor = body.inputs[input];
  }
  if (!tensor) {
    if (!initial) body.block->addArgument(element_type, linalg_.loc());
    body.b.create<mlir::linalg::YieldOp>(linalg_.loc(), result);
    llvm::SmallVector<AffineMap> maps;
    for (const auto& exprs : body.maps) maps.push_back(AffineMap::get(rank, 0, exprs, context));
    maps.push_back(AffineMap::get(rank, 0, written, context));
    Value init = b_.create<mlir::tensor::EmptyOp>(linalg_.loc(), sizes, element_type);
    if (initial) init = b_.create<mlir::linalg::FillOp>(linalg_.loc(), initial, init).getResult(0);
    auto generic = b_.create<mlir::linalg::GenericOp>(linalg_.loc(), mlir::TypeRange{init.getType()},
                                                      body.inputs, mlir::ValueRange{init}, maps, iterators);
    generic.getRegion().push_back(body.block.release());
    tensor = generic.getResult(0);
  }
  if (groups.size() == written.size()) return tensor;
  return linalg_.Collapse(tensor, groups);
}

absl::StatusOr<Value> StepWriter::ReadInput(Body& body, Value tensor, llvm::ArrayRef<AffineExpr> exprs) {
  for (size_t i = 0; i < body.inputs.size(); ++i) {
    if (body.inputs[i] == tensor && llvm::ArrayRef<AffineExpr>(body.maps[i]) == exprs)
      return body.block->getArgument(static_cast<unsigned>(i));
  }
  const auto at = static_cast<unsigned>(body.inputs.size());
  body.inputs.push_back(tensor);
  body.maps.emplace_back(exprs);
  return body.block->insertArgument(at, llvm::cast<RankedTensorType>(tensor.getType()).getElementType(),
                                    linalg_.loc());
}

absl::StatusOr<Value> StepWriter::IndexValue(Body& body, const TensorIndex& index) {
  if (index.computed) return index.computed;
  Value sum;
  const auto add = [&](Value value) {
    sum = sum ? body.b.create<mlir::arith::AddIOp>(linalg_.loc(), sum, value).getResult() : value;
  };
  for (const TensorIndex::Term& term : index.terms) {
    if (static_cast<int>(term.loop) == body.token_loop)
      return absl::UnimplementedError(
          "the step computes with the place of a token in it; positions tell where it is");
    Value loop = body.b.create<mlir::linalg::IndexOp>(linalg_.loc(), term.loop);
    if (term.coefficient != 1) {
      Value factor = body.b.create<mlir::arith::ConstantIndexOp>(linalg_.loc(), term.coefficient);
      loop = body.b.create<mlir::arith::MulIOp>(linalg_.loc(), loop, factor);
    }
    add(loop);
  }
  if (index.constant != 0 || !sum)
    add(body.b.create<mlir::arith::ConstantIndexOp>(linalg_.loc(), index.constant));
  return sum;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

absl::StatusOr<Value> StepWriter::Element(Body& body, Value old, Indices index) {
  // What only moves elements, one after another.
  while (!leaves_.contains(old)) {
    Operation* op = old.getDefiningOp();
    if (!op || !IsView(op)) break;
    if (const ValueInfo& info = step_.Info(old); !info.obstacle.empty())
      return absl::UnimplementedError(info.obstacle);
    std::optional<ViewStep> view = StepThroughView(op, index, body.extents, &body.split);
    if (body.split) return SplitFirst();
    if (!view) break;
    old = view->source;
    index = std::move(view->index);
  }
  std::vector<int64_t> key = {reinterpret_cast<int64_t>(old.getAsOpaquePointer())};
  for (const TensorIndex& at : index) {
    key.push_back(at.constant);
    key.push_back(reinterpret_cast<int64_t>(at.computed.getAsOpaquePointer()));
    key.push_back(static_cast<int64_t>(at.terms.size()));
    for (const TensorIndex::Term& term : at.terms) {
      key.push_back(term.coefficient);
      key.push_back(term.loop);
    }
  }
  if (auto found = body.known.find(key); found != body.known.end()) return found->second;
  if (++depth_ > kMaxDepth) {
    depth_ = 0;
    return absl::UnimplementedError(Message("more than ", kMaxDepth, " operations depend on one another"));
  }
  const auto element = [&]() -> absl::StatusOr<Value> {
    if (auto found = leaves_.find(old); found != leaves_.end())
      return ElementOfLeaf(body, *found->second, old, index);
    if (const ValueInfo& info = step_.Info(old); !info.obstacle.empty())
      return absl::UnimplementedError(info.obstacle);
    Operation* op = old.getDefiningOp();
    if (!op) {
      if (!step_.WeightOf(old).empty()) return ElementOfWeight(body, old, index);
      return absl::UnimplementedError(old == step_.ids()
                                          ? "a layer, or what follows the last, reads the token ids"
                                          : "what follows the last layer reads the positions");
    }
    if (auto constant = llvm::dyn_cast<mlir::arith::ConstantOp>(op)) {
      auto dense = llvm::dyn_cast<mlir::DenseElementsAttr>(constant.getValue());
      if (!dense) return CannotCompile(op, "holds no plain values");
      if (dense.isSplat()) {
        auto value = llvm::dyn_cast<mlir::TypedAttr>(dense.getSplatValue<mlir::Attribute>());
        return body.b.create<mlir::arith::ConstantOp>(linalg_.loc(), value).getResult();
      }
      Define(old, b_.clone(*op)->getResult(0));
      return ElementOfLeaf(body, *leaves_[old], old, index);
    }
    if (auto fill = llvm::dyn_cast<mlir::linalg::FillOp>(op)) return Scalar(body, fill.value());
    if (auto concat = llvm::dyn_cast<mlir::tensor::ConcatOp>(op)) return ElementOfConcat(body, concat, index);
    if (ExportedStep::IsMarker(op))
      return CannotCompile(op,
                           "marks a residual that is read outside of its layer; only the layer itself may");
    if (IsView(op))
      return CannotCompile(op, "moves elements in a way that has no form; slices must be whole parts");
    if (llvm::isa<mlir::tensor::EmptyOp>(op)) return CannotCompile(op, "is read, but holds nothing");
    if (IsElementwise(op) && !MustBeWritten(body, old, index))
      return ElementOfLinalg(body, llvm::cast<LinalgOp>(op),
                             llvm::cast<mlir::OpResult>(old).getResultNumber(), index);
    ASSIGN_OR_RETURN(const Leaf* leaf, WriteLeaf(old));
    return ElementOfLeaf(body, *leaf, old, index);
  };
  ASSIGN_OR_RETURN(Value value, element());
  --depth_;
  body.known[key] = value;
  return value;
}

bool StepWriter::MustBeWritten(const Body& body, Value old, llvm::ArrayRef<TensorIndex> index) const {
  if (step_.Info(old).dependence < Dependence::kTokens || OnlyConverts(old.getDefiningOp())) return false;
  if (step_.Uses(old) > 1) return true;
  size_t loops = 0;
  for (const TensorIndex& at : index) loops += at.terms.size();
  return loops < body.extents.size() && IsCostly(old.getDefiningOp());
}

absl::StatusOr<Value> StepWriter::ElementOfLeaf(Body& body, const Leaf& leaf, Value old,
                                                llvm::ArrayRef<TensorIndex> index) {
  llvm::SmallVector<AffineExpr> exprs;
  llvm::SmallVector<OpFoldResult> sizes;
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<mlir::ReassociationIndices> groups;
  const int token = step_.Info(old).token_dim;
  for (auto [dim, group] : llvm::enumerate(leaf.groups)) {
    TensorIndex whole;
    int64_t size = 1;
    for (int64_t part : group) {
      std::optional<TensorIndex> scaled = Times(whole, Shape(old)[part]);
      std::optional<TensorIndex> sum = scaled ? Sum(*scaled, index[part]) : std::nullopt;
      if (!sum) return absl::UnimplementedError("a computed index reaches into computed values");
      whole = *sum;
      size *= Shape(old)[part];
    }
    groups.emplace_back();
    if (group.size() == 1 && group[0] == token) {
      if (!whole.is_loop() || static_cast<int>(whole.terms[0].loop) != body.token_loop)
        return absl::UnimplementedError("the step computes between its tokens outside of attention");
      groups.back().push_back(static_cast<int64_t>(shape.size()));
      exprs.push_back(mlir::getAffineDimExpr(whole.terms[0].loop, b_.getContext()));
      shape.push_back(mlir::ShapedType::kDynamic);
      sizes.push_back(OpFoldResult());
      continue;
    }
    std::optional<std::vector<IndexDigit>> digits = Digits(whole, size, body.extents, b_.getContext());
    if (!digits) {
      Operation* op = old.getDefiningOp();
      const std::string what = "has a result of which parts are read that don't divide it";
      return op ? CannotCompile(op, what) : absl::UnimplementedError(Message("an argument ", what));
    }
    if (digits->empty()) digits->push_back({1, mlir::getAffineConstantExpr(0, b_.getContext())});
    for (const IndexDigit& digit : *digits) {
      groups.back().push_back(static_cast<int64_t>(shape.size()));
      exprs.push_back(digit.value);
      shape.push_back(digit.size);
      sizes.push_back(b_.getIndexAttr(digit.size));
    }
  }
  Value tensor = leaf.tensor;
  if (shape.size() > leaf.groups.size()) {
    auto type = llvm::cast<RankedTensorType>(tensor.getType());
    if (!sizes.empty() && !sizes[0]) {
      if (!type.isDynamicDim(0)) shape[0] = type.getDimSize(0);
      sizes[0] = linalg_.Size(tensor, 0);
    }
    tensor = b_.create<mlir::tensor::ExpandShapeOp>(
        linalg_.loc(), RankedTensorType::get(shape, type.getElementType()), tensor, groups, sizes);
  }
  return ReadInput(body, tensor, exprs);
}

absl::StatusOr<Value> StepWriter::ElementOfWeight(Body& body, Value old, llvm::ArrayRef<TensorIndex> index) {
  const std::string name = step_.WeightOf(old);
  const bool looked_up = !index.empty() && index[0].computed;
  if (Value values = weights_->Values(old)) {
    if (!looked_up) {
      if (Shape(old).size() != 1)
        return absl::UnimplementedError(
            Message("weight ", Quoted(name), " is read otherwise than by products and by position"));
      Leaf leaf{values, {{0}}};
      return ElementOfLeaf(body, leaf, old, index);
    }
    llvm::SmallVector<Value> at;
    for (const TensorIndex& dim : index) {
      ASSIGN_OR_RETURN(Value value, IndexValue(body, dim));
      at.push_back(value);
    }
    return body.b.create<mlir::tensor::ExtractOp>(linalg_.loc(), values, at).getResult();
  }
  const QuantisedMatrix matrix = weights_->Embedding(old);
  if (!matrix.q || !looked_up || index.size() != 2) {
    return absl::UnimplementedError(
        Message("weight ", Quoted(name),
                " is read in a place, or in a way, that can't be compiled; weights are those of "
                "one layer or of what stands outside the layers, and read by products, by token, by position "
                "or as vectors"));
  }
  std::optional<IndexSplit> group = Divide(index[1], contract::kGroupElements, body.extents, &body.split);
  if (body.split) return SplitFirst();
  if (!group)
    return absl::UnimplementedError(Message("rows of weight ", Quoted(name), " are not read in groups of ",
                                            contract::kGroupElements, " columns"));
  ASSIGN_OR_RETURN(Value row, IndexValue(body, index[0]));
  ASSIGN_OR_RETURN(Value at, IndexValue(body, group->quotient));
  ASSIGN_OR_RETURN(Value within, IndexValue(body, group->remainder));
  const auto extract = [&](Value part, mlir::ValueRange indices) -> Value {
    return part ? body.b.create<mlir::tensor::ExtractOp>(linalg_.loc(), part, indices).getResult() : Value();
  };
  Value q = extract(matrix.q, {row, at, within});
  Value d = extract(matrix.d, {row, at});
  Value m = extract(matrix.m, {row, at});
  return linalg_.DequantisedElement(body.b, linalg_.loc(), q, d, m);
}

absl::StatusOr<Value> StepWriter::ElementOfConcat(Body& body, mlir::tensor::ConcatOp op, Indices index) {
  const auto dim = op.getDim();
  const int64_t size = Shape(op.getInputs().front())[dim];
  for (Value input : op.getInputs()) {
    if (Shape(input)[dim] != size) return CannotCompile(op, "joins parts of different sizes");
  }
  std::optional<IndexSplit> parts = Divide(index[dim], size, body.extents, &body.split);
  if (body.split) return SplitFirst();
  if (!parts) return CannotCompile(op, "joins parts that are read across their ends");
  ASSIGN_OR_RETURN(Value which, IndexValue(body, parts->quotient));
  index[dim] = parts->remainder;
  Value result;
  for (size_t i = op.getInputs().size(); i-- > 0;) {
    ASSIGN_OR_RETURN(Value part, Element(body, op.getInputs()[i], index));
    if (!result) {
      result = part;
      continue;
    }
    Value number = body.b.create<mlir::arith::ConstantIndexOp>(linalg_.loc(), static_cast<int64_t>(i));
    Value is_this =
        body.b.create<mlir::arith::CmpIOp>(linalg_.loc(), mlir::arith::CmpIPredicate::eq, which, number);
    result = body.b.create<mlir::arith::SelectOp>(linalg_.loc(), is_this, part, result);
  }
  return result;
}

absl::StatusOr<Value> StepWriter::ElementOfLinalg(Body& body, LinalgOp op, unsigned result,
                                                  llvm::ArrayRef<TensorIndex> index) {
  std::vector<TensorIndex> loops(op.getNumLoops());
  for (auto [i, expr] :
       llvm::enumerate(op.getMatchingIndexingMap(op.getDpsInitOperand(result)).getResults())) {
    auto dim = llvm::dyn_cast<mlir::AffineDimExpr>(expr);
    if (!dim) return CannotCompile(op, "writes its result by a computed index");
    loops[dim.getPosition()] = index[i];
  }
  return CloneBody(body, op, result, loops, Value());
}

absl::StatusOr<Value> StepWriter::CloneBody(Body& body, LinalgOp op, unsigned result,
                                            llvm::ArrayRef<TensorIndex> loops, Value accumulator) {
  mlir::Block* block = op.getBlock();
  Value yielded = block->getTerminator()->getOperand(result);
  // What the result needs; range checks of indices are the host's.
  llvm::DenseSet<Operation*> needed;
  std::vector<Value> open = {yielded};
  while (!open.empty()) {
    Operation* inner = open.back().getDefiningOp();
    open.pop_back();
    if (!inner || inner->getBlock() != block || !needed.insert(inner).second) continue;
    llvm::append_range(open, inner->getOperands());
  }
  llvm::DenseMap<Value, Value> written;
  llvm::DenseMap<Value, TensorIndex> indices;
  const auto read = [&](Value value) -> absl::StatusOr<Value> {
    if (auto found = written.find(value); found != written.end()) return found->second;
    if (auto found = indices.find(value); found != indices.end()) return IndexValue(body, found->second);
    auto argument = llvm::dyn_cast<mlir::BlockArgument>(value);
    if (!argument || argument.getOwner() != block) return Scalar(body, value);
    mlir::OpOperand* operand = op.getMatchingOpOperand(argument);
    if (accumulator && op.isDpsInit(operand)) return accumulator;
    if (!llvm::isa<RankedTensorType>(operand->get().getType())) return Scalar(body, operand->get());
    ASSIGN_OR_RETURN(auto index, OperandIndex(op, operand, loops));
    ASSIGN_OR_RETURN(Value element, Element(body, operand->get(), std::move(index)));
    written[value] = element;
    return element;
  };
  for (Operation& inner : block->without_terminator()) {
    if (!needed.contains(&inner)) continue;
    if (auto index = llvm::dyn_cast<mlir::linalg::IndexOp>(inner)) {
      indices[index.getResult()] = loops[index.getDim()];
      continue;
    }
    if (auto extract = llvm::dyn_cast<mlir::tensor::ExtractOp>(inner)) {
      Indices index;
      for (Value at : extract.getIndices()) {
        if (auto found = indices.find(at); found != indices.end()) {
          index.push_back(found->second);
          continue;
        }
        ASSIGN_OR_RETURN(Value value, read(at));
        llvm::APInt constant;
        index.push_back(mlir::matchPattern(value, mlir::m_ConstantInt(&constant)) &&
                                constant.getSignificantBits() < 32 && !constant.isNegative()
                            ? TensorIndex::Constant(constant.getSExtValue())
                            : TensorIndex::Computed(value));
      }
      ASSIGN_OR_RETURN(written[extract.getResult()], Element(body, extract.getTensor(), std::move(index)));
      continue;
    }
    const bool known =
        llvm::isa_and_present<mlir::arith::ArithDialect, mlir::math::MathDialect>(inner.getDialect());
    if (!known || inner.getNumRegions() != 0)
      return CannotCompile(&inner, "is not known in a decoder's step");
    mlir::IRMapping mapping;
    for (Value operand : inner.getOperands()) {
      ASSIGN_OR_RETURN(Value value, read(operand));
      mapping.map(operand, value);
    }
    Operation* clone = body.b.clone(inner, mapping);
    for (auto [old, made] : llvm::zip_equal(inner.getResults(), clone->getResults())) written[old] = made;
  }
  return read(yielded);
}

absl::StatusOr<Value> StepWriter::Scalar(Body& body, Value old) {
  const std::vector<int64_t> key = {reinterpret_cast<int64_t>(old.getAsOpaquePointer())};
  if (auto found = body.known.find(key); found != body.known.end()) return found->second;
  Operation* op = old.getDefiningOp();
  if (!op || !llvm::isa_and_present<mlir::arith::ArithDialect>(op->getDialect()) ||
      op->getNumRegions() != 0 || op->getNumResults() != 1 || ++depth_ > kMaxDepth) {
    return op ? CannotCompile(op, "is not a known scalar")
              : absl::UnimplementedError("an argument is read as a scalar");
  }
  mlir::IRMapping mapping;
  for (Value operand : op->getOperands()) {
    ASSIGN_OR_RETURN(Value value, Scalar(body, operand));
    mapping.map(operand, value);
  }
  --depth_;
  return body.known[key] = body.b.clone(*op, mapping)->getResult(0);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

absl::StatusOr<Value> StepWriter::WriteRows(Value old) {
  depth_ = 0;
  ASSIGN_OR_RETURN(const Leaf* leaf, WriteLeaf(old));
  auto type = llvm::cast<RankedTensorType>(leaf->tensor.getType());
  if (type.getRank() == 2) return leaf->tensor;
  if (type.getRank() < 2)
    return absl::UnimplementedError(Message("a row of ", Shown(old.getType()), " is one number"));
  std::vector<llvm::SmallVector<int64_t, 2>> groups(2);
  for (int64_t dim = 0; dim < type.getRank(); ++dim) groups[dim == 0 ? 0 : 1].push_back(dim);
  return linalg_.Collapse(leaf->tensor, groups);
}

absl::StatusOr<const StepWriter::Leaf*> StepWriter::WriteLeaf(Value old) {
  if (auto found = leaves_.find(old); found != leaves_.end()) return found->second.get();
  if (const ValueInfo& info = step_.Info(old); !info.obstacle.empty())
    return absl::UnimplementedError(info.obstacle);
  Operation* op = old.getDefiningOp();
  const auto write = [&]() -> absl::StatusOr<Leaf> {
    if (op && ExportedStep::IsAttention(op)) return WriteAttention(op);
    if (!IsReduction(op)) return WriteElementwise(old);
    ASSIGN_OR_RETURN(const std::optional<Product> product, MatchProduct(step_, op));
    if (product) return WriteProduct(*product);
    return WriteReduction(llvm::cast<LinalgOp>(op));
  };
  ASSIGN_OR_RETURN(Leaf leaf, write());
  std::unique_ptr<Leaf>& kept = leaves_[old];
  kept = std::make_unique<Leaf>(std::move(leaf));
  return kept.get();
}

absl::StatusOr<StepWriter::Leaf> StepWriter::WriteElementwise(Value old) {
  Leaf leaf;
  std::vector<Dim> dims;
  const int token = step_.Info(old).token_dim;
  if (token < 0)
    return absl::UnimplementedError(
        Message("a value of type ", Shown(old.getType()), " depends on no token"));
  for (int64_t dim : WrittenDims(old)) {
    dims.push_back({.size = Shape(old)[dim], .is_token = dim == token});
    leaf.groups.push_back({dim});
  }
  const auto element = [&](Body& body, llvm::ArrayRef<TensorIndex> at) -> absl::StatusOr<Value> {
    Indices index(Shape(old).size());
    for (auto [group, dim] : llvm::zip_equal(leaf.groups, at)) index[group[0]] = dim;
    Operation* op = old.getDefiningOp();
    if (!IsElementwise(op)) return Element(body, old, std::move(index));
    return ElementOfLinalg(body, llvm::cast<LinalgOp>(op), llvm::cast<mlir::OpResult>(old).getResultNumber(),
                           index);
  };
  ASSIGN_OR_RETURN(leaf.tensor, Write(dims, mlir::getElementTypeOrSelf(old.getType()), element));
  return leaf;
}

absl::StatusOr<StepWriter::Leaf> StepWriter::WriteReduction(LinalgOp op) {
  if (op->getNumResults() != 1) return CannotCompile(op, "reduces to several results");
  Value old = op->getResult(0);
  // The start value, a constant.
  Value start = op.getDpsInits()[0];
  if (auto fill = start.getDefiningOp<mlir::linalg::FillOp>()) start = fill.value();
  mlir::Attribute constant;
  if (!mlir::matchPattern(start, mlir::m_Constant(&constant)))
    return CannotCompile(op, "starts from a computed value");
  if (auto dense = llvm::dyn_cast<mlir::SplatElementsAttr>(constant))
    constant = dense.getSplatValue<mlir::Attribute>();
  auto typed = llvm::dyn_cast<mlir::TypedAttr>(constant);
  const mlir::Type type = mlir::getElementTypeOrSelf(old.getType());
  if (!typed || typed.getType() != type) return CannotCompile(op, "starts from different values");

  Leaf leaf;
  std::vector<Dim> dims;
  std::vector<int> dim_of_loop(op.getNumLoops(), -1);
  const AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  const int token = step_.Info(old).token_dim;
  if (token < 0) return CannotCompile(op, "depends on no token");
  for (int64_t dim : WrittenDims(old)) {
    auto loop = llvm::dyn_cast<mlir::AffineDimExpr>(result.getResult(dim));
    if (!loop) return CannotCompile(op, "writes its result by a computed index");
    dim_of_loop[loop.getPosition()] = static_cast<int>(dims.size());
    dims.push_back({.size = Shape(old)[dim], .is_token = dim == token});
    leaf.groups.push_back({dim});
  }
  const llvm::SmallVector<int64_t> extents = op.getStaticLoopRanges();
  const size_t kept = dims.size();
  for (auto [loop, iterator] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (iterator == IteratorType::parallel || extents[loop] == 1) continue;
    dim_of_loop[loop] = static_cast<int>(dims.size());
    dims.push_back({.size = extents[loop], .is_summed = true});
  }
  if (dims.size() == kept) return CannotCompile(op, "reduces over a dimension of one element");
  const auto element = [&](Body& body, llvm::ArrayRef<TensorIndex> at) -> absl::StatusOr<Value> {
    std::vector<TensorIndex> loops(op.getNumLoops());
    for (size_t loop = 0; loop < loops.size(); ++loop) {
      if (dim_of_loop[loop] >= 0) loops[loop] = at[dim_of_loop[loop]];
    }
    return CloneBody(body, op, 0, loops, body.block->getArgument(0));
  };
  Value initial = b_.create<mlir::arith::ConstantOp>(linalg_.loc(), typed);
  ASSIGN_OR_RETURN(leaf.tensor, Write(dims, type, element, initial));
  return leaf;
}

absl::StatusOr<StepWriter::Leaf> StepWriter::WriteProduct(const Product& product) {
  LinalgOp op = product.op;
  Value old = op->getResult(0);
  const llvm::SmallVector<int64_t> extents = op.getStaticLoopRanges();
  const QuantisedMatrix matrix = weights_->Matrix(product.weight);
  if (!matrix.q) {
    return CannotCompile(op, "is a product with the weight ", Quoted(step_.WeightOf(product.weight.argument)),
                         ", which belongs elsewhere");
  }
  const std::vector<Dim> row = {{.size = extents[product.token_loop], .is_token = true},
                                {.size = extents[product.sum_loop]}};
  const auto element = [&](Body& body, llvm::ArrayRef<TensorIndex> at) -> absl::StatusOr<Value> {
    std::vector<TensorIndex> loops(op.getNumLoops());
    loops[product.token_loop] = at[0];
    loops[product.sum_loop] = at[1];
    ASSIGN_OR_RETURN(auto index, OperandIndex(op, product.rows, loops));
    return Element(body, product.rows->get(), std::move(index));
  };
  ASSIGN_OR_RETURN(Value x, Write(row, b_.getF32Type(), element));
  Leaf leaf;
  leaf.tensor = linalg_.MatMulTransposed(x, linalg_.Dequantise(matrix));
  const AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (unsigned loop : {product.token_loop, product.row_loop}) {
    const auto* found = llvm::find(result.getResults(), mlir::getAffineDimExpr(loop, b_.getContext()));
    leaf.groups.push_back({static_cast<int64_t>(found - result.getResults().begin())});
  }
  Value start = op.getDpsInits()[0];
  if (auto fill = start.getDefiningOp<mlir::linalg::FillOp>()) start = fill.value();
  if (mlir::matchPattern(start, mlir::m_AnyZeroFloat())) return leaf;
  const std::vector<Dim> dims = {{.size = extents[product.token_loop], .is_token = true},
                                 {.size = extents[product.row_loop]}};
  const auto sum = [&](Body& body, llvm::ArrayRef<TensorIndex> at) -> absl::StatusOr<Value> {
    Indices index(Shape(old).size());
    for (auto [group, dim] : llvm::zip_equal(leaf.groups, at)) index[group[0]] = dim;
    ASSIGN_OR_RETURN(Value products, ElementOfLeaf(body, leaf, old, index));
    ASSIGN_OR_RETURN(Value first, Element(body, op.getDpsInits()[0], index));
    return body.b.create<mlir::arith::AddFOp>(linalg_.loc(), products, first).getResult();
  };
  ASSIGN_OR_RETURN(leaf.tensor, Write(dims, b_.getF32Type(), sum));
  return leaf;
}

absl::StatusOr<StepWriter::Leaf> StepWriter::WriteAttention(Operation* call) {
  if (!attend_) return CannotCompile(call, "attends outside of its layer");
  Value rows[3];
  for (unsigned i = 0; i < 3; ++i) {
    ASSIGN_OR_RETURN(const Leaf* leaf, WriteLeaf(call->getOperand(i)));
    rows[i] = leaf->tensor;
  }
  return Leaf{attend_(rows[0], rows[1], rows[2]), {{0}, {1, 2}}};
}

}  // namespace streamtensor::compiler
