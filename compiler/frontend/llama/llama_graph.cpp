// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/llama/llama_graph.h"

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/frontend/linalg_builder.h"
#include "kernels/contract/kv_pages.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace streamtensor::compiler {
namespace {

using mlir::AffineExpr;
using mlir::AffineMap;
using mlir::Location;
using mlir::NamedAttribute;
using mlir::OpBuilder;
using mlir::OpFoldResult;
using mlir::RankedTensorType;
using mlir::ShapedType;
using mlir::Type;
using mlir::Value;
using mlir::ValueRange;

constexpr char kAttnNorm[] = "blk.{layer}.attn_norm.weight";
constexpr char kAttnQ[] = "blk.{layer}.attn_q.weight";
constexpr char kAttnK[] = "blk.{layer}.attn_k.weight";
constexpr char kAttnV[] = "blk.{layer}.attn_v.weight";
constexpr char kAttnOutput[] = "blk.{layer}.attn_output.weight";
constexpr char kAttnQBias[] = "blk.{layer}.attn_q.bias";
constexpr char kAttnKBias[] = "blk.{layer}.attn_k.bias";
constexpr char kAttnVBias[] = "blk.{layer}.attn_v.bias";
constexpr char kAttnOutputBias[] = "blk.{layer}.attn_output.bias";
constexpr char kFfnNorm[] = "blk.{layer}.ffn_norm.weight";
constexpr char kFfnGate[] = "blk.{layer}.ffn_gate.weight";
constexpr char kFfnUp[] = "blk.{layer}.ffn_up.weight";
constexpr char kFfnDown[] = "blk.{layer}.ffn_down.weight";
constexpr char kEmbedding[] = "token_embd.weight";
constexpr char kFinalNorm[] = "output_norm.weight";
constexpr char kHead[] = "output.weight";

// Of the biases those that the model has.
constexpr const char* kLayerWeights[] = {kAttnNorm,  kAttnQ,     kAttnK,     kAttnV,          kAttnOutput,
                                         kAttnQBias, kAttnKBias, kAttnVBias, kAttnOutputBias, kFfnNorm,
                                         kFfnGate,   kFfnUp,     kFfnDown};

// A function under construction: arguments with their attributes, and weights by name and part.
class Signature {
 public:
  explicit Signature(mlir::MLIRContext* context) : b_(context) {}

  size_t Add(Type type, llvm::ArrayRef<NamedAttribute> attributes) {
    types_.push_back(type);
    attributes_.push_back(b_.getDictionaryAttr(attributes));
    return types_.size() - 1;
  }

  NamedAttribute Named(llvm::StringRef name, llvm::StringRef value) {
    return b_.getNamedAttr(name, b_.getStringAttr(value));
  }

  // A tensor of one row a token.
  size_t AddPerToken(RankedTensorType type, llvm::ArrayRef<NamedAttribute> attributes = {}) {
    llvm::SmallVector<NamedAttribute> all(attributes);
    all.push_back(Named(dataflow::kSymbolAttr, "T"));
    return Add(type, all);
  }

  // All parts that the weight has; `stack` layers in a leading dimension, 0 for none.
  void AddWeight(const std::string& pattern, const WeightSource& weights, int64_t stack) {
    for (WeightPart part : {WeightPart::kQ, WeightPart::kD, WeightPart::kM, WeightPart::kValue}) {
      const absl::StatusOr<WeightShape> shape = weights.Shape(WeightName(pattern, 0), part);
      if (!shape.ok()) continue;
      RankedTensorType type = WeightType(b_.getContext(), *shape);
      if (stack > 0) {
        llvm::SmallVector<int64_t> dims = {stack};
        dims.append(type.getShape().begin(), type.getShape().end());
        type = RankedTensorType::get(dims, type.getElementType());
      }
      const std::string_view part_name = WeightPartName(part);
      const size_t index = Add(type, {Named(dataflow::kWeightAttr, pattern),
                                      Named(dataflow::kPartAttr, {part_name.data(), part_name.size()})});
      weights_.emplace(std::pair(pattern, part), index);
    }
  }

