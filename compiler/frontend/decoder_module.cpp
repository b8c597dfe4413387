// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/decoder_module.h"

#include <string>

#include "compiler/frontend/function_signature.h"
#include "compiler/frontend/linalg_builder.h"
#include "kernels/contract/kv_pages.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace streamtensor::compiler {
namespace {

using mlir::OpBuilder;
using mlir::OpFoldResult;
using mlir::RankedTensorType;
using mlir::ShapedType;
using mlir::Value;
using mlir::ValueRange;
using mlir::func::FuncOp;

constexpr WeightPart kParts[] = {WeightPart::kQ, WeightPart::kD, WeightPart::kM, WeightPart::kValue};

class DecoderModuleBuilder {
 public:
  DecoderModuleBuilder(const DecoderModel& model, const StepBounds& bounds, const WeightSource& weights,
                       LinalgDecoderGraph& graph, mlir::MLIRContext* context)
      : model_(model),
        sizes_(model.sizes()),
        bounds_(bounds),
        weights_(weights),
        graph_(graph),
        builder_(context),
        loc_(builder_.getUnknownLoc()),
        block_signature_(context),
        step_signature_(context) {}

  mlir::OwningOpRef<mlir::ModuleOp> Build() {
    mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(loc_);
    (*module)->setAttr(dataflow::kSymbolsAttr,
                       builder_.getDictionaryAttr(
                           {builder_.getNamedAttr("T", builder_.getI64IntegerAttr(bounds_.step_tokens)),
                            builder_.getNamedAttr("W", builder_.getI64IntegerAttr(bounds_.step_tokens))}));
    DeclareBlock();
    DeclareStep();
    builder_.setInsertionPointToStart(module->getBody());
    FuncOp block = block_signature_.Create(builder_, loc_, "block",
                                           {RowsType(sizes_.hidden), NewRowsType(), NewRowsType()});
    BuildBlock(block);
    builder_.setInsertionPointToEnd(module->getBody());
    FuncOp step = step_signature_.Create(builder_, loc_, "step", {RowsType(sizes_.vocabulary)});
    BuildStep(step, block);
    return module;
  }

 private:
  //===--------------------------------------------------------------------===//
  // Arguments
  //===--------------------------------------------------------------------===//

  RankedTensorType RowsType(int64_t width) {
    return RankedTensorType::get({ShapedType::kDynamic, width}, builder_.getF32Type());
  }
  RankedTensorType NewRowsType() {
    return RankedTensorType::get({ShapedType::kDynamic, sizes_.kv_heads, sizes_.head_dim},
                                 builder_.getF16Type());
  }
  RankedTensorType PerTokenIntType() {
    return RankedTensorType::get({ShapedType::kDynamic}, builder_.getI32Type());
  }
  RankedTensorType PageTableType() {
    return RankedTensorType::get({bounds_.step_tokens, bounds_.max_pages()}, builder_.getI32Type());
  }
  RankedTensorType PoolType() {
    return RankedTensorType::get(
        {ShapedType::kDynamic, sizes_.layers, sizes_.kv_heads, contract::kPageTokens, sizes_.head_dim},
        builder_.getF16Type());
  }

  static bool IsInBlock(const WeightSpec& spec) { return RunsOverLayers(spec.name) || spec.shared_by_layers; }

  void DeclareBlock() {
    FunctionSignature& s = block_signature_;
    s.AddPerToken(RowsType(sizes_.hidden));
    s.AddPerToken(PerTokenIntType(), s.Named(dataflow::kFieldAttr, "position"));
    s.Add(builder_.getIndexType(), {});
    s.Add(PoolType(), s.Named(dataflow::kPoolAttr, "k"));
    s.Add(PoolType(), s.Named(dataflow::kPoolAttr, "v"));
    s.Add(PageTableType(), s.Named(dataflow::kFieldAttr, "page_table"));
    s.AddPerToken(PerTokenIntType(), s.Named(dataflow::kFieldAttr, "slot"));
    s.AddPerToken(PerTokenIntType(), s.Named(dataflow::kFieldAttr, "start"));
    for (const DecoderWeight& weight : model_.weights()) {
      if (IsInBlock(weight.spec)) s.AddWeight(weight.spec.name, weights_, 0);
    }
  }

  // As DeclareBlock() adds them.
  DecoderFunction InBlock(FuncOp block) const {
    DecoderFunction function;
    function.positions = block.getArgument(1);
    function.layer = block.getArgument(2);
    function.k_pool = block.getArgument(3);
    function.v_pool = block.getArgument(4);
    function.page_table = block.getArgument(5);
    function.slots = block.getArgument(6);
    function.starts = block.getArgument(7);
    function.weight = [this, block](std::string_view name, WeightPart part) {
      return block_signature_.Argument(block, name, part);
    };
    return function;
  }

  void DeclareStep() {
    FunctionSignature& s = step_signature_;
    for (const char* field : {"token_id", "position", "start", "slot", "wants_logits"}) {
      s.AddPerToken(PerTokenIntType(), s.Named(dataflow::kFieldAttr, field));
    }
    s.Add(PageTableType(), s.Named(dataflow::kFieldAttr, "page_table"));
    s.Add(PoolType(), s.Named(dataflow::kPoolAttr, "k"));
    s.Add(PoolType(), s.Named(dataflow::kPoolAttr, "v"));
    for (const DecoderWeight& weight : model_.weights()) {
      s.AddWeight(weight.spec.name, weights_, RunsOverLayers(weight.spec.name) ? sizes_.layers : 0);
    }
  }

