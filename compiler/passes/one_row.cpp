// SPDX-License-Identifier: Apache-2.0
// A module whose leading dimension is dynamic, as a module of one row.
#include <optional>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/dialects/dataflow/sample_attributes.h"
#include "compiler/passes/Passes.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "mlir/Transforms/RegionUtils.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_ONEROW
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

constexpr llvm::StringLiteral kHelp =
    "; export the module with a fixed size there, or compile it with --quantise w8a8 (or w4a8), whose engine "
    "takes all rows of a step";

// Where the rows of a tensor are: a dimension of `factor` elements for each row, the rows outermost.
struct RowDimension {
  int64_t dim = 0;
  int64_t factor = 1;
  friend bool operator==(const RowDimension&, const RowDimension&) = default;
};

// Follows the rows through a function, and says what makes one depend on another.
class RowProof {
 public:
  explicit RowProof(func::FuncOp step) : step_(step) {}

  // Emits an error for every obstacle.
  LogicalResult Run() {
    for (BlockArgument argument : step_.getArguments()) {
      auto type = dyn_cast<RankedTensorType>(argument.getType());
      if (type && type.getRank() > 0 && type.isDynamicDim(0)) rows_[argument] = {};
    }
    for (Operation& op : step_.getBody().front()) Visit(&op);
    return failure(failed_);
  }

