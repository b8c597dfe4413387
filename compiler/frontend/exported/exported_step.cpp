// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/exported/exported_step.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "compiler/frontend/exported/layer_comparison.h"
#include "compiler/frontend/message.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

namespace streamtensor::compiler {
namespace {

using mlir::Operation;
using mlir::RankedTensorType;
using mlir::Value;
using mlir::func::CallOp;
using mlir::func::FuncOp;
using mlir::linalg::LinalgOp;

constexpr char kEntry[] = "main";
constexpr char kAttentionCall[] = "streamtensor_cached_attention";
constexpr char kLayerCall[] = "streamtensor_layer";
constexpr const char* kInputs[] = {"ids", "positions", "k_cache", "v_cache"};
constexpr size_t kMaxLayers = 1024;
constexpr int kMaxViews = 100;  // one after another

bool CallsTo(Operation* op, llvm::StringRef prefix) {
  auto call = llvm::dyn_cast<CallOp>(op);
  return call && call.getCallee().starts_with(prefix);
}

std::optional<int64_t> IntegerOf(Value value) {
  llvm::APInt constant;
  if (!mlir::matchPattern(value, mlir::m_ConstantInt(&constant)) || constant.getSignificantBits() > 32)
    return std::nullopt;
  return constant.getSExtValue();
}

bool IsTensor(Value value, llvm::ArrayRef<int64_t> shape, mlir::Type element) {
  auto type = llvm::dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType() == element && type.getShape() == shape;
}

std::string TypeText(Value value) { return Shown(value.getType()); }

// The dimensions' indices of a row-major group, from the index of the whole.
bool Delinearise(TensorIndex index, llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> extents,
                 std::optional<LoopSplit>* split, std::vector<TensorIndex>* result) {
  std::vector<TensorIndex> reversed;
  for (size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] == 1) {
      reversed.emplace_back();
      continue;
    }
    const bool outermost = std::all_of(sizes.begin(), sizes.begin() + static_cast<ptrdiff_t>(i),
                                       [](int64_t size) { return size == 1; });
    if (outermost) {
      reversed.push_back(index);
      continue;
    }
    std::optional<IndexSplit> parts = Divide(index, sizes[i], extents, split);
    if (!parts) return false;
    reversed.push_back(parts->remainder);
    index = parts->quotient;
  }
  result->insert(result->end(), reversed.rbegin(), reversed.rend());
  return true;
}

}  // namespace

Value PieceOf(mlir::tensor::ConcatOp concat, TensorIndex* index, llvm::ArrayRef<int64_t> extents) {
  if (index->computed) return {};
  int64_t range = 0;  // from the index's least value to its greatest
  for (const TensorIndex::Term& term : index->terms) range += term.coefficient * (extents[term.loop] - 1);
  for (Value input : concat.getInputs()) {
    const int64_t size = ExportedStep::Shape(input)[concat.getDim()];
    if (index->constant >= size) {
      index->constant -= size;
      continue;
    }
    return index->constant + range < size ? input : Value();
  }
  return {};
}

bool ExportedStep::IsAttention(Operation* op) { return CallsTo(op, kAttentionCall); }
bool ExportedStep::IsMarker(Operation* op) { return CallsTo(op, kLayerCall); }

bool YieldsAnInput(LinalgOp op, unsigned* input) {
  if (op->getNumResults() != 1 || op.getNumReductionLoops() != 0) return false;
  auto argument = llvm::dyn_cast<mlir::BlockArgument>(op.getBlock()->getTerminator()->getOperand(0));
  if (!argument || argument.getOwner() != op.getBlock()) return false;
  if (argument.getArgNumber() >= op.getNumDpsInputs()) return false;
  *input = argument.getArgNumber();
  return !llvm::isa<mlir::linalg::FillOp>(op.getOperation());
}

bool IsView(Operation* op) {
  unsigned input = 0;
  if (auto linalg = llvm::dyn_cast<LinalgOp>(op)) return YieldsAnInput(linalg, &input);
  return llvm::isa<mlir::tensor::ExpandShapeOp, mlir::tensor::CollapseShapeOp, mlir::tensor::ExtractSliceOp,
                   mlir::tensor::CastOp, mlir::tensor::ConcatOp>(op);
}