  mlir::func::FuncOp Create(OpBuilder& b, Location loc, llvm::StringRef name,
                            llvm::ArrayRef<Type> results) const {
    auto function = b.create<mlir::func::FuncOp>(loc, name, b.getFunctionType(types_, results));
    for (size_t i = 0; i < attributes_.size(); ++i) function.setArgAttrs(i, attributes_[i]);
    return function;
  }

  // Argument index of a part, or -1.
  int64_t Find(const std::string& pattern, WeightPart part) const {
    auto found = weights_.find({pattern, part});
    return found != weights_.end() ? static_cast<int64_t>(found->second) : -1;
  }

  const std::vector<Type>& types() const { return types_; }

 private:
  OpBuilder b_;
  std::vector<Type> types_;
  std::vector<mlir::DictionaryAttr> attributes_;
  std::map<std::pair<std::string, WeightPart>, size_t> weights_;
};

class LlamaGraph {
 public:
  LlamaGraph(const LlamaConfig& config, const LlamaRecipe& recipe, const LlamaBounds& bounds,
             const WeightSource& weights, mlir::MLIRContext* context)
      : config_(config),
        recipe_(recipe),
        bounds_(bounds),
        weights_(weights),
        builder_(context),
        loc_(builder_.getUnknownLoc()),
        block_(context),
        step_(context) {}

  mlir::OwningOpRef<mlir::ModuleOp> Build() {
    mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(loc_);
    (*module)->setAttr(dataflow::kSymbolsAttr,
                       builder_.getDictionaryAttr(
                           {builder_.getNamedAttr("T", builder_.getI64IntegerAttr(bounds_.step_tokens)),
                            builder_.getNamedAttr("W", builder_.getI64IntegerAttr(bounds_.step_tokens))}));
    builder_.setInsertionPointToStart(module->getBody());
    DeclareBlock();
    mlir::func::FuncOp block =
        block_.Create(builder_, loc_, "block", {RowsType(config_.hidden), NewRowsType(), NewRowsType()});
    BuildBlock(block);
    builder_.setInsertionPointToEnd(module->getBody());
    DeclareStep();
    mlir::func::FuncOp step = step_.Create(builder_, loc_, "step", {RowsType(config_.vocabulary)});
    BuildStep(step, block);
    return module;
  }

 private:
  RankedTensorType RowsType(int64_t width) {
    return RankedTensorType::get({ShapedType::kDynamic, width}, builder_.getF32Type());
  }
  RankedTensorType NewRowsType() {
    return RankedTensorType::get({ShapedType::kDynamic, config_.kv_heads, config_.head_dim},
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
        {ShapedType::kDynamic, config_.layers, config_.kv_heads, contract::kPageTokens, config_.head_dim},
        builder_.getF16Type());
  }

  void DeclareBlock() {
    block_.AddPerToken(RowsType(config_.hidden));
    block_.AddPerToken(PerTokenIntType(), block_.Named(dataflow::kFieldAttr, "position"));
    block_.Add(builder_.getIndexType(), {});
    block_.Add(PoolType(), block_.Named(dataflow::kPoolAttr, "k"));
    block_.Add(PoolType(), block_.Named(dataflow::kPoolAttr, "v"));
    block_.Add(PageTableType(), block_.Named(dataflow::kFieldAttr, "page_table"));
    block_.AddPerToken(PerTokenIntType(), block_.Named(dataflow::kFieldAttr, "slot"));
    block_.AddPerToken(PerTokenIntType(), block_.Named(dataflow::kFieldAttr, "start"));
    block_.AddWeight(kRopeCos, weights_, 0);
    block_.AddWeight(kRopeSin, weights_, 0);
    for (const char* pattern : kLayerWeights) block_.AddWeight(pattern, weights_, 0);
  }

  void DeclareStep() {
    for (const char* field : {"token_id", "position", "start", "slot", "wants_logits"}) {
      step_.AddPerToken(PerTokenIntType(), step_.Named(dataflow::kFieldAttr, field));
    }
    step_.Add(PageTableType(), step_.Named(dataflow::kFieldAttr, "page_table"));
    step_.Add(PoolType(), step_.Named(dataflow::kPoolAttr, "k"));
    step_.Add(PoolType(), step_.Named(dataflow::kPoolAttr, "v"));
    step_.AddWeight(kEmbedding, weights_, 0);
    step_.AddWeight(kRopeCos, weights_, 0);
    step_.AddWeight(kRopeSin, weights_, 0);
    for (const char* pattern : kLayerWeights) step_.AddWeight(pattern, weights_, config_.layers);
    step_.AddWeight(kFinalNorm, weights_, 0);
    if (!config_.tied_head) step_.AddWeight(kHead, weights_, 0);
  }

