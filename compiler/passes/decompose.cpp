// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/integer_product.h"
#include "compiler/passes/reference_attention.h"
#include "compiler/passes/tensor_writer.h"
#include "kernels/contract/kv_pages.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_DECOMPOSE
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;

constexpr StringLiteral kAppendFunction = "st_kv_append";

// Collects the numbers of the rows to take, then gathers them.
Value decomposeTakeRows(dataflow::TakeRowsOp op, OpBuilder& builder) {
  Location loc = op.getLoc();
  TensorWriter w(builder, loc);
  Value zero = builder.create<arith::ConstantIndexOp>(loc, 0);
  Value one = builder.create<arith::ConstantIndexOp>(loc, 1);
  Value tokens = getValueOrCreateConstantIndexOp(builder, loc, w.size(op.getX(), 0));
  Value rows = w.filled(w.size(op.getX(), 0), builder.getIndexAttr(0));
  auto loop = builder.create<scf::ForOp>(
      loc, zero, tokens, one, ValueRange{rows, zero},
      [&](OpBuilder& b, Location at, Value t, ValueRange args) {
        // Written whether taken or not: the next row overwrites one that is not.
        Value written = b.create<tensor::InsertOp>(at, t, args[0], args[1]);
        Value flag = b.create<tensor::ExtractOp>(at, op.getFlags(), t);
        Value none = b.create<arith::ConstantOp>(at, b.getI32IntegerAttr(0));
        Value taken = b.create<arith::CmpIOp>(at, arith::CmpIPredicate::ne, flag, none);
        Value next = b.create<arith::AddIOp>(at, args[1], one);
        Value count = b.create<arith::SelectOp>(at, taken, next, args[1]);
        b.create<scf::YieldOp>(at, ValueRange{written, count});
      });
  auto type = op.getResult().getType();
  OpFoldResult count = type.isDynamicDim(0) ? OpFoldResult(loop.getResult(1)) : w.index(type.getDimSize(0));
  Value chosen = builder.create<tensor::ExtractSliceOp>(loc, loop.getResult(0), OpFoldResult(w.index(0)),
                                                        count, OpFoldResult(w.index(1)));
  return w.generic(chosen, w.empty({count, w.index(type.getDimSize(1))}, type.getElementType()),
                   {{0}, {0, 1}}, 2, {}, [&](OpBuilder& nested, Location at, ValueRange args) -> Value {
                     Value column = nested.create<linalg::IndexOp>(at, 1);
                     return nested.create<tensor::ExtractOp>(at, op.getX(), ValueRange{args[0], column});
                   });
}

// st_kv_append(k_new, v_new, page [T] i32, row in its page [T] i32, layer): the program that runs the module
// writes them to its pools once the step is over.
func::FuncOp appendFunction(ModuleOp module) {
  if (auto function = module.lookupSymbol<func::FuncOp>(kAppendFunction)) return function;
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  int64_t any = ShapedType::kDynamic;
  Type rows = RankedTensorType::get({any, any, any}, builder.getF16Type());
  Type numbers = RankedTensorType::get({any}, builder.getI32Type());
  auto function = builder.create<func::FuncOp>(
      module.getLoc(), kAppendFunction,
      builder.getFunctionType({rows, rows, numbers, numbers, builder.getIndexType()}, {}));
  function.setPrivate();
  function->setAttr("llvm.emit_c_interface", builder.getUnitAttr());
  for (unsigned i = 0; i < 4; ++i)
    function.setArgAttr(i, "bufferization.access", builder.getStringAttr("read"));
  return function;
}

void decomposeAppend(dataflow::KvAppendOp op, OpBuilder& builder) {
  Location loc = op.getLoc();
  TensorWriter w(builder, loc);
  OpFoldResult tokens = w.size(op.getKNew(), 0);
  auto numbers = [&](bool page) {
    return w.generic({op.getSlot(), op.getPosition()}, w.empty(tokens, builder.getI32Type()), {{0}, {0}, {0}},
                     1, {}, [&](OpBuilder& nested, Location at, ValueRange args) -> Value {
                       if (page) {
                         Value entry =
                             pageOf(nested, at, op.getPageTable(), op.getEffectivePageMap(), args[0],
                                    nested.create<arith::IndexCastOp>(at, nested.getIndexType(), args[1]));
                         return entry;
                       }
                       Value mask = nested.create<arith::ConstantOp>(
                           at, nested.getI32IntegerAttr(contract::kPageTokens - 1));
                       return nested.create<arith::AndIOp>(at, args[1], mask);
                     });
  };
  func::FuncOp function = appendFunction(op->getParentOfType<ModuleOp>());
  SmallVector<Value> operands = {op.getKNew(), op.getVNew(), numbers(true), numbers(false)};
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes().drop_back()))
    if (operands[i].getType() != type) operands[i] = builder.create<tensor::CastOp>(loc, type, operands[i]);
  operands.push_back(op.getLayer());
  builder.create<func::CallOp>(loc, function, operands);
}

class DecomposePass : public impl::DecomposeBase<DecomposePass> {
  void runOnOperation() override {
    SmallVector<Operation*> operations;
    getOperation()->walk([&](Operation* op) {
      if (isa<dataflow::ContractOp, dataflow::PagedAttentionOp, dataflow::TakeRowsOp, dataflow::KvAppendOp,
              dataflow::LayersOp>(op))
        operations.push_back(op);
    });
    for (Operation* op : operations) {
      OpBuilder builder(op);
      Value value;
      if (auto contract = dyn_cast<dataflow::ContractOp>(op)) value = WriteIntegerProduct(contract, builder);
      if (auto attention = dyn_cast<dataflow::PagedAttentionOp>(op))
        value = decomposePagedAttention(attention, builder);
      if (auto take = dyn_cast<dataflow::TakeRowsOp>(op)) value = decomposeTakeRows(take, builder);
      if (auto layers = dyn_cast<dataflow::LayersOp>(op))
        value = builder.create<arith::ConstantIndexOp>(op->getLoc(), static_cast<int64_t>(layers.getCount()));
      if (auto append = dyn_cast<dataflow::KvAppendOp>(op)) decomposeAppend(append, builder);
      if (value) {
        if (value.getType() != op->getResult(0).getType())
          value = builder.create<tensor::CastOp>(op->getLoc(), op->getResult(0).getType(), value);
        op->getResult(0).replaceAllUsesWith(value);
      }
      op->erase();
    }
    getOperation()->walk([&](Operation* op) {
      if (!isa_and_nonnull<dataflow::DataflowDialect>(op->getDialect())) return;
      op->emitOpError("has no reference in linalg: decompose runs on modules before they are kernels");
      signalPassFailure();
    });
  }
};

}  // namespace
}  // namespace streamtensor::compiler