std::optional<TensorIndex> IndexOf(mlir::AffineExpr expression, llvm::ArrayRef<TensorIndex> loops) {
  if (auto dim = llvm::dyn_cast<mlir::AffineDimExpr>(expression)) return loops[dim.getPosition()];
  if (auto constant = llvm::dyn_cast<mlir::AffineConstantExpr>(expression)) {
    if (constant.getValue() < 0) return std::nullopt;
    return TensorIndex::Constant(constant.getValue());
  }
  auto binary = llvm::dyn_cast<mlir::AffineBinaryOpExpr>(expression);
  if (!binary) return std::nullopt;
  std::optional<TensorIndex> left = IndexOf(binary.getLHS(), loops), right = IndexOf(binary.getRHS(), loops);
  if (!left || !right) return std::nullopt;
  if (binary.getKind() == mlir::AffineExprKind::Add) return Sum(*left, *right);
  if (binary.getKind() == mlir::AffineExprKind::Mul && right->is_constant() && right->constant >= 1)
    return Times(*left, right->constant);
  return std::nullopt;
}

absl::StatusOr<ExportedStep> ExportedStep::Read(mlir::ModuleOp module) {
  ExportedStep step;
  RETURN_IF_ERROR(step.FindFunction(module));
  RETURN_IF_ERROR(step.FindInputs());
  RETURN_IF_ERROR(step.CheckTypes());
  RETURN_IF_ERROR(step.FindCalls());
  RETURN_IF_ERROR(step.CheckNewRows());
  step.FindLive();
  RETURN_IF_ERROR(step.Analyse());
  RETURN_IF_ERROR(step.CompareLayers());
  return step;
}

std::string ExportedStep::WeightOf(Value argument) const {
  auto block_argument = llvm::dyn_cast<mlir::BlockArgument>(argument);
  if (!block_argument || block_argument.getOwner() != &Body()) return "";
  FuncOp function = function_;
  auto name =
      function.getArgAttrOfType<mlir::StringAttr>(block_argument.getArgNumber(), "streamtensor.weight");
  return name ? name.str() : "";
}

absl::Status ExportedStep::FindFunction(mlir::ModuleOp module) {
  for (Operation& op : module.getOps()) {
    auto function = llvm::dyn_cast<FuncOp>(op);
    if (!function) {
      return absl::InvalidArgumentError(
          Message("the step holds '", op.getName().getStringRef().str(), "'; expected functions alone"));
    }
    if (function.isExternal()) continue;
    if (function.getName() != kEntry || function_) {
      return absl::InvalidArgumentError(Message("the step defines @", Printable(function.getName().str()),
                                                "; expected one function, @main"));
    }
    function_ = function;
  }
  if (!function_) return absl::InvalidArgumentError("the step has no function @main");
  if (!llvm::hasSingleElement(function_.getBody()))
    return absl::UnimplementedError("@main has branches; only one block can be compiled");
  return absl::OkStatus();
}

namespace {

absl::Status NotAStep(const std::string& what) {
  return absl::InvalidArgumentError(Message(
      "@main has ", what,
      "; expected ids [T] i32, positions [T] i32, k_cache and v_cache [layers, S, heads, head_dim] f32, and "
      "weights of f32, giving logits [T, vocabulary], k_new and v_new [layers, T, heads, head_dim]"));
}

}  // namespace

absl::Status ExportedStep::FindInputs() {
  FuncOp function = function_;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    Value argument = function.getArgument(i);
    auto type = llvm::dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.hasStaticShape() || type.getEncoding() || llvm::is_contained(type.getShape(), 0))
      return NotAStep(Message("argument ", i, " of type ", TypeText(argument)));
    auto input = function.getArgAttrOfType<mlir::StringAttr>(i, "streamtensor.input");
    if (!input) {
      if (WeightOf(argument).empty() || !type.getElementType().isF32())
        return NotAStep(Message("argument ", i, " of type ", TypeText(argument),
                                ", neither an input nor a weight of f32"));
      continue;
    }
    const auto* name = std::find(std::begin(kInputs), std::end(kInputs), input.getValue());
    if (name == std::end(kInputs) || inputs_[name - kInputs])
      return NotAStep(Message("an input named ", Quoted(input.str())));
    inputs_[name - kInputs] = argument;
  }
  for (size_t i = 0; i < std::size(kInputs); ++i) {
    if (!inputs_[i]) return NotAStep(Message("no input named '", kInputs[i], "'"));
  }
  return absl::OkStatus();
}