  // A weight's argument of the function that `signature` describes.
  static Value Argument(const Signature& signature, mlir::func::FuncOp function, const char* pattern,
                        WeightPart part) {
    const int64_t index = signature.Find(pattern, part);
    return index >= 0 ? Value(function.getArgument(static_cast<unsigned>(index))) : Value();
  }

  static QuantisedMatrix Matrix(const Signature& signature, mlir::func::FuncOp function,
                                const char* pattern) {
    return {Argument(signature, function, pattern, WeightPart::kQ),
            Argument(signature, function, pattern, WeightPart::kD),
            Argument(signature, function, pattern, WeightPart::kM)};
  }

  // x * (1 / sqrt(mean of x^2 + eps)) * weight
  Value RmsNorm(LinalgBuilder& l, Value x, Value weight, bool use_weight) {
    OpBuilder& b = l.builder();
    const Type f32 = b.getF32Type();
    AffineExpr t, k;
    bindDims(b.getContext(), t, k);
    const AffineMap element = AffineMap::get(2, 0, {t, k}, b.getContext());
    const AffineMap row = AffineMap::get(2, 0, {t}, b.getContext());
    const AffineMap column = AffineMap::get(2, 0, {k}, b.getContext());
    Value zeros = l.Zeros({l.Size(x, 0)});
    Value squares =
        b.create<mlir::linalg::GenericOp>(
             loc_, zeros.getType(), x, zeros, llvm::ArrayRef{element, row},
             llvm::ArrayRef{mlir::utils::IteratorType::parallel, mlir::utils::IteratorType::reduction},
             [](OpBuilder& b, Location loc, ValueRange in) {
               Value square = b.create<mlir::arith::MulFOp>(loc, in[0], in[0]);
               Value sum = b.create<mlir::arith::AddFOp>(loc, in[1], square);
               b.create<mlir::linalg::YieldOp>(loc, sum);
             })
            .getResult(0);
    const int64_t width = llvm::cast<RankedTensorType>(x.getType()).getDimSize(1);
    const float factor = recipe_.mean_of_squares ? 1.0f / static_cast<float>(width) : 1.0f;
    Value inverse = l.Pointwise(f32, squares, [&](OpBuilder& b, Location loc, ValueRange in) -> Value {
      Value mean = b.create<mlir::arith::MulFOp>(loc, in[0], FloatConstant(b, loc, factor));
      Value safe = b.create<mlir::arith::AddFOp>(loc, mean, FloatConstant(b, loc, config_.rms_epsilon));
      return b.create<mlir::math::RsqrtOp>(loc, safe);
    });
    const llvm::SmallVector<OpFoldResult> sizes = l.Sizes(x);
    const auto normalise = [](OpBuilder& b, Location loc, ValueRange in) -> Value {
      Value normal = b.create<mlir::arith::MulFOp>(loc, in[0], in[1]);
      return in.size() > 2 ? b.create<mlir::arith::MulFOp>(loc, normal, in[2]).getResult() : normal;
    };
    if (!use_weight) return l.Elementwise(sizes, f32, {x, inverse}, {element, row}, normalise);
    return l.Elementwise(sizes, f32, {x, inverse, weight}, {element, row, column}, normalise);
  }

  // x [T, N] and a bias [N].
  Value AddBias(LinalgBuilder& l, Value x, Value bias) {
    OpBuilder& b = l.builder();
    const AffineMap column = AffineMap::get(2, 0, {b.getAffineDimExpr(1)}, b.getContext());
    return l.Elementwise(l.Sizes(x), b.getF32Type(), {x, bias}, {b.getMultiDimIdentityMap(2), column},
                         [](OpBuilder& b, Location loc, ValueRange in) -> Value {
                           return b.create<mlir::arith::AddFOp>(loc, in[0], in[1]);
                         });
  }

