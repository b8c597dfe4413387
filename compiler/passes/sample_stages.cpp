// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/sample_stages.h"

#include "llvm/ADT/STLExtras.h"
#include "mlir/Analysis/FlatLinearValueConstraints.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Transforms/RegionUtils.h"

namespace streamtensor::compiler {

using namespace mlir;

namespace {

// A row of fewer elements is no piece worth a process' turn: a stage that starts with such rows is whole.
constexpr int64_t kMinRowElements = 8;

RankedTensorType TensorOf(Value value) { return dyn_cast<RankedTensorType>(value.getType()); }

std::optional<StageUse> UseOfLinalg(linalg::LinalgOp op, OpOperand& operand, unsigned loop) {
  StageUse use;
  AffineMap map = op.getMatchingIndexingMap(&operand);
  const SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(loop)) continue;
    if (use.dim >= 0) return std::nullopt;  // a diagonal
    use.dim = static_cast<int>(dim);
    if (isa<AffineDimExpr>(expr)) {
      use.kind = StageUse::Kind::kRows;
      continue;
    }
    SmallVector<int64_t> terms;
    if (failed(getFlattenedAffineExpr(expr, map.getNumDims(), 0, &terms)) ||
        terms.size() != map.getNumDims() + 1 || terms.back() != 0 ||
        llvm::any_of(terms, [](int64_t term) { return term < 0; }))
      return std::nullopt;
    use.kind = StageUse::Kind::kWindow;
    use.stride = terms[loop];
    for (unsigned i = 0; i < map.getNumDims(); ++i)
      if (i != loop) use.span += terms[i] * (ranges[i] - 1);
    // The last window must not end before the rows that a stride skips.
    auto type = TensorOf(operand.get());
    if ((ranges[loop] - 1) * use.stride + use.held() > type.getDimSize(dim)) return std::nullopt;
  }
  return use;
}

// Dimensions of `from` and `to`, of as many elements in row-major order, that a tile of both walks alike.
SmallVector<std::pair<int, int>> SharedDims(RankedTensorType from, RankedTensorType to) {
  SmallVector<std::pair<int, int>> shared;
  int64_t before_p = 1;
  for (int p = 0; p < from.getRank(); before_p *= from.getDimSize(p++)) {
    if (from.getDimSize(p) == 1) continue;
    int64_t before_q = 1;
    for (int q = 0; q < to.getRank(); before_q *= to.getDimSize(q++))
      if (to.getDimSize(q) == from.getDimSize(p) && before_q == before_p) shared.push_back({p, q});
  }
  return shared;
}

// Whether a slice takes all of dimension `dim` of `whole` as it is.
bool TakesAll(OffsetSizeAndStrideOpInterface slice, RankedTensorType whole, unsigned dim) {
  return getConstantIntValue(slice.getMixedOffsets()[dim]) == 0 &&
         getConstantIntValue(slice.getMixedStrides()[dim]) == 1 &&
         getConstantIntValue(slice.getMixedSizes()[dim]) == whole.getDimSize(dim);
}

bool IsStaticSlice(OffsetSizeAndStrideOpInterface slice) {
  for (const auto& list : {slice.getMixedOffsets(), slice.getMixedSizes(), slice.getMixedStrides()})
    for (OpFoldResult value : list)
      if (!getConstantIntValue(value)) return false;
  return true;
}