absl::Status ExportedStep::CheckTypes() const {
  mlir::Builder b(ids().getContext());
  const mlir::Type f32 = b.getF32Type(), i32 = b.getI32Type();
  auto ids_type = llvm::cast<RankedTensorType>(ids().getType());
  if (ids_type.getRank() != 1 || ids_type.getDimSize(0) < 2 || ids_type.getElementType() != i32)
    return NotAStep(Message("ids of type ", TypeText(ids())));
  if (!IsTensor(positions(), {tokens()}, i32))
    return NotAStep(Message("positions of type ", TypeText(positions())));
  auto cache = llvm::cast<RankedTensorType>(inputs_[2].getType());
  if (cache.getRank() != 4 || !cache.getElementType().isF32() || inputs_[3].getType() != cache)
    return NotAStep(Message("caches of types ", TypeText(inputs_[2]), " and ", TypeText(inputs_[3])));
  if (Results().size() != 3) return NotAStep(Message(Results().size(), " results"));
  auto logits_type = llvm::dyn_cast<RankedTensorType>(logits().getType());
  if (!logits_type || logits_type.getRank() != 2 ||
      !IsTensor(logits(), {tokens(), logits_type.getDimSize(1)}, f32) || logits_type.getDimSize(1) < 1) {
    return NotAStep(Message("logits of type ", TypeText(logits())));
  }
  const int64_t new_shape[] = {cache.getDimSize(0), tokens(), cache.getDimSize(2), cache.getDimSize(3)};
  for (unsigned i : {1u, 2u}) {
    if (!IsTensor(Results()[i], new_shape, f32))
      return NotAStep(Message("result ", i, " of type ", TypeText(Results()[i])));
  }
  return absl::OkStatus();
}