  std::optional<RowDimension> Rows(Value value) const {
    auto found = rows_.find(value);
    return found == rows_.end() ? std::nullopt : std::optional(found->second);
  }
  // The number of rows times what is returned; null: the value is no such number.
  std::optional<int64_t> Count(Value value) const {
    auto found = counts_.find(value);
    return found == counts_.end() ? std::nullopt : std::optional(found->second);
  }
  // What a comparison of the number of rows gives, whatever that is.
  std::optional<bool> Comparison(Value value) const {
    auto found = comparisons_.find(value);
    return found == comparisons_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  // Of what uses the result nothing more is said.
  void Refuse(Operation* op, const Twine& why) {
    failed_ = true;
    op->emitError("keeps the dynamic leading dimension from being computed row by row: ") << why << kHelp;
    Abandon(step_.getBody().front().findAncestorOpInBlock(*op));
  }

  void Abandon(Operation* op) { abandoned_.insert(op->result_begin(), op->result_end()); }

  bool Uses(Operation* op, llvm::function_ref<bool(Value)> wanted) const {
    if (llvm::any_of(op->getOperands(), wanted)) return true;
    bool inside = false;
    visitUsedValuesDefinedAbove(op->getRegions(), [&](OpOperand* use) { inside |= wanted(use->get()); });
    return inside;
  }

  bool Touches(Operation* op) const {
    return Uses(op, [&](Value value) { return rows_.contains(value) || counts_.contains(value); });
  }

  void Visit(Operation* op) {
    if (Uses(op, [&](Value value) { return abandoned_.contains(value); })) return Abandon(op);
    llvm::TypeSwitch<Operation*>(op)
        .Case([&](tensor::DimOp dim) { VisitDim(dim); })
        .Case([&](tensor::EmptyOp empty) { VisitEmpty(empty); })
        .Case([&](linalg::LinalgOp linalg) { VisitLinalg(linalg); })
        .Case([&](tensor::CastOp cast) { VisitCast(cast); })
        .Case([&](tensor::ExpandShapeOp expand) { VisitExpand(expand); })
        .Case([&](tensor::CollapseShapeOp collapse) { VisitCollapse(collapse); })
        .Case([&](tensor::ExtractSliceOp slice) { VisitExtractSlice(slice); })
        .Case([&](tensor::InsertSliceOp slice) { VisitInsertSlice(slice); })
        .Case([&](tensor::PadOp pad) { VisitPad(pad); })
        .Case([&](tensor::ConcatOp concat) { VisitConcat(concat); })
        .Case([&](dataflow::ContractOp contract) { VisitContract(contract); })
        .Case([&](func::ReturnOp end) { VisitReturn(end); })
        .Default([&](Operation* other) { VisitOther(other); });
    // What is still open belongs to no row: its size can't be known.
    for (Value result : op->getResults()) {
      auto type = dyn_cast<RankedTensorType>(result.getType());
      if (!type || type.hasStaticShape() || abandoned_.contains(result)) continue;
      std::optional<RowDimension> rows = Rows(result);
      for (int64_t d = 0; d < type.getRank(); ++d) {
        if (!type.isDynamicDim(d) || (rows && rows->dim == d)) continue;
        Refuse(op, "the size of dimension " + Twine(d) + " of its result is not known");
        break;
      }
    }
  }

  void VisitDim(tensor::DimOp op) {
    std::optional<RowDimension> rows = Rows(op.getSource());
    if (!rows) return;
    std::optional<int64_t> index = op.getConstantIndex();
    if (!index) return Refuse(op, "which dimension it asks for is computed");
    if (*index == rows->dim) counts_[op.getResult()] = rows->factor;
  }

  void VisitEmpty(tensor::EmptyOp op) {
    for (auto [d, size] : llvm::enumerate(op.getMixedSizes())) {
      auto value = dyn_cast<Value>(size);
      if (!value) continue;
      if (std::optional<int64_t> count = Count(value); count && !rows_.contains(op.getResult())) {
        rows_[op.getResult()] = {static_cast<int64_t>(d), *count};
      }
    }
  }

  void VisitOther(Operation* op) {
    if (!Touches(op)) return;
    if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp, arith::TruncIOp>(op)) {
      if (std::optional<int64_t> count = Count(op->getOperand(0))) {
        counts_[op->getResult(0)] = *count;
        return;
      }
    }
    if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
      if (std::optional<bool> known = Known(compare)) {
        comparisons_[compare.getResult()] = *known;
        return;
      }
    }
    if (auto product = dyn_cast<arith::MulIOp>(op)) {
      for (auto [a, b] :
           {std::pair(product.getLhs(), product.getRhs()), std::pair(product.getRhs(), product.getLhs())}) {
        std::optional<int64_t> count = Count(a), factor = getConstantIntValue(b);
        if (!count || !factor || *factor < 1) continue;
        int64_t result = 0;
        if (__builtin_mul_overflow(*count, *factor, &result)) continue;
        counts_[op->getResult(0)] = result;
        return;
      }
    }
    if (OpTrait::hasElementwiseMappableTraits(op) && op->getNumResults() == 1) {
      std::optional<RowDimension> rows = Rows(op->getOperand(0));
      if (rows && llvm::all_of(op->getOperands(), [&](Value value) { return Rows(value) == rows; })) {
        rows_[op->getResult(0)] = *rows;
        return;
      }
    }
    if (llvm::any_of(op->getOperands(), [&](Value value) { return counts_.contains(value); })) {
      return Refuse(op, "it computes with the number of rows");
    }
    Refuse(op, "it is not known to keep rows apart");
  }

  // What holds for any number of rows from 1.
  std::optional<bool> Known(arith::CmpIOp op) const {
    using enum arith::CmpIPredicate;
    std::optional<int64_t> a = Count(op.getLhs()), b = Count(op.getRhs()),
                           constant = getConstantIntValue(op.getRhs());
    const arith::CmpIPredicate predicate = op.getPredicate();
    const bool greater = predicate == sgt || predicate == ugt, less = predicate == slt || predicate == ult;
    const bool at_least = predicate == sge || predicate == uge;
    if (a && b && a == b) return predicate == eq || at_least || !(greater || less || predicate == ne);
    if (!a || !constant || *constant < 0) return std::nullopt;
    if (*constant == *a && at_least) return true;
    if (*constant == *a && less) return false;
    if (*constant < *a) return predicate == ne || greater || at_least;
    return std::nullopt;
  }

  void VisitReturn(func::ReturnOp op) {
    for (auto [index, value] : llvm::enumerate(op.getOperands())) {
      std::optional<RowDimension> rows = Rows(value);
      if (!rows || *rows == RowDimension()) {
        if (rows || cast<RankedTensorType>(value.getType()).hasStaticShape()) continue;
      }
      Refuse(op, "result " + Twine(index) + " doesn't have the rows as its leading dimension");
    }
  }

  void VisitCast(tensor::CastOp op) {
    std::optional<RowDimension> rows = Rows(op.getSource());
    if (!rows) return;
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!type || !type.isDynamicDim(rows->dim)) return Refuse(op, "it fixes the number of rows");
    rows_[op.getResult()] = *rows;
  }

  void VisitExpand(tensor::ExpandShapeOp op) {
    std::optional<RowDimension> rows = Rows(op.getSrc());
    if (!rows) return;
    int64_t inner = 1;
    std::optional<int64_t> at;
    for (int64_t d : op.getReassociationIndices()[rows->dim]) {
      const int64_t size = op.getResultType().getDimSize(d);
      if (ShapedType::isDynamic(size)) {
        at = d;
      } else if (at) {
        inner *= size;
      } else if (size != 1) {
        return Refuse(op, "it splits the rows");
      }
    }
    if (!at || rows->factor % inner != 0) return Refuse(op, "it splits the rows");
    rows_[op.getResult()] = {*at, rows->factor / inner};
  }

  void VisitCollapse(tensor::CollapseShapeOp op) {
    std::optional<RowDimension> rows = Rows(op.getSrc());
    if (!rows) return;
    for (auto [group, dims] : llvm::enumerate(op.getReassociationIndices())) {
      if (!llvm::is_contained(dims, rows->dim)) continue;
      int64_t inner = rows->factor;
      for (int64_t d : dims) {
        const int64_t size = op.getSrcType().getDimSize(d);
        if (d == rows->dim) continue;
        if (d < rows->dim && size != 1) return Refuse(op, "it puts rows within other elements");
        if (d > rows->dim) inner *= size;
      }
      rows_[op.getResult()] = {static_cast<int64_t>(group), inner};
    }
  }

  // A slice that takes all rows, in order.
  bool TakesAllRows(OffsetSizeAndStrideOpInterface slice, const RowDimension& rows) const {
    auto size = dyn_cast<Value>(slice.getMixedSizes()[rows.dim]);
    return isConstantIntValue(slice.getMixedOffsets()[rows.dim], 0) &&
           isConstantIntValue(slice.getMixedStrides()[rows.dim], 1) && size && Count(size) == rows.factor;
  }

  static int64_t DimWithout(const llvm::SmallBitVector& dropped, int64_t dim) {
    int64_t kept = 0;
    for (int64_t d = 0; d < dim; ++d) kept += dropped.test(d) ? 0 : 1;
    return kept;
  }

  void VisitExtractSlice(tensor::ExtractSliceOp op) {
    if (llvm::any_of(op->getOperands().drop_front(), [&](Value v) { return rows_.contains(v); }))
      return Refuse(op, "its window is computed from rows");
    std::optional<RowDimension> rows = Rows(op.getSource());
    if (!rows) {
      if (Touches(op)) Refuse(op, "its window depends on the number of rows");
      return;
    }
    if (!TakesAllRows(op, *rows)) return Refuse(op, "it takes some of the rows");
    rows_[op.getResult()] = {DimWithout(op.getDroppedDims(), rows->dim), rows->factor};
  }

  void VisitInsertSlice(tensor::InsertSliceOp op) {
    std::optional<RowDimension> from = Rows(op.getSource()), to = Rows(op.getDest());
    if (!from && !to) {
      if (Touches(op)) Refuse(op, "its window depends on the number of rows");
      return;
    }
    if (!from || !to || !TakesAllRows(op, *to) ||
        *from != RowDimension{DimWithout(op.getDroppedDims(), to->dim), to->factor})
      return Refuse(op, "it writes some of the rows");
    rows_[op.getResult()] = *to;
  }

  void VisitPad(tensor::PadOp op) {
    std::optional<RowDimension> rows = Rows(op.getSource());
    if (!rows) return VisitOther(op);
    if (!isConstantIntValue(op.getMixedLowPad()[rows->dim], 0) ||
        !isConstantIntValue(op.getMixedHighPad()[rows->dim], 0))
      return Refuse(op, "it adds rows");
    rows_[op.getResult()] = *rows;
  }

  void VisitConcat(tensor::ConcatOp op) {
    std::optional<RowDimension> rows = Rows(op.getInputs()[0]);
    if (!rows && !Touches(op)) return;
    if (!rows || static_cast<int64_t>(op.getDim()) == rows->dim ||
        !llvm::all_of(op.getInputs(), [&](Value value) { return Rows(value) == rows; }))
      return Refuse(op, "it joins rows");
    rows_[op.getResult()] = *rows;
  }

  void VisitContract(dataflow::ContractOp op) {
    std::optional<RowDimension> rows = Rows(op.getX());
    if (!rows) return VisitOther(op);
    if (rows->dim != 0) return Refuse(op, "it sums over the rows");
    rows_[op.getResult()] = *rows;
  }

  void VisitLinalg(linalg::LinalgOp op) {
    if (!Touches(op)) return;
    std::optional<unsigned> loop;
    int64_t factor = 1;
    for (OpOperand& operand : op->getOpOperands()) {
      if (counts_.contains(operand.get())) return Refuse(op, "it computes with the number of rows");
      std::optional<RowDimension> rows = Rows(operand.get());
      if (!rows) continue;
      auto at = dyn_cast<AffineDimExpr>(op.getMatchingIndexingMap(&operand).getResult(rows->dim));
      if (!at) return Refuse(op, "it takes rows by a computed index");
      if (loop && (at.getPosition() != *loop || rows->factor != factor))
        return Refuse(op, "it pairs a row with others");
      loop = at.getPosition();
      factor = rows->factor;
    }
    if (loop) {
      if (op.getIteratorTypesArray()[*loop] != utils::IteratorType::parallel)
        return Refuse(op, "it reduces over the rows");
      for (OpOperand& operand : op->getOpOperands()) {
        std::optional<RowDimension> rows = Rows(operand.get());
        for (auto [d, result] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
          if (rows && rows->dim == static_cast<int64_t>(d)) continue;
          if (result.isFunctionOfDim(*loop)) return Refuse(op, "it uses the number of a row as an index");
        }
      }
    }
    if (!VisitBody(op, loop, factor)) return;
    for (OpOperand& init : op.getDpsInitsMutable()) {
      std::optional<RowDimension> rows = Rows(init.get());
      if (rows && op->getNumResults() > 0) rows_[op.getTiedOpResult(&init)] = *rows;
    }
  }

  // False: refused.
  bool VisitBody(linalg::LinalgOp op, std::optional<unsigned> loop, int64_t factor) {
    bool ok = true;
    auto refuse = [&](Operation* at, const Twine& why) {
      if (ok) Refuse(at, why);
      ok = false;
    };
    op.getBlock()->walk([&](Operation* inner) {
      if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
        if (!loop || index.getDim() != *loop) return;
        for (OpOperand& use : index->getUses()) {
          auto extract = dyn_cast<tensor::ExtractOp>(use.getOwner());
          std::optional<RowDimension> rows = extract ? Rows(extract.getTensor()) : std::nullopt;
          if (!rows || static_cast<int64_t>(use.getOperandNumber()) != rows->dim + 1 ||
              rows->factor != factor)
            return refuse(index, "it computes with the number of a row");
        }
        return;
      }
      for (Value operand : inner->getOperands()) {
        if (counts_.contains(operand)) return refuse(inner, "it computes with the number of rows");
        std::optional<RowDimension> rows = Rows(operand);
        if (!rows) continue;
        auto extract = dyn_cast<tensor::ExtractOp>(inner);
        auto index = extract ? extract.getIndices()[rows->dim].getDefiningOp<linalg::IndexOp>() : nullptr;
        if (!index || !loop || index.getDim() != *loop || rows->factor != factor)
          return refuse(inner, "it takes rows by a computed index");
      }
    });
    return ok;
  }

  func::FuncOp step_;
  llvm::DenseMap<Value, RowDimension> rows_;
  llvm::DenseMap<Value, int64_t> counts_;
  llvm::DenseMap<Value, bool> comparisons_;
  llvm::DenseSet<Value> abandoned_;
  bool failed_ = false;
};