  // Turns the pairs of each head by the angle of the token's position: [T, heads * D] -> [T, heads, D].
  Value Rotate(LinalgBuilder& l, Value x, int64_t heads, Value position, int64_t position_offset, Value cos,
               Value sin) {
    const int64_t pairs = config_.head_dim / 2;
    if (recipe_.rope == RopePairs::kNone) return l.Expand(x, {{0}, {1, 2}}, {heads, config_.head_dim});
    // Dimension of the pair's two members within [T, heads, ., .], and of the pair's number.
    const unsigned member_dim = recipe_.rope == RopePairs::kInterleaved ? 3 : 2;
    const unsigned pair_dim = 5 - member_dim;
    llvm::SmallVector<int64_t, 3> inner = {heads, pairs, pairs};
    inner[member_dim - 1] = 2;
    Value split = l.Expand(x, {{0}, {1, 2, 3}}, inner);
    OpBuilder& b = l.builder();
    const auto member = [&](int64_t which) {
      llvm::SmallVector<AffineExpr> exprs;
      for (unsigned i = 0; i < 4; ++i) exprs.push_back(b.getAffineDimExpr(i));
      exprs[member_dim] = b.getAffineConstantExpr(which);
      return AffineMap::get(4, 0, exprs, b.getContext());
    };
    const AffineMap token = AffineMap::get(4, 0, {b.getAffineDimExpr(0)}, b.getContext());
    const auto turn = [&](OpBuilder& b, Location loc, ValueRange in) -> Value {
      Value row = in[2];
      if (position_offset != 0) {
        Value offset = b.create<mlir::arith::ConstantIntOp>(loc, position_offset, 32);
        Value zero = b.create<mlir::arith::ConstantIntOp>(loc, 0, 32);
        row = b.create<mlir::arith::MaxSIOp>(loc, b.create<mlir::arith::AddIOp>(loc, row, offset), zero);
      }
      row = b.create<mlir::arith::IndexCastOp>(loc, b.getIndexType(), row);
      Value pair = b.create<mlir::linalg::IndexOp>(loc, pair_dim);
      Value which = b.create<mlir::linalg::IndexOp>(loc, member_dim);
      Value c = b.create<mlir::tensor::ExtractOp>(loc, cos, ValueRange{row, pair});
      Value s = b.create<mlir::tensor::ExtractOp>(loc, sin, ValueRange{row, pair});
      // One by one, so that the text of the module doesn't depend on C++'s order of evaluation.
      const auto product = [&](Value x, Value y) {
        return b.create<mlir::arith::MulFOp>(loc, x, y).getResult();
      };
      Value first_cos = product(in[0], c);
      Value second_sin = product(in[1], s);
      Value first = b.create<mlir::arith::SubFOp>(loc, first_cos, second_sin);
      Value first_sin = product(in[0], s);
      Value second_cos = product(in[1], c);
      Value second = b.create<mlir::arith::AddFOp>(loc, first_sin, second_cos);
      Value zero = b.create<mlir::arith::ConstantIndexOp>(loc, 0);
      Value is_first = b.create<mlir::arith::CmpIOp>(loc, mlir::arith::CmpIPredicate::eq, which, zero);
      return b.create<mlir::arith::SelectOp>(loc, is_first, first, second);
    };
    Value turned = l.Elementwise(l.Sizes(split), b.getF32Type(), {split, split, position},
                                 {member(0), member(1), token}, turn);
    return l.Collapse(turned, {{0}, {1}, {2, 3}});
  }

  Value ToHalf(LinalgBuilder& l, Value x) {
    return l.Pointwise(builder_.getF16Type(), x, [](OpBuilder& b, Location loc, ValueRange in) -> Value {
      return b.create<mlir::arith::TruncFOp>(loc, b.getF16Type(), in[0]);
    });
  }