absl::Status ExportedStep::FindCalls() {
  for (Operation& op : Body()) {
    auto call = llvm::dyn_cast<CallOp>(op);
    if (!call) continue;
    if (IsMarker(call)) {
      if (call.getNumOperands() != 2 || call.getNumResults() != 1 ||
          IntegerOf(call.getOperand(1)) != static_cast<int64_t>(markers_.size())) {
        return CannotCompile(call, "marks no layer; expected markers 0, 1, 2, ... in order");
      }
      markers_.push_back(call);
    } else if (IsAttention(call)) {
      if (call.getNumOperands() != 8 || call.getNumResults() != 1 ||
          IntegerOf(call.getOperand(6)) != static_cast<int64_t>(attentions_.size()) ||
          attentions_.size() + 1 != markers_.size()) {
        return CannotCompile(call, "is not the one attention of layer ", attentions_.size(),
                             "; expected one in each layer, with the layer's number");
      }
      attentions_.push_back(call);
    } else {
      return CannotCompile(call, "calls @", Printable(call.getCallee().str()), ", which is not known");
    }
    if (markers_.size() > kMaxLayers)
      return absl::UnimplementedError(Message("the step has more than ", kMaxLayers, " layers"));
  }
  const int64_t caches = Shape(inputs_[2])[0];
  if (markers_.size() < 2 || attentions_.size() + 1 != markers_.size() || layers() != caches) {
    return absl::InvalidArgumentError(
        Message("the step marks ", std::max<int64_t>(layers(), 0), " layers, attends in ", attentions_.size(),
                " and has a cache of ", caches,
                "; expected the same number of each, and a marker behind the last layer"));
  }
  mlir::Builder b(function_.getContext());
  const mlir::Type f32 = b.getF32Type();
  for (Operation* op : attentions_) {
    auto call = llvm::cast<CallOp>(op);
    auto q = llvm::dyn_cast<RankedTensorType>(call.getOperand(0).getType());
    const int64_t new_rows[] = {tokens(), kv_heads(), head_dim()};
    llvm::APFloat scale(0.0);
    const bool fits =
        q && q.getRank() == 3 && IsTensor(call.getOperand(0), {tokens(), q.getDimSize(1), head_dim()}, f32) &&
        q.getDimSize(1) % kv_heads() == 0 && q.getDimSize(1) > 0 && q.getDimSize(1) == query_heads() &&
        IsTensor(call.getOperand(1), new_rows, f32) && IsTensor(call.getOperand(2), new_rows, f32) &&
        call.getOperand(3) == inputs_[2] && call.getOperand(4) == inputs_[3] &&
        call.getOperand(5) == positions() && call.getResult(0).getType() == q;
    if (!fits) {
      return CannotCompile(
          call,
          "attends to other operands than q [T, heads, D], k and v [T, kv_heads, D], the two caches "
          "and the positions of @main");
    }
    if (!mlir::matchPattern(call.getOperand(7), mlir::m_ConstantFloat(&scale)) || !scale.isFinite())
      return CannotCompile(call, "has a scale that is no constant");
    const double value = scale.convertToDouble();
    if (op != attentions_.front() && value != scale_) {
      return CannotCompile(call, "has scale ", value, ", but layer 0 has ", scale_, "; layers must be alike");
    }
    scale_ = value;
  }
  for (Operation* op : markers_) {
    auto call = llvm::cast<CallOp>(op);
    auto type = llvm::dyn_cast<RankedTensorType>(call.getOperand(0).getType());
    if (!type || !type.hasStaticShape() || !type.getElementType().isF32() || type.getRank() < 2 ||
        type.getNumElements() != tokens() * type.getShape().back() || call.getResult(0).getType() != type ||
        type != markers_.front()->getOperand(0).getType()) {
      return CannotCompile(call, "marks a residual of type ", Shown(type),
                           "; expected [T, hidden] or [1, T, hidden] of f32, "
                           "the same in each layer");
    }
  }
  return absl::OkStatus();
}

// Results 1 and 2 must stack what each layer's attention is given.
absl::Status ExportedStep::CheckNewRows() const {
  const int64_t extents[] = {tokens(), kv_heads(), head_dim()};
  for (unsigned which : {1u, 2u}) {
    for (int64_t layer = 0; layer < layers(); ++layer) {
      Value result = Results()[which], given = Attention(layer)->getOperand(which);
      const std::vector<TensorIndex> rows = {TensorIndex::Loop(0), TensorIndex::Loop(1),
                                             TensorIndex::Loop(2)};
      std::vector<TensorIndex> stacked = rows, own = rows;
      stacked.insert(stacked.begin(), TensorIndex::Constant(layer));
      FollowViews(&result, &stacked, extents);
      FollowViews(&given, &own, extents);
      if (result == given && stacked == own) continue;
      return absl::UnimplementedError(Message("@main gives as ", which == 1 ? "k_new" : "v_new", " of layer ",
                                              layer, " something else than the layer's attention is given"));
    }
  }
  return absl::OkStatus();
}

void ExportedStep::FollowViews(Value* value, std::vector<TensorIndex>* index,
                               llvm::ArrayRef<int64_t> extents) const {
  while (Operation* op = value->getDefiningOp()) {
    std::optional<LoopSplit> split;
    std::optional<ViewStep> step = StepThroughView(op, *index, extents, &split);
    if (!step) return;
    *value = step->source;
    *index = std::move(step->index);
  }
}