// Whether every element of a value is one and the same: a linalg.fill, and shapes and slices of it.
bool IsFill(Value value) {
  Operation* op = value.getDefiningOp();
  while (op && isa<tensor::ExtractSliceOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return op && isa<linalg::FillOp>(op);
}

SmallVector<RowPlan> Candidates(Operation* op) {
  SmallVector<RowPlan> plans;
  if (auto linalg = dyn_cast<linalg::LinalgOp>(op)) {
    const auto iterators = linalg.getIteratorTypesArray();
    const SmallVector<int64_t> ranges = linalg.getStaticLoopRanges();
    for (unsigned loop = 0; loop < linalg.getNumLoops(); ++loop) {
      if (iterators[loop] != utils::IteratorType::parallel || ranges[loop] < 2) continue;
      RowPlan plan{loop, -1, ranges[loop], {}, false};
      for (OpOperand& init : linalg.getDpsInitsMutable()) {
        const std::optional<StageUse> use = UseOfLinalg(linalg, init, loop);
        if (use && use->kind == StageUse::Kind::kRows) plan.result_dims.push_back(use->dim);
      }
      if (plan.result_dims.size() == op->getNumResults()) plans.push_back(plan);
    }
    return plans;
  }
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
    auto from = TensorOf(op->getOperand(0)), to = TensorOf(op->getResult(0));
    for (auto [p, q] : SharedDims(from, to)) plans.push_back({0, p, from.getDimSize(p), {q}, false});
    return plans;
  }
  if (!isa<tensor::ExtractSliceOp, tensor::InsertSliceOp>(op)) return plans;
  auto slice = cast<OffsetSizeAndStrideOpInterface>(op);
  auto source = TensorOf(op->getOperand(0)), result = TensorOf(op->getResult(0));
  if (source.getRank() != result.getRank() || !IsStaticSlice(slice)) return plans;
  const bool inserts = isa<tensor::InsertSliceOp>(op);
  for (int dim = 0; dim < result.getRank(); ++dim) {
    if (result.getDimSize(dim) < 2) continue;
    if (TakesAll(slice, inserts ? result : source, dim))
      plans.push_back({0, dim, result.getDimSize(dim), {dim}, false});
    else if (inserts && IsFill(op->getOperand(1)) && source.getDimSize(dim) > 1 &&
             getConstantIntValue(slice.getMixedStrides()[dim]) == 1)
      plans.push_back({0, dim, result.getDimSize(dim), {dim}, true});
  }
  return plans;
}

// A sum of products, or a window that moves: work that is worth a process of its own.
bool IsHeavy(Operation* op) {
  auto linalg = dyn_cast<linalg::LinalgOp>(op);
  if (!linalg || linalg.getNumReductionLoops() == 0) return false;
  const auto iterators = linalg.getIteratorTypesArray();
  int64_t factors = 0;
  for (OpOperand* operand : linalg.getDpsInputOperands()) {
    AffineMap map = linalg.getMatchingIndexingMap(operand);
    for (unsigned loop = 0; loop < linalg.getNumLoops(); ++loop) {
      if (iterators[loop] != utils::IteratorType::reduction || !map.isFunctionOfDim(loop)) continue;
      ++factors;
      break;
    }
  }
  if (factors >= 2) return true;
  return llvm::any_of(linalg.getIndexingMapsArray(), [](AffineMap map) {
    return llvm::any_of(map.getResults(),
                        [](AffineExpr expr) { return !isa<AffineDimExpr, AffineConstantExpr>(expr); });
  });
}

StageUse Combine(const StageUse& a, const StageUse& b) { return a == b ? a : StageUse(); }

int64_t RowElements(Value value, int dim) {
  auto type = TensorOf(value);
  return type.getNumElements() / type.getDimSize(dim);
}

}  // namespace

SmallVector<OpOperand*> UsedOperands(Operation* op) {
  SmallVector<OpOperand*> used;
  auto linalg = dyn_cast<linalg::LinalgOp>(op);
  for (OpOperand& operand : op->getOpOperands()) {
    const bool shape_only =
        linalg && TensorOf(operand.get()) && !linalg.payloadUsesValueFromOperand(&operand);
    if (!shape_only) used.push_back(&operand);
  }
  return used;
}

llvm::SetVector<Value> UsedValues(Operation* op) {
  llvm::SetVector<Value> values;
  for (OpOperand* operand : UsedOperands(op)) values.insert(operand->get());
  getUsedValuesDefinedAbove(op->getRegions(), values);
  return values;
}

std::optional<StageUse> UseOf(OpOperand& operand, const RowPlan& plan) {
  Operation* op = operand.getOwner();
  if (auto linalg = dyn_cast<linalg::LinalgOp>(op)) {
    if (!TensorOf(operand.get())) return StageUse();
    return UseOfLinalg(linalg, operand, plan.loop);
  }
  if (!TensorOf(operand.get())) return StageUse();
  return StageUse{StageUse::Kind::kRows, plan.source_dim, 1, 1};
}

//===----------------------------------------------------------------------===//

int SamplePlan::StageOf(Value value) const {
  Operation* op = value.getDefiningOp();
  auto found = op ? stage_of_.find(op) : stage_of_.end();
  return found == stage_of_.end() ? -1 : found->second;
}