  Value SiluTimes(LinalgBuilder& l, Value gate, Value up) {
    const Type f32 = builder_.getF32Type();
    if (recipe_.gate_activation) {
      gate = l.Pointwise(f32, gate, [](OpBuilder& b, Location loc, ValueRange in) -> Value {
        Value negative = b.create<mlir::arith::NegFOp>(loc, in[0]);
        Value exponential = b.create<mlir::math::ExpOp>(loc, negative);
        Value sum = b.create<mlir::arith::AddFOp>(loc, FloatConstant(b, loc, 1), exponential);
        return b.create<mlir::arith::DivFOp>(loc, in[0], sum);
      });
    }
    return l.Pointwise(f32, {gate, up}, [](OpBuilder& b, Location loc, ValueRange in) -> Value {
      return b.create<mlir::arith::MulFOp>(loc, in[0], in[1]);
    });
  }

  void BuildBlock(mlir::func::FuncOp block) {
    builder_.setInsertionPointToStart(block.addEntryBlock());
    LinalgBuilder l(builder_, loc_);
    const auto value = [&](const char* pattern) {
      return Argument(block_, block, pattern, WeightPart::kValue);
    };
    const auto project = [&](Value x, const char* pattern) {
      return l.MatMulTransposed(x, l.Dequantise(Matrix(block_, block, pattern)));
    };
    Value x = block.getArgument(0);
    Value position = block.getArgument(1);
    Value layer = block.getArgument(2);
    Value k_pool = block.getArgument(3);
    Value v_pool = block.getArgument(4);
    Value page_table = block.getArgument(5);
    Value slot = block.getArgument(6);
    Value start = block.getArgument(7);

    const auto add_bias = [&](Value x, const char* pattern) {
      Value bias = value(pattern);
      return bias && recipe_.attention_biases ? AddBias(l, x, bias) : x;
    };

    Value normal = RmsNorm(l, x, value(kAttnNorm), recipe_.attn_norm_weight);
    Value q = add_bias(project(normal, kAttnQ), kAttnQBias);
    Value k = add_bias(project(normal, recipe_.keys_from_values ? kAttnV : kAttnK), kAttnKBias);
    Value v = add_bias(project(normal, kAttnV), kAttnVBias);
    q = Rotate(l, q, config_.query_heads, position, recipe_.query_position_offset, value(kRopeCos),
               value(kRopeSin));
    k = ToHalf(l, Rotate(l, k, config_.kv_heads, position, 0, value(kRopeCos), value(kRopeSin)));
    v = ToHalf(l, l.Expand(v, {{0}, {1, 2}}, {config_.kv_heads, config_.head_dim}));
    Value attended = builder_.create<dataflow::PagedAttentionOp>(
        loc_, q.getType(), q, k, v, k_pool, v_pool, page_table, slot, position, start, layer,
        builder_.getF32FloatAttr(recipe_.attention_scale), mlir::AffineMapAttr::get(recipe_.kv_head_map),
        mlir::AffineMapAttr::get(recipe_.page_map), builder_.getI64IntegerAttr(recipe_.mask_offset));
    Value output = add_bias(project(l.Collapse(attended, {{0}, {1, 2}}), kAttnOutput), kAttnOutputBias);
    x = recipe_.attn_residual ? l.Add(x, output) : output;

    normal = RmsNorm(l, x, value(kFfnNorm), recipe_.ffn_norm_weight);
    Value gate = project(normal, kFfnGate);
    Value up = project(normal, kFfnUp);
    Value inner = recipe_.swap_gate_and_up ? SiluTimes(l, up, gate) : SiluTimes(l, gate, up);
    output = project(inner, kFfnDown);
    x = recipe_.ffn_residual ? l.Add(x, output) : output;
    builder_.create<mlir::func::ReturnOp>(loc_, ValueRange{x, k, v});
  }

  // The slice of one layer out of a stack.
  Value LayerSlice(LinalgBuilder& l, Value stack, Value layer) {
    auto type = llvm::cast<RankedTensorType>(stack.getType());
    const int64_t rank = type.getRank();
    llvm::SmallVector<OpFoldResult> offsets(rank, builder_.getIndexAttr(0));
    llvm::SmallVector<OpFoldResult> strides(rank, builder_.getIndexAttr(1));
    llvm::SmallVector<OpFoldResult> sizes = l.Sizes(stack);
    offsets[0] = layer;
    sizes[0] = builder_.getIndexAttr(1);
    const auto slice_type = RankedTensorType::get(type.getShape().drop_front(), type.getElementType());
    return builder_.create<mlir::tensor::ExtractSliceOp>(loc_, slice_type, stack, offsets, sizes, strides);
  }