class OneRowPass : public impl::OneRowBase<OneRowPass> {
  void runOnOperation() override {
    auto step = getOperation().lookupSymbol<func::FuncOp>("step");
    if (!step || step.isExternal() || !step->hasAttr(dataflow::kSamplesAttr)) return;
    auto open = [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && !tensor.hasStaticShape();
    };
    bool any = false;
    step.walk([&](Operation* op) { any |= llvm::any_of(op->getResultTypes(), open); });
    any |= llvm::any_of(step.getArgumentTypes(), open) || llvm::any_of(step.getResultTypes(), open);
    if (!any) return;
    // Sizes that are constants become part of the types.
    OpPassManager clean_up(ModuleOp::getOperationName());
    clean_up.addPass(createCanonicalizerPass());
    clean_up.addPass(createCSEPass());
    if (failed(runPipeline(clean_up, getOperation()))) return signalPassFailure();
    if (narrowConcats(step) && failed(runPipeline(clean_up, getOperation()))) return signalPassFailure();
    RowProof proof(step);
    if (failed(proof.Run())) return signalPassFailure();
    fix(step, proof);
  }

  // MLIR's clean-up leaves a concatenation of casts as it is, whose sizes are then not known. True if there
  // is one.
  static bool narrowConcats(func::FuncOp step) {
    bool changed = false;
    step.walk([&](tensor::ConcatOp concat) {
      SmallVector<Value> inputs;
      for (Value input : concat.getInputs()) {
        auto cast = input.getDefiningOp<tensor::CastOp>();
        auto from = cast ? dyn_cast<RankedTensorType>(cast.getSource().getType()) : RankedTensorType();
        inputs.push_back(from && from.hasStaticShape() ? cast.getSource() : input);
      }
      if (llvm::equal(inputs, concat.getInputs())) return;
      OpBuilder b(concat);
      const auto dim = static_cast<int64_t>(concat.getDim());
      Value narrow = b.create<tensor::ConcatOp>(concat.getLoc(), dim, inputs);
      if (narrow.getType() != concat.getType())
        narrow = b.create<tensor::CastOp>(concat.getLoc(), concat.getType(), narrow);
      concat.getResult().replaceAllUsesWith(narrow);
      concat.erase();
      changed = true;
    });
    return changed;
  }