int SamplePlan::RowDim(Value value) const {
  const int stage = StageOf(value);
  if (stage < 0 || !stages_[stage].by_rows()) return -1;
  return plans_.find(value.getDefiningOp())->second.result_dims[cast<OpResult>(value).getResultNumber()];
}

bool SamplePlan::streams(Value value, int dim) const { return dim >= 0 && RowDim(value) == dim; }

void SamplePlan::findComputed(func::FuncOp step) {
  for (BlockArgument argument : step.getArguments())
    if (step.getArgAttr(argument.getArgNumber(), dataflow::kInputAttr)) computed_.insert(argument);
  for (Operation& op : step.getBody().front().without_terminator())
    if (llvm::any_of(UsedValues(&op), [&](Value value) { return computed_.contains(value); }))
      computed_.insert(op.result_begin(), op.result_end());
}

// From the results back to the inputs: the rows that whoever reads a value would walk by itself.
void SamplePlan::findPreferences(func::FuncOp step) {
  for (Operation& op : llvm::reverse(step.getBody().front().without_terminator())) {
    if (op.getNumResults() == 0 || !computed_.contains(op.getResult(0))) continue;
    const SmallVector<RowPlan> plans = Candidates(&op);
    const RowPlan* chosen = nullptr;
    const int wanted = preference(op.getResult(0));
    for (const RowPlan& plan : plans) {
      bool walks = false;
      for (OpOperand* operand : UsedOperands(&op)) {
        const std::optional<StageUse> use = UseOf(*operand, plan);
        walks |= computed_.contains(operand->get()) && use && use->dim >= 0;
      }
      if (walks && (!chosen || plan.result_dims[0] == wanted)) chosen = &plan;
    }
    if (!chosen) continue;
    for (OpOperand* operand : UsedOperands(&op))
      if (const std::optional<StageUse> use = UseOf(*operand, *chosen); use && use->dim >= 0)
        preferred_.try_emplace(operand->get(), use->dim);
  }
}

// The rows that most of the operands come in already.
std::optional<RowPlan> SamplePlan::choose(Operation* op) const {
  std::optional<RowPlan> best;
  double best_score = 0;
  for (const RowPlan& plan : Candidates(op)) {
    if (plan.pads && computed_.contains(op->getOperand(1))) continue;
    double score = 0;
    int64_t row_elements = 0;
    bool valid = true, walks = false;
    for (OpOperand* operand : UsedOperands(op)) {
      if (!computed_.contains(operand->get())) continue;
      const std::optional<StageUse> use = UseOf(*operand, plan);
      valid &= use.has_value();
      if (!use || use->dim < 0) continue;
      walks = true;
      const bool comes = streams(operand->get(), use->dim);
      score += comes ? 1 : 0.1;
      row_elements = std::max(row_elements, RowElements(operand->get(), use->dim));
    }
    for (auto [result, dim] : llvm::zip_equal(op->getResults(), plan.result_dims)) {
      row_elements = std::max(row_elements, RowElements(result, dim));
      if (preference(result) == dim) score += 0.05;
    }
    if (!valid || !walks || (score < 1 && row_elements < kMinRowElements) || score <= best_score) continue;
    best = plan;
    best_score = score;
  }
  return best;
}

int SamplePlan::latestStage(Operation* op) const {
  int latest = -1;
  for (Value value : UsedValues(op)) latest = std::max(latest, StageOf(value));
  return latest;
}

bool SamplePlan::mayJoin(Operation* op, const RowPlan& plan, int stage) const {
  const SampleStage& target = stages_[stage];
  if (!target.by_rows() || target.pads || plan.pads || target.rows != plan.rows) return false;
  for (Value value : UsedValues(op)) {
    if (StageOf(value) != stage) continue;
    for (OpOperand& operand : op->getOpOperands()) {
      if (operand.get() != value) continue;
      const std::optional<StageUse> use = UseOf(operand, plan);
      if (!use || use->kind != StageUse::Kind::kRows || !streams(value, use->dim)) return false;
    }
    // Captured by a body, which indexes into it.
    if (!llvm::is_contained(op->getOperands(), value)) return false;
  }
  return true;
}