  // Calls @block for every layer; the residual is the loop's only value.
  Value BuildLayers(LinalgBuilder& l, mlir::func::FuncOp step, mlir::func::FuncOp block, Value x) {
    Value position = step.getArgument(1);
    Value start = step.getArgument(2);
    Value slot = step.getArgument(3);
    Value page_table = step.getArgument(5);
    Value k_pool = step.getArgument(6);
    Value v_pool = step.getArgument(7);
    auto loop = builder_.create<mlir::scf::ForOp>(loc_, l.Index(0), l.Index(config_.layers), l.Index(1), x);
    mlir::OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(loop.getBody());
    Value layer = loop.getInductionVar();
    llvm::SmallVector<Value> operands = {
        loop.getRegionIterArg(0), position, layer, k_pool, v_pool, page_table, slot, start};
    for (const char* table : {kRopeCos, kRopeSin}) {
      operands.push_back(Argument(step_, step, table, WeightPart::kValue));
    }
    for (const char* pattern : kLayerWeights) {
      for (WeightPart part : {WeightPart::kQ, WeightPart::kD, WeightPart::kM, WeightPart::kValue}) {
        Value stack = Argument(step_, step, pattern, part);
        if (stack) operands.push_back(LayerSlice(l, stack, layer));
      }
    }
    auto call = builder_.create<mlir::func::CallOp>(loc_, block, operands);
    builder_.create<dataflow::KvAppendOp>(loc_, call.getResult(1), call.getResult(2), k_pool, v_pool,
                                          page_table, slot, position, layer,
                                          mlir::AffineMapAttr::get(builder_.getMultiDimIdentityMap(1)));
    builder_.create<mlir::scf::YieldOp>(loc_, call.getResult(0));
    return loop.getResult(0);
  }

  void BuildStep(mlir::func::FuncOp step, mlir::func::FuncOp block) {
    builder_.setInsertionPointToStart(step.addEntryBlock());
    LinalgBuilder l(builder_, loc_);
    const QuantisedMatrix embedding = Matrix(step_, step, kEmbedding);
    Value x = l.Gather(embedding, step.getArgument(0));
    x = BuildLayers(l, step, block, x);
    Value rows = builder_.create<dataflow::TakeRowsOp>(loc_, x.getType(), x, step.getArgument(4));
    if (recipe_.final_norm) {
      rows = RmsNorm(l, rows, Argument(step_, step, kFinalNorm, WeightPart::kValue), true);
    }
    const QuantisedMatrix head = config_.tied_head ? embedding : Matrix(step_, step, kHead);
    Value logits = l.MatMulTransposed(rows, l.Dequantise(head));
    builder_.create<mlir::func::ReturnOp>(loc_, logits);
  }

  const LlamaConfig& config_;
  const LlamaRecipe& recipe_;
  const LlamaBounds& bounds_;
  const WeightSource& weights_;
  OpBuilder builder_;
  Location loc_;
  Signature block_;
  Signature step_;
};

}  // namespace

LlamaRecipe DefaultRecipe(const LlamaConfig& config, mlir::MLIRContext* context) {
  LlamaRecipe recipe;
  recipe.rope = config.rope_pairs;
  recipe.attention_scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(config.head_dim)));
  AffineExpr head = mlir::getAffineDimExpr(0, context);
  recipe.kv_head_map = AffineMap::get(1, 0, head.floorDiv(config.query_heads / config.kv_heads));
  recipe.page_map = AffineMap::getMultiDimIdentityMap(1, context);
  return recipe;
}

mlir::OwningOpRef<mlir::ModuleOp> BuildLlamaModule(const LlamaConfig& config, const LlamaRecipe& recipe,
                                                   const LlamaBounds& bounds, const WeightSource& weights,
                                                   mlir::MLIRContext* context) {
  return LlamaGraph(config, recipe, bounds, weights, context).Build();
}

}  // namespace streamtensor::compiler