std::optional<ViewStep> StepThroughView(Operation* op, llvm::ArrayRef<TensorIndex> index,
                                        llvm::ArrayRef<int64_t> extents, std::optional<LoopSplit>* split) {
  using Shaped = ExportedStep;
  std::vector<TensorIndex> next;
  if (auto cast = llvm::dyn_cast<mlir::tensor::CastOp>(op)) return ViewStep{cast.getSource(), index.vec()};
  if (auto expand = llvm::dyn_cast<mlir::tensor::ExpandShapeOp>(op)) {
    for (const auto& group : expand.getReassociationIndices()) {
      TensorIndex whole;
      for (int64_t dim : group) {
        std::optional<TensorIndex> scaled = Times(whole, Shaped::Shape(expand.getResult())[dim]);
        std::optional<TensorIndex> sum = scaled ? Sum(*scaled, index[dim]) : std::nullopt;
        if (!sum) return std::nullopt;
        whole = *sum;
      }
      next.push_back(whole);
    }
    return ViewStep{expand.getSrc(), std::move(next)};
  }
  if (auto collapse = llvm::dyn_cast<mlir::tensor::CollapseShapeOp>(op)) {
    for (auto [i, group] : llvm::enumerate(collapse.getReassociationIndices())) {
      llvm::SmallVector<int64_t> sizes;
      for (int64_t dim : group) sizes.push_back(Shaped::Shape(collapse.getSrc())[dim]);
      if (!Delinearise(index[i], sizes, extents, split, &next)) return std::nullopt;
    }
    // A scalar has no groups, and its source none but unit dimensions.
    next.resize(Shaped::Shape(collapse.getSrc()).size());
    return ViewStep{collapse.getSrc(), std::move(next)};
  }
  if (auto slice = llvm::dyn_cast<mlir::tensor::ExtractSliceOp>(op)) {
    const llvm::SmallBitVector dropped = slice.getDroppedDims();
    size_t kept = 0;
    for (auto [dim, offset, stride] : llvm::enumerate(slice.getStaticOffsets(), slice.getStaticStrides())) {
      if (mlir::ShapedType::isDynamic(offset) || mlir::ShapedType::isDynamic(stride) || offset < 0 ||
          stride < 1)
        return std::nullopt;
      std::optional<TensorIndex> at = TensorIndex();
      if (!dropped.test(dim)) at = Times(index[kept++], stride);
      at = at ? Sum(*at, TensorIndex::Constant(offset)) : std::nullopt;
      if (!at) return std::nullopt;
      next.push_back(*at);
    }
    return ViewStep{slice.getSource(), std::move(next)};
  }
  if (auto concat = llvm::dyn_cast<mlir::tensor::ConcatOp>(op)) {
    next = index.vec();
    Value part = PieceOf(concat, &next[concat.getDim()], extents);
    if (!part) return std::nullopt;
    return ViewStep{part, std::move(next)};
  }
  auto linalg = llvm::dyn_cast<LinalgOp>(op);
  unsigned input = 0;
  if (!linalg || !YieldsAnInput(linalg, &input)) return std::nullopt;
  std::vector<TensorIndex> loops(linalg.getNumLoops());
  for (auto [i, expr] :
       llvm::enumerate(linalg.getMatchingIndexingMap(linalg.getDpsInitOperand(0)).getResults())) {
    auto dim = llvm::dyn_cast<mlir::AffineDimExpr>(expr);
    if (!dim) return std::nullopt;
    loops[dim.getPosition()] = index[i];
  }
  mlir::OpOperand* operand = linalg.getDpsInputOperand(input);
  if (!llvm::isa<RankedTensorType>(operand->get().getType())) return std::nullopt;
  for (mlir::AffineExpr expr : linalg.getMatchingIndexingMap(operand).getResults()) {
    std::optional<TensorIndex> at = IndexOf(expr, loops);
    if (!at) return std::nullopt;
    next.push_back(*at);
  }
  return ViewStep{operand->get(), std::move(next)};
}

void ExportedStep::FindLive() {
  std::vector<Operation*> open;
  const auto visit = [&](Value value) {
    Operation* op = value.getDefiningOp();
    if (op && live_.insert(op).second) open.push_back(op);
  };
  visit(logits());
  for (Operation* marker : markers_) visit(marker->getResult(0));
  while (!open.empty()) {
    Operation* op = open.back();
    open.pop_back();
    op->walk([&](Operation* inner) {
      for (Value operand : inner->getOperands()) {
        if (operand.getParentBlock() == &Body()) visit(operand);
      }
    });
  }
}