int SamplePlan::add(Operation* op, const std::optional<RowPlan>& plan) {
  SampleStage stage;
  if (plan) {
    stage.rows = plan->rows;
    stage.pads = plan->pads;
  }
  stages_.push_back(stage);
  return static_cast<int>(stages_.size()) - 1;
}

LogicalResult SamplePlan::place(Operation* op) {
  const std::optional<dataflow::Binding> binding = dataflow::BindingOf(op);
  const bool spatial = binding ? binding->spatial : IsHeavy(op);
  std::optional<RowPlan> plan = choose(op);
  if (binding && binding->spatial && binding->tile > 1) {
    if (!plan) return op->emitError("has no rows to take ") << binding->tile << " of at a time";
    if (plan->pads || plan->rows % binding->tile != 0)
      return op->emitError("has ") << plan->rows << " rows, which tiles of " << binding->tile
                                   << " don't divide";
  }
  int stage = latestStage(op);
  const bool joins = !spatial && stage >= 0 && (plan ? mayJoin(op, *plan, stage) : !stages_[stage].by_rows());
  if (!joins && binding && !spatial && stage >= 0) {
    // Asked for, whatever it costs: the process takes whole tensors from here on.
    makeWhole(stages_[stage]);
    plan.reset();
  } else if (!joins) {
    stage = add(op, plan);
    stages_[stage].spatial = spatial;
    if (spatial) stages_[stage].binding = binding;
  }
  if (plan) plans_[op] = *plan;
  stages_[stage].ops.push_back(op);
  stage_of_[op] = stage;
  return success();
}

void SamplePlan::makeWhole(SampleStage& stage) {
  stage.rows = 0;
  stage.pads = false;
}

void SamplePlan::mergeRange(size_t first, size_t last) {
  SampleStage& target = stages_[first];
  makeWhole(target);
  for (size_t i = first + 1; i <= last; ++i) {
    target.ops.append(stages_[i].ops);
    target.spatial |= stages_[i].spatial;
  }
  stages_.erase(stages_.begin() + first + 1, stages_.begin() + last + 1);
  number();
}

void SamplePlan::number() {
  stage_of_.clear();
  for (auto [index, stage] : llvm::enumerate(stages_)) {
    llvm::sort(stage.ops, [](Operation* a, Operation* b) { return a->isBeforeInBlock(b); });
    for (Operation* op : stage.ops) stage_of_[op] = static_cast<int>(index);
  }
}

// What is no tensor can't stream: its maker and its users, and what stands between, are one process.
void SamplePlan::keepScalarsTogether() {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < stages_.size() && !changed; ++i) {
      for (Operation* op : stages_[i].ops) {
        int first = static_cast<int>(i);
        for (Value value : UsedValues(op))
          if (!TensorOf(value) && StageOf(value) >= 0) first = std::min(first, StageOf(value));
        if (first == static_cast<int>(i)) continue;
        mergeRange(first, i);
        changed = true;
        break;
      }
    }
  }
}

// A stage of nothing but small operations that only one other reads belongs to that one.
void SamplePlan::joinConsumers() {
  std::vector<size_t> target(stages_.size());
  for (size_t index = stages_.size(); index-- > 0;) {
    target[index] = index;
    const SampleStage& stage = stages_[index];
    if (stage.spatial || stage.pads) continue;
    std::optional<int> consumer;
    bool joins = true;
    for (Operation* op : stage.ops) {
      for (OpOperand& use : op->getUses()) {
        Operation* user = end_->getBlock()->findAncestorOpInBlock(*use.getOwner());
        const auto found = stage_of_.find(user);
        if (found == stage_of_.end() || found->second == static_cast<int>(index)) continue;
        const SampleStage& other = stages_[found->second];
        joins &= !consumer || *consumer == found->second;
        consumer = found->second;
        joins &= !other.pads && other.rows == stage.rows;
        if (!stage.by_rows()) continue;
        const std::optional<StageUse> how =
            user == use.getOwner() ? UseOf(use, plans_.find(user)->second) : std::nullopt;
        joins &= how && how->kind == StageUse::Kind::kRows && streams(use.get(), how->dim);
      }
    }
    if (joins && consumer) target[index] = target[*consumer];
  }
  std::vector<SampleStage> kept;
  std::vector<size_t> place(stages_.size());
  for (size_t index = 0; index < stages_.size(); ++index) {
    if (target[index] != index) continue;
    place[index] = kept.size();
    kept.push_back(stages_[index]);
  }
  for (size_t index = 0; index < stages_.size(); ++index)
    if (target[index] != index) kept[place[target[index]]].ops.append(stages_[index].ops);
  stages_ = std::move(kept);
  number();
}