  // As DeclareStep() adds them.
  DecoderFunction InStep(FuncOp step) const {
    DecoderFunction function;
    function.token_ids = step.getArgument(0);
    function.positions = step.getArgument(1);
    function.starts = step.getArgument(2);
    function.slots = step.getArgument(3);
    function.page_table = step.getArgument(5);
    function.k_pool = step.getArgument(6);
    function.v_pool = step.getArgument(7);
    function.weight = [this, step](std::string_view name, WeightPart part) {
      return step_signature_.Argument(step, name, part);
    };
    return function;
  }

  //===--------------------------------------------------------------------===//
  // Bodies
  //===--------------------------------------------------------------------===//

  void BuildBlock(FuncOp block) {
    builder_.setInsertionPointToStart(block.addEntryBlock());
    graph_.Enter(builder_.saveInsertionPoint(), InBlock(block));
    Value x = graph_.ValueOf(model_.Layer(graph_, graph_.Import(block.getArgument(0))));
    builder_.create<mlir::func::ReturnOp>(loc_, ValueRange{x, graph_.new_keys(), graph_.new_values()});
  }

  void BuildStep(FuncOp step, FuncOp block) {
    builder_.setInsertionPointToStart(step.addEntryBlock());
    const DecoderFunction function = InStep(step);
    graph_.Enter(builder_.saveInsertionPoint(), function);
    Value x = graph_.ValueOf(model_.Embed(graph_));
    x = BuildLayers(function, block, x);
    Value wants_logits = step.getArgument(4);
    Value rows = builder_.create<dataflow::TakeRowsOp>(loc_, x.getType(), x, wants_logits);
    graph_.Enter(builder_.saveInsertionPoint(), function);
    Value logits = graph_.ValueOf(model_.Logits(graph_, graph_.Import(rows)));
    builder_.create<mlir::func::ReturnOp>(loc_, logits);
  }

  // Calls @block for every layer; the residual is the loop's only value.
  Value BuildLayers(const DecoderFunction& step, FuncOp block, Value x) {
    LinalgBuilder linalg(builder_, loc_);
    auto loop = builder_.create<mlir::scf::ForOp>(loc_, linalg.Index(0), linalg.Index(sizes_.layers),
                                                  linalg.Index(1), x);
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(loop.getBody());
    Value layer = loop.getInductionVar();
    llvm::SmallVector<Value> operands = {
        loop.getRegionIterArg(0), step.positions, layer,      step.k_pool, step.v_pool,
        step.page_table,          step.slots,     step.starts};
    for (const DecoderWeight& weight : model_.weights()) {
      if (!IsInBlock(weight.spec)) continue;
      for (WeightPart part : kParts) {
        Value whole = step.weight(weight.spec.name, part);
        if (!whole) continue;
        operands.push_back(RunsOverLayers(weight.spec.name) ? LayerSlice(linalg, whole, layer) : whole);
      }
    }
    auto call = builder_.create<mlir::func::CallOp>(loc_, block, operands);
    builder_.create<dataflow::KvAppendOp>(loc_, call.getResult(1), call.getResult(2), step.k_pool,
                                          step.v_pool, step.page_table, step.slots, step.positions, layer,
                                          mlir::AffineMapAttr::get(builder_.getMultiDimIdentityMap(1)));
    builder_.create<mlir::scf::YieldOp>(loc_, call.getResult(0));
    return loop.getResult(0);
  }

  // The slice of one layer out of a stack.
  Value LayerSlice(LinalgBuilder& linalg, Value stack, Value layer) {
    auto type = llvm::cast<RankedTensorType>(stack.getType());
    const int64_t rank = type.getRank();
    llvm::SmallVector<OpFoldResult> offsets(rank, builder_.getIndexAttr(0));
    llvm::SmallVector<OpFoldResult> strides(rank, builder_.getIndexAttr(1));
    llvm::SmallVector<OpFoldResult> sizes = linalg.Sizes(stack);
    offsets[0] = layer;
    sizes[0] = builder_.getIndexAttr(1);
    const auto slice_type = RankedTensorType::get(type.getShape().drop_front(), type.getElementType());
    return builder_.create<mlir::tensor::ExtractSliceOp>(loc_, slice_type, stack, offsets, sizes, strides);
  }

  const DecoderModel& model_;
  const DecoderSizes& sizes_;
  const StepBounds& bounds_;
  const WeightSource& weights_;
  LinalgDecoderGraph& graph_;
  OpBuilder builder_;
  mlir::Location loc_;
  FunctionSignature block_signature_;
  FunctionSignature step_signature_;
};

}  // namespace

mlir::OwningOpRef<mlir::ModuleOp> BuildDecoderModule(const DecoderModel& model, const StepBounds& bounds,
                                                     const WeightSource& weights, LinalgDecoderGraph& graph,
                                                     mlir::MLIRContext* context) {
  return DecoderModuleBuilder(model, bounds, weights, graph, context).Build();
}

}  // namespace streamtensor::compiler