  static Type oneRow(Type type, std::optional<RowDimension> rows) {
    if (!rows) return type;
    auto tensor = cast<RankedTensorType>(type);
    SmallVector<int64_t> shape(tensor.getShape());
    shape[rows->dim] = rows->factor;
    return RankedTensorType::get(shape, tensor.getElementType());
  }

  // One row: every number of rows is 1.
  static void fix(func::FuncOp step, const RowProof& proof) {
    OpBuilder b(step.getContext());
    for (BlockArgument argument : step.getArguments()) {
      std::optional<RowDimension> rows = proof.Rows(argument);
      if (!rows) continue;
      argument.setType(oneRow(argument.getType(), rows));
      step.removeArgAttr(argument.getArgNumber(), dataflow::kSymbolAttr);
      step.setArgAttr(argument.getArgNumber(), dataflow::kRowsAttr, b.getUnitAttr());
    }
    Operation* end = step.getBody().front().getTerminator();
    for (auto [index, value] : llvm::enumerate(end->getOperands()))
      if (proof.Rows(value)) step.setResultAttr(index, dataflow::kRowsAttr, b.getUnitAttr());
    for (Operation& op : step.getBody().front()) fixOperation(&op, proof);
    step.setType(
        FunctionType::get(step.getContext(), step.getBody().getArgumentTypes(), end->getOperandTypes()));
  }

