// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/step_function.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/join_ends.h"
#include "kernels/contract/tiles.h"
#include "llvm/ADT/MapVector.h"
#include "mlir/Analysis/TopologicalSortUtils.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_BIND
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using itensor::ITensorType;

constexpr llvm::StringLiteral kEngineName = "engine";

// Contractions that can share a frame: one operand, one weight format, one size of its groups.
struct GroupKey {
  Block* block;
  Value activations;
  Type format;
  int64_t group;
  bool has_minima;

  bool operator==(const GroupKey& other) const {
    return block == other.block && activations == other.activations && format == other.format &&
           group == other.group && has_minima == other.has_minima;
  }
};

class BindPass : public impl::BindBase<BindPass> {
 public:
  using BindBase::BindBase;

 private:
  void runOnOperation() override {
    FailureOr<func::FuncOp> step = FindStep(getOperation());
    if (failed(step)) return signalPassFailure();
    step_ = *step;
    FailureOr<StepFunction> analysis = StepFunction::Analyse(step_);
    if (failed(analysis)) return signalPassFailure();
    analysis_ = &*analysis;
    SmallVector<scf::ForOp> loops;
    step_.walk([&](Operation* op) {
      if (op->getParentOfType<dataflow::KernelOp>()) return;
      if (auto loop = dyn_cast<scf::ForOp>(op)) loops.push_back(loop);
    });
    // What a tensor's order will be must be asked before anything is rewritten.
    if (failed(chooseIssues()) || failed(orderTemplates())) return signalPassFailure();
    SmallVector<SmallVector<ITensorType>> carried;
    for (scf::ForOp loop : loops) {
      FailureOr<SmallVector<ITensorType>> types = carriedOrders(loop);
      if (failed(types)) return signalPassFailure();
      carried.push_back(*types);
    }
    if (!groups_.empty()) makeEngine();
    for (auto& [contracts, order] : groups_) makeIssue(contracts, order);
    for (auto [loop, types] : llvm::zip_equal(loops, carried)) carryItensors(loop, types);
    if (failed(ConvertUnequalEnds(step_)) || failed(CheckConverterBudget(step_))) return signalPassFailure();
    ForkUsers(step_);
    step_.walk([](Operation* op) {
      if (!isa<func::FuncOp, scf::ForOp>(op) || op->getParentOfType<dataflow::KernelOp>()) return;
      for (Region& region : op->getRegions())
        for (Block& block : region) sortTopologically(&block);
    });
  }

  //===--------------------------------------------------------------------===//
  // Orders
  //===--------------------------------------------------------------------===//

  ITensorType rowOrder(Value tensor, const Rows& rows) {
    return StepFunction::RowOrder(cast<RankedTensorType>(tensor.getType()), rows);
  }

  // The order in which a tensor will come: of the itensor it was made from, of the engine's results, of
  // what the loop feeds back; else rows.
  FailureOr<ITensorType> orderOf(Operation* user, Value tensor, int depth = 0) {
    if (Value source = ItensorOf(tensor)) return cast<ITensorType>(source.getType());
    std::optional<Rows> rows = analysis_->GetRows(tensor);
    if (!rows) return user->emitError("takes rows that no symbol counts");
    auto type = cast<RankedTensorType>(tensor.getType());
    if (auto contract = tensor.getDefiningOp<dataflow::ContractOp>()) return engineOrder(contract, *rows);
    Value fed_back;
    if (auto argument = dyn_cast<BlockArgument>(tensor)) {
      auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
      if (loop) fed_back = loop.getYieldedValues()[argument.getArgNumber() - 1];
    } else if (auto loop = tensor.getDefiningOp<scf::ForOp>()) {
      fed_back = loop.getYieldedValues()[cast<OpResult>(tensor).getResultNumber()];
    }
    if (fed_back && depth < 2) return orderOf(user, fed_back, depth + 1);
    return StepFunction::RowOrder(type, *rows);
  }

  // Rows of the weight are padded to whole tiles.
  static ITensorType engineOrder(dataflow::ContractOp contract, const Rows& rows) {
    int64_t tiles = (contract.getOuter() + contract::kTileRows - 1) / contract::kTileRows;
    auto padded = RankedTensorType::get({ShapedType::kDynamic, tiles * contract::kTileRows},
                                        Float32Type::get(contract.getContext()));
    return StepFunction::TileOrder(padded, rows, contract::kTileRows);
  }

  // `tensor` in an order, as a tensor again.
  static Value inOrder(OpBuilder& builder, Location loc, Value tensor, ITensorType type) {
    Value itensor = builder.create<UnrealizedConversionCastOp>(loc, TypeRange{type}, tensor).getResult(0);
    return builder.create<UnrealizedConversionCastOp>(loc, TypeRange{tensor.getType()}, itensor).getResult(0);
  }