void SamplePlan::limit() {
  if (stages_.size() <= kMaxStages) return;
  const size_t group = (stages_.size() + kMaxStages - 1) / kMaxStages;
  std::vector<SampleStage> merged;
  for (size_t first = 0; first < stages_.size(); first += group) {
    SampleStage stage;
    for (size_t i = first; i < std::min(first + group, stages_.size()); ++i) stage.ops.append(stages_[i].ops);
    merged.push_back(std::move(stage));
  }
  stages_ = std::move(merged);
  number();
}

// Results that are an input, or don't depend on any, come from a whole stage that is made for them.
void SamplePlan::assignResults() {
  SmallVector<unsigned> results;
  for (auto [index, value] : llvm::enumerate(end_->getOperands()))
    if (StageOf(value) < 0) results.push_back(index);
  if (stages_.empty() || !results.empty()) {
    if (stages_.empty() || stages_.back().by_rows()) stages_.emplace_back();
    stages_.back().results = results;
  }
}

void SamplePlan::findUses() {
  for (auto [index, stage] : llvm::enumerate(stages_)) {
    stage.uses.clear();
    auto use = [&](Value value, const StageUse& how) {
      if (!computed_.contains(value) || StageOf(value) == static_cast<int>(index)) return;
      const StageUse actual = streams(value, how.dim) ? how : StageUse();
      auto [entry, inserted] = stage.uses.insert({value, actual});
      if (!inserted) entry->second = Combine(entry->second, actual);
    };
    for (Operation* op : stage.ops) {
      const SmallVector<OpOperand*> operands = UsedOperands(op);
      llvm::SetVector<Value> captures;
      getUsedValuesDefinedAbove(op->getRegions(), captures);
      for (OpOperand* operand : operands) {
        std::optional<StageUse> how;
        if (stage.by_rows()) how = UseOf(*operand, plans_.find(op)->second);
        use(operand->get(), how.value_or(StageUse()));
      }
      for (Value value : captures) use(value, StageUse());
    }
    for (unsigned result : stage.results) use(end_->getOperand(result), StageUse());
  }
}

// Rows that neither come nor go one by one are work for nothing.
void SamplePlan::dropIdleRows() {
  for (bool changed = true; changed;) {
    changed = false;
    findUses();
    llvm::SmallVector<bool> streaming(stages_.size(), false);
    for (auto [index, stage] : llvm::enumerate(stages_))
      for (auto& [value, use] : stage.uses) {
        if (use.kind == StageUse::Kind::kWhole) continue;
        streaming[index] = true;
        streaming[StageOf(value)] = true;
      }
    for (auto [stage, streams_rows] : llvm::zip_equal(stages_, streaming)) {
      if (!stage.by_rows() || streams_rows || (stage.binding && stage.binding->tile > 1)) continue;
      makeWhole(stage);
      changed = true;
    }
  }
}

FailureOr<SamplePlan> SamplePlan::Make(func::FuncOp step) {
  SamplePlan plan;
  plan.end_ = step.getBody().front().getTerminator();
  plan.findComputed(step);
  plan.findPreferences(step);
  for (Operation& op : step.getBody().front().without_terminator()) {
    if (op.getNumResults() == 0 || !plan.computed_.contains(op.getResult(0))) continue;
    if (failed(plan.place(&op))) return failure();
  }
  plan.keepScalarsTogether();
  plan.joinConsumers();
  plan.limit();
  plan.assignResults();
  plan.dropIdleRows();
  // Inputs that nothing uses are read all the same.
  for (BlockArgument argument : step.getArguments())
    if (plan.computed_.contains(argument) &&
        llvm::none_of(plan.stages_, [&](SampleStage& stage) { return stage.uses.contains(argument); }))
      plan.stages_.front().uses.insert({argument, StageUse()});
  return plan;
}

}  // namespace streamtensor::compiler