int ExportedStep::Uses(Value value, int depth) const {
  if (depth > kMaxViews) return 2;
  if (auto found = uses_.find(value); found != uses_.end()) return found->second;
  int uses = 0;
  llvm::SmallPtrSet<Operation*, 4> users;
  for (mlir::OpOperand& use : value.getUses()) {
    Operation* user = use.getOwner();
    while (user->getBlock() != &Body()) user = user->getParentOp();
    if (!live_.contains(user)) {
      if (user->hasTrait<mlir::OpTrait::IsTerminator>() && use.getOperandNumber() == 0) ++uses;
    } else if (users.insert(user).second) {
      uses += IsView(user) ? Uses(user->getResult(0), depth + 1) : 1;
    }
    if (uses >= 2) break;
  }
  return uses_[value] = std::min(uses, 2);
}

//===----------------------------------------------------------------------===//
// What values depend on
//===----------------------------------------------------------------------===//

absl::Status ExportedStep::Analyse() {
  for (Value argument : function_.getArguments()) infos_[argument] = {};
  infos_[ids()] = {.dependence = Dependence::kTokens, .token_dim = 0, .obstacle = ""};
  infos_[positions()] = {.dependence = Dependence::kPositions, .token_dim = 0, .obstacle = ""};
  for (Value cache : {inputs_[2], inputs_[3]})
    infos_[cache].obstacle = "the cache is read outside of attention";
  for (Operation& op : Body()) {
    if (op.getNumResults() == 0) continue;
    const ValueInfo info = Infer(&op);
    for (Value result : op.getResults()) infos_[result] = info;
  }
  return absl::OkStatus();
}