  // The templates take and give rows; so do inputs.
  LogicalResult orderTemplates() {
    SmallVector<std::pair<Operation*, SmallVector<unsigned>>> taken;
    SmallVector<Value> given;
    for (BlockArgument argument : step_.getArguments())
      if (!StepFunction::ArgumentAttr(argument, dataflow::kInputAttr).empty()) given.push_back(argument);
    step_.walk([&](Operation* op) {
      if (isa<dataflow::PagedAttentionOp>(op)) taken.push_back({op, {0, 1, 2}});
      if (isa<dataflow::KvAppendOp>(op)) taken.push_back({op, {0, 1}});
      if (isa<dataflow::TakeRowsOp>(op)) taken.push_back({op, {0}});
      if (isa<dataflow::PagedAttentionOp, dataflow::TakeRowsOp>(op)) given.push_back(op->getResult(0));
    });
    for (Value value : given) {
      std::optional<Rows> rows = analysis_->GetRows(value);
      if (!rows) return step_.emitError("has a tensor whose rows no symbol counts: ") << value.getType();
      OpBuilder builder(value.getContext());
      builder.setInsertionPointAfterValue(value);
      Value ordered = inOrder(builder, value.getLoc(), value, rowOrder(value, *rows));
      value.replaceUsesWithIf(
          ordered, [&](OpOperand& use) { return use.getOwner() != ItensorOf(ordered).getDefiningOp(); });
    }
    for (auto& [op, indices] : taken) {
      for (unsigned index : indices) {
        Value value = op->getOperand(index);
        std::optional<Rows> rows = rowsOf(value);
        if (!rows) return op->emitError("takes rows that no symbol counts");
        OpBuilder builder(op);
        op->setOperand(index, inOrder(builder, op->getLoc(), value, rowOrder(value, *rows)));
      }
    }
    return success();
  }

  // Of a tensor or of what it was before it was put in order.
  std::optional<Rows> rowsOf(Value value) {
    if (Value source = ItensorOf(value)) {
      auto type = cast<ITensorType>(source.getType());
      auto loops = type.getLoopsOfDim(0);
      if (loops.size() == 1)
        return Rows{type.getTripSymbols()[loops[0]].str(), type.getTripBounds()[loops[0]]};
    }
    return analysis_->GetRows(value);
  }

  //===--------------------------------------------------------------------===//
  // Issues
  //===--------------------------------------------------------------------===//

  LogicalResult chooseIssues() {
    SmallVector<std::pair<GroupKey, SmallVector<dataflow::ContractOp>>> groups;
    WalkResult walk = step_.walk([&](dataflow::ContractOp op) {
      for (Value part : {op.getQ(), op.getD(), op.getM()}) {
        if (!part || StepFunction::IsMemory(part)) continue;
        op.emitError("has a weight that is computed; the engine takes weights as the model file has them");
        return WalkResult::interrupt();
      }
      bool is_output =
          llvm::all_of(op->getUsers(), [](Operation* user) { return isa<func::ReturnOp>(user); });
      if (op.getOuter() % contract::kTileRows != 0 && !is_output) {
        op.emitError("has ") << op.getOuter()
                             << " columns; what other operations take must have a multiple of "
                             << contract::kTileRows;
        return WalkResult::interrupt();
      }
      auto q = op.getQ().getType();
      GroupKey key{op->getBlock(), op.getX(), q.getElementType(), q.getDimSize(2), op.getM() != nullptr};
      auto group = llvm::find_if(groups, [&](auto& entry) { return entry.first == key; });
      if (group == groups.end()) {
        groups.push_back({key, {op}});
      } else {
        group->second.push_back(op);
      }
      return WalkResult::advance();
    });
    if (walk.wasInterrupted()) return failure();
    for (auto& [key, contracts] : groups) {
      FailureOr<ITensorType> order = orderOf(contracts[0], key.activations);
      std::optional<Rows> rows = rowsOf(key.activations);
      if (failed(order) || !rows) return contracts[0].emitError("takes rows that no symbol counts");
      // The activation switch takes rows and the engine's own order.
      auto type = cast<RankedTensorType>(key.activations.getType());
      if (*order != StepFunction::TileOrder(type, *rows, contract::kTileRows))
        *order = StepFunction::RowOrder(type, *rows);
      groups_.push_back({contracts, *order});
    }
    return success();
  }

  void makeEngine() {
    OpBuilder builder = OpBuilder::atBlockBegin(getOperation().getBody());
    builder.create<dataflow::EngineOp>(step_.getLoc(), kEngineName, slots);
  }