  // In place: what the proof knows of a value stays true.
  static void fixOperation(Operation* op, const RowProof& proof) {
    if (op->getNumResults() == 0) return;
    OpBuilder b(op);
    Value first = op->getResult(0);
    if (std::optional<int64_t> count = proof.Count(first); count && isa<tensor::DimOp>(op)) {
      first.replaceAllUsesWith(b.create<arith::ConstantIndexOp>(op->getLoc(), *count));
      return;
    }
    if (std::optional<bool> known = proof.Comparison(first)) {
      first.replaceAllUsesWith(b.create<arith::ConstantIntOp>(op->getLoc(), *known ? 1 : 0, 1));
      return;
    }
    for (Value result : op->getResults()) result.setType(oneRow(result.getType(), proof.Rows(result)));
    if (!proof.Rows(first)) return;
    // The number of rows was the only size that is not constant.
    if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
      empty.getDynamicSizesMutable().clear();
    } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      expand.getOutputShapeMutable().clear();
      expand.setStaticOutputShape(expand.getResultType().getShape());
    } else if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op)) {
      extract.getSizesMutable().clear();
      extract.setStaticSizes(withRows(extract.getStaticSizes(), *proof.Rows(extract.getSource())));
    } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
      insert.getSizesMutable().clear();
      insert.setStaticSizes(withRows(insert.getStaticSizes(), *proof.Rows(insert.getDest())));
    }
  }

  static SmallVector<int64_t> withRows(ArrayRef<int64_t> sizes, RowDimension rows) {
    SmallVector<int64_t> fixed(sizes);
    fixed[rows.dim] = rows.factor;
    return fixed;
  }
};

}  // namespace
}  // namespace streamtensor::compiler