ValueInfo ExportedStep::Infer(Operation* op) const {
  ValueInfo info;
  const auto stop = [&](const std::string& why) {
    if (info.obstacle.empty()) {
      info.obstacle =
          Message("'", op->getName().getStringRef().str(), "' at ", Shown(op->getLoc()), " ", why);
    }
    return info;
  };
  for (Value result : op->getResults()) {
    auto tensor = llvm::dyn_cast<RankedTensorType>(result.getType());
    if (tensor && !tensor.hasStaticShape()) return stop("has a dynamic shape");
  }
  // Also what bodies read from outside.
  std::vector<Value> captured;
  op->walk([&](Operation* inner) {
    for (Value operand : inner->getOperands()) {
      if (operand.getParentBlock() != &Body()) continue;
      const ValueInfo& from = Info(operand);
      // An attention's cache is its own.
      if (IsAttention(op)) continue;
      info.dependence = std::max(info.dependence, from.dependence);
      if (info.obstacle.empty()) info.obstacle = from.obstacle;
      if (inner != op && from.token_dim >= 0) captured.push_back(operand);
    }
  });
  if (!info.obstacle.empty()) return info;
  if (!captured.empty()) return stop("looks up rows of the step by a computed index");
  if (IsAttention(op)) {
    info.dependence = Dependence::kRows;
    info.token_dim = 0;
    return info;
  }
  if (IsMarker(op)) {
    info.dependence = Dependence::kRows;
    info.token_dim = Info(op->getOperand(0)).token_dim;
    return info.token_dim < 0 ? stop("marks a residual that depends on no token") : info;
  }
  const auto first = [&] { return Info(op->getOperand(0)).token_dim; };
  if (llvm::isa<mlir::tensor::EmptyOp, mlir::arith::ConstantOp>(op)) return info;
  if (llvm::isa<mlir::tensor::CastOp>(op)) {
    info.token_dim = first();
    return info;
  }
  const bool expands = llvm::isa<mlir::tensor::ExpandShapeOp>(op);
  if (expands || llvm::isa<mlir::tensor::CollapseShapeOp>(op)) {
    if (first() < 0) return info;
    const auto groups = expands ? llvm::cast<mlir::tensor::ExpandShapeOp>(op).getReassociationIndices()
                                : llvm::cast<mlir::tensor::CollapseShapeOp>(op).getReassociationIndices();
    llvm::ArrayRef<int64_t> wide = Shape(expands ? op->getResult(0) : op->getOperand(0));
    for (auto [i, group] : llvm::enumerate(groups)) {
      for (int64_t dim : group) {
        const bool is_token =
            expands ? static_cast<int64_t>(i) == first() && wide[dim] == tokens() : dim == first();
        if (is_token) info.token_dim = static_cast<int>(expands ? dim : static_cast<int64_t>(i));
      }
      const bool holds_token =
          expands ? static_cast<int64_t>(i) == first() : llvm::is_contained(group, first());
      if (!holds_token) continue;
      int64_t elements = 1;
      for (int64_t dim : group) elements *= wide[dim];
      if (elements != tokens() || info.token_dim < 0)
        return stop("mixes the step's tokens with another dimension");
    }
    return info;
  }
  if (auto slice = llvm::dyn_cast<mlir::tensor::ExtractSliceOp>(op)) {
    if (first() < 0) return info;
    if (slice.getStaticOffsets()[first()] != 0 || slice.getStaticSizes()[first()] != tokens() ||
        slice.getStaticStrides()[first()] != 1) {
      return stop("takes some of the step's tokens only");
    }
    const llvm::SmallBitVector dropped = slice.getDroppedDims();
    info.token_dim = first();
    for (int dim = 0; dim < first(); ++dim) info.token_dim -= dropped.test(dim);
    return info;
  }
  if (auto concat = llvm::dyn_cast<mlir::tensor::ConcatOp>(op)) {
    for (Value input : concat.getInputs()) info.token_dim = std::max(info.token_dim, Info(input).token_dim);
    for (Value input : concat.getInputs()) {
      if (Info(input).token_dim >= 0 && Info(input).token_dim != info.token_dim)
        return stop("mixes the step's tokens");
    }
    if (info.token_dim == static_cast<int>(concat.getDim()))
      return stop("puts more rows beside the step's tokens");
    return info;
  }
  auto linalg = llvm::dyn_cast<LinalgOp>(op);
  if (!linalg) {
    const bool scalar = llvm::none_of(op->getOperandTypes(), llvm::IsaPred<mlir::ShapedType>) &&
                        llvm::none_of(op->getResultTypes(), llvm::IsaPred<mlir::ShapedType>) &&
                        llvm::isa_and_present<mlir::arith::ArithDialect>(op->getDialect());
    return scalar ? info : stop("is not known in a decoder's step");
  }
  int token_loop = -1;
  for (mlir::OpOperand& operand : linalg->getOpOperands()) {
    if (!llvm::isa<RankedTensorType>(operand.get().getType())) continue;
    const int dim = Info(operand.get()).token_dim;
    if (dim < 0) continue;
    auto loop = llvm::dyn_cast<mlir::AffineDimExpr>(linalg.getMatchingIndexingMap(&operand).getResult(dim));
    if (!loop) return stop("reads the step's tokens in another order");
    if (token_loop >= 0 && token_loop != static_cast<int>(loop.getPosition()))
      return stop("computes between tokens of the step; only streamtensor.cached_attention may");
    token_loop = static_cast<int>(loop.getPosition());
  }
  if (token_loop < 0) return info;
  if (linalg.getIteratorTypesArray()[token_loop] != mlir::utils::IteratorType::parallel)
    return stop("sums over the step's tokens; only streamtensor.cached_attention may");
  for (auto [i, expr] :
       llvm::enumerate(linalg.getMatchingIndexingMap(linalg.getDpsInitOperand(0)).getResults())) {
    if (expr == mlir::getAffineDimExpr(token_loop, op->getContext())) info.token_dim = static_cast<int>(i);
  }
  return info.token_dim < 0 ? stop("has a result without the step's tokens") : info;
}

absl::Status ExportedStep::CompareLayers() {
  for (int64_t layer = 1; layer < layers(); ++layer) {
    ASSIGN_OR_RETURN(const auto pairs, CompareLayer(*this, layer));
    for (const auto& [first, other] : pairs) {
      std::vector<Value>& arguments = layer_weights_[first];
      arguments.resize(layer, first);
      arguments.push_back(other);
    }
  }
  for (auto& [first, arguments] : layer_weights_) arguments.resize(layers(), first);
  if (layers() > 1) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto pairs, CompareLayer(*this, 0));
  for (const auto& [first, other] : pairs) layer_weights_[first] = {other};
  return absl::OkStatus();
}

}  // namespace streamtensor::compiler