  // One kernel takes the results of both, tile by tile.
  static bool alternates(SmallVectorImpl<dataflow::ContractOp>& contracts) {
    if (contracts.size() != 2) return false;
    Operation* consumer = nullptr;
    for (dataflow::ContractOp contract : contracts) {
      if (contract.getOuter() != contracts[0].getOuter() || !contract->hasOneUse()) return false;
      Operation* cast = *contract->getUsers().begin();
      if (!IsOrderCast(cast) || !cast->hasOneUse()) return false;
      auto type = llvm::cast<ITensorType>(cast->getResult(0).getType());
      if (type.getNumLoops() != 2) return false;
      Operation* user = *cast->getUsers().begin();
      if (!isa<dataflow::KernelOp>(user) || (consumer && user != consumer)) return false;
      consumer = user;
    }
    return true;
  }

  void makeIssue(SmallVectorImpl<dataflow::ContractOp>& contracts, ITensorType order) {
    dataflow::ContractOp first = contracts.front();
    OpBuilder builder(first);
    SmallVector<Value> q, d, m;
    SmallVector<Type> types;
    Rows rows{"", 0};
    for (unsigned loop = 0; loop < order.getNumLoops(); ++loop)
      if (order.getDimOfLoop(loop) == 0)
        rows = {order.getTripSymbols()[loop].str(), order.getTripBounds()[loop]};
    for (dataflow::ContractOp contract : contracts) {
      q.push_back(contract.getQ());
      d.push_back(contract.getD());
      if (contract.getM()) m.push_back(contract.getM());
      types.push_back(engineOrder(contract, rows));
    }
    Value activations =
        builder.create<UnrealizedConversionCastOp>(first.getLoc(), TypeRange{order}, first.getX())
            .getResult(0);
    auto issue = builder.create<dataflow::IssueOp>(first.getLoc(), types, kEngineName, activations, q, d, m,
                                                   alternates(contracts));
    for (auto [contract, result] : llvm::zip_equal(contracts, issue.getOutputs())) {
      Value tensor =
          builder.create<UnrealizedConversionCastOp>(first.getLoc(), contract->getResultTypes(), result)
              .getResult(0);
      contract->getResult(0).replaceAllUsesWith(tensor);
    }
    // The operands of the later ones may stand behind the first.
    Block* block = first->getBlock();
    for (dataflow::ContractOp contract : contracts) contract->erase();
    sortTopologically(block);
  }

  //===--------------------------------------------------------------------===//
  // The residual
  //===--------------------------------------------------------------------===//

  FailureOr<SmallVector<ITensorType>> carriedOrders(scf::ForOp loop) {
    SmallVector<ITensorType> types;
    for (auto [argument, value] : llvm::zip_equal(loop.getRegionIterArgs(), loop.getYieldedValues())) {
      if (!isa<RankedTensorType>(argument.getType()))
        return loop.emitError("carries ")
               << argument.getType() << " from layer to layer; only tensors of rows can be";
      FailureOr<ITensorType> type = orderOf(loop, value);
      if (failed(type)) return failure();
      types.push_back(*type);
    }
    return types;
  }

  static void carryItensors(scf::ForOp loop, ArrayRef<ITensorType> types) {
    OpBuilder builder(loop);
    Location loc = loop.getLoc();
    auto asItensor = [&](OpBuilder& b, Value tensor, ITensorType type) {
      return b.create<UnrealizedConversionCastOp>(loc, TypeRange{type}, tensor).getResult(0);
    };
    SmallVector<Value> inits;
    for (auto [init, type] : llvm::zip_equal(loop.getInitArgs(), types))
      inits.push_back(asItensor(builder, init, type));
    auto carried =
        builder.create<scf::ForOp>(loc, loop.getLowerBound(), loop.getUpperBound(), loop.getStep(), inits);
    Block* body = carried.getBody();
    if (inits.empty()) body->getTerminator()->erase();
    body->getOperations().splice(body->end(), loop.getBody()->getOperations());
    loop.getInductionVar().replaceAllUsesWith(carried.getInductionVar());
    builder.setInsertionPointToStart(body);
    for (auto [old, argument] : llvm::zip_equal(loop.getRegionIterArgs(), carried.getRegionIterArgs())) {
      Value tensor =
          builder.create<UnrealizedConversionCastOp>(loc, TypeRange{old.getType()}, argument).getResult(0);
      old.replaceAllUsesWith(tensor);
    }
    Operation* yield = body->getTerminator();
    builder.setInsertionPoint(yield);
    for (auto [index, type] : llvm::enumerate(types))
      yield->setOperand(index, asItensor(builder, yield->getOperand(index), type));
    builder.setInsertionPointAfter(carried);
    for (auto [old, result] : llvm::zip_equal(loop.getResults(), carried.getResults())) {
      Value tensor =
          builder.create<UnrealizedConversionCastOp>(loc, TypeRange{old.getType()}, result).getResult(0);
      old.replaceAllUsesWith(tensor);
    }
    loop.erase();
  }

  func::FuncOp step_;
  const StepFunction* analysis_ = nullptr;
  SmallVector<std::pair<SmallVector<dataflow::ContractOp>, ITensorType>> groups_;
};

}  // namespace
}  // namespace streamtensor::compiler
