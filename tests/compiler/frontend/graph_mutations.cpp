// SPDX-License-Identifier: Apache-2.0
#include "tests/compiler/frontend/graph_mutations.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string>

#include "compiler/frontend/message.h"
#include "compiler/frontend/weight_names.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace streamtensor::compiler {
namespace {

using Base = LinalgDecoderGraph;
using mlir::AffineMap;
using mlir::AffineMapAttr;
using mlir::Value;

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

//===--------------------------------------------------------------------===//
// Attention
//===--------------------------------------------------------------------===//

// Changes the attention that the right graph made.
class EditedAttention : public Base {
 public:
  using Base::Base;
  Tensor Attend(Tensor q, Tensor k, Tensor v, const Attention& parameters) override {
    Tensor result = Base::Attend(q, k, v, parameters);
    Edit(attention(), parameters);
    return result;
  }

 private:
  virtual void Edit(dataflow::PagedAttentionOp op, const Attention& parameters) = 0;
};

class MaskOffByOne : public EditedAttention {
  using EditedAttention::EditedAttention;
  void Edit(dataflow::PagedAttentionOp op, const Attention&) override { op.setMaskOffset(-1); }
};

// Stays within the pages that a sequence has; wrong from its second page on.
class PageSlip : public EditedAttention {
  using EditedAttention::EditedAttention;
  void Edit(dataflow::PagedAttentionOp op, const Attention&) override {
    mlir::AffineExpr page = mlir::getAffineDimExpr(0, op.getContext());
    op.setPageMapAttr(AffineMapAttr::get(AffineMap::get(1, 0, page.floorDiv(2))));
  }
};

// Differs from the model's map for every model with more than one KV head.
class KvHeadsReversed : public EditedAttention {
  using EditedAttention::EditedAttention;
  void Edit(dataflow::PagedAttentionOp op, const Attention& parameters) override {
    mlir::AffineExpr head = mlir::getAffineDimExpr(0, op.getContext());
    const int64_t group = parameters.query_heads / parameters.kv_heads;
    op.setKvHeadMapAttr(
        AffineMapAttr::get(AffineMap::get(1, 0, parameters.kv_heads - 1 - head.floorDiv(group))));
  }
};

class EditedWindows : public Base {
 public:
  using Base::Base;
  Tensor Attend(Tensor q, Tensor k, Tensor v, const Attention& parameters) override {
    Attention changed = parameters;
    if (!changed.windows.empty()) Edit(changed.windows);
    return Base::Attend(q, k, v, changed);
  }

 private:
  virtual void Edit(std::vector<int64_t>& windows) = 0;
};

class NoWindow : public EditedWindows {
  using EditedWindows::EditedWindows;
  void Edit(std::vector<int64_t>& windows) override { windows.clear(); }
};

class WindowOffByOne : public EditedWindows {
  using EditedWindows::EditedWindows;
  void Edit(std::vector<int64_t>& windows) override {
    for (int64_t& window : windows) window += window > 0 ? 1 : 0;
  }
};

class WindowInOneLayer : public EditedWindows {
  using EditedWindows::EditedWindows;
  void Edit(std::vector<int64_t>& windows) override { windows.front() = 0; }
};

class OneRope : public Base {
  using Base::Base;
  Tensor Rotate(Tensor x, const Rope& rope) override {
    Rope changed = rope;
    changed.is_local.clear();
    return Base::Rotate(x, changed);
  }
};

class RopesSwapped : public Base {
  using Base::Base;
  Tensor Rotate(Tensor x, const Rope& rope) override {
    Rope changed = rope;
    changed.is_local.flip();
    return Base::Rotate(x, changed);
  }
};

class AttentionScale : public Base {
  using Base::Base;
  Tensor Attend(Tensor q, Tensor k, Tensor v, const Attention& parameters) override {
    Attention changed = parameters;
    changed.scale = 1.0f / static_cast<float>(parameters.head_dim);
    return Base::Attend(q, k, v, changed);
  }
};

class KeysFromValues : public Base {
  using Base::Base;
  Tensor Project(Tensor x, std::string_view matrix, std::string_view bias) override {
    return Base::Project(x, matrix == kKeyProjection ? kValueProjection : matrix, bias);
  }
};

//===--------------------------------------------------------------------===//
// Positions
//===--------------------------------------------------------------------===//

class NoRope : public Base {
  using Base::Base;
  Tensor Rotate(Tensor x, const Rope&) override { return x; }
};

class OtherRopePairs : public Base {
  using Base::Base;
  Tensor Rotate(Tensor x, const Rope& rope) override {
    Rope changed = rope;
    changed.pairs = rope.pairs == RopePairs::kInterleaved ? RopePairs::kHalves : RopePairs::kInterleaved;
    return Base::Rotate(x, changed);
  }
};

// Reads a table at the position before a token's, while `before_` is set.
class PositionBefore : public Base {
 public:
  using Base::Base;

 protected:
  Value TableRow(mlir::OpBuilder& b, mlir::Location loc, Value position) override {
    if (!before_) return Base::TableRow(b, loc, position);
    Value offset = b.create<mlir::arith::ConstantIntOp>(loc, -1, 32);
    Value zero = b.create<mlir::arith::ConstantIntOp>(loc, 0, 32);
    Value before = b.create<mlir::arith::AddIOp>(loc, position, offset);
    return Base::TableRow(b, loc, b.create<mlir::arith::MaxSIOp>(loc, before, zero));
  }

  bool before_ = false;
};

class QueryPosition : public PositionBefore {
  using PositionBefore::PositionBefore;
  Tensor Project(Tensor x, std::string_view matrix, std::string_view bias) override {
    Tensor result = Base::Project(x, matrix, bias);
    if (matrix == kQueryProjection) queries_ = ValueOf(result);
    return result;
  }
  Tensor Normalize(Tensor x, const Norm& norm) override {
    Tensor result = Base::Normalize(x, norm);
    if (ValueOf(x) == queries_) queries_ = ValueOf(result);
    return result;
  }
  Tensor Rotate(Tensor x, const Rope& rope) override {
    before_ = ValueOf(x) == queries_;
    return Base::Rotate(x, rope);
  }

  Value queries_;
};

class LearnedPosition : public PositionBefore {
  using PositionBefore::PositionBefore;
  Tensor EmbedPositions(std::string_view table) override {
    before_ = true;
    return Base::EmbedPositions(table);
  }
};

class NoLearnedPositions : public Base {
  using Base::Base;
  Tensor EmbedPositions(std::string_view table) override {
    Tensor positions = Base::EmbedPositions(table);
    positions_ = ValueOf(positions);
    return positions;
  }
  Tensor Add(Tensor a, Tensor b) override { return ValueOf(b) == positions_ ? a : Base::Add(a, b); }

  Value positions_;
};

//===--------------------------------------------------------------------===//
// Biases, norms, residuals
//===--------------------------------------------------------------------===//

class NoAttentionBiases : public Base {
  using Base::Base;
  Tensor Project(Tensor x, std::string_view matrix, std::string_view bias) override {
    return Base::Project(x, matrix,
                         IsOneOf(bias, {kQueryBias, kKeyBias, kValueBias, kAttentionOutputBias}) ? "" : bias);
  }
};

class NoFeedForwardBiases : public Base {
  using Base::Base;
  Tensor Project(Tensor x, std::string_view matrix, std::string_view bias) override {
    return Base::Project(x, matrix, IsOneOf(bias, {kUpBias, kDownBias}) ? "" : bias);
  }
};

class NoNormBiases : public Base {
  using Base::Base;
  Tensor Normalize(Tensor x, const Norm& norm) override {
    Norm changed = norm;
    changed.bias = "";
    return Base::Normalize(x, changed);
  }
};

class NormWithoutWeight : public Base {
 public:
  NormWithoutWeight(mlir::MLIRContext* context, std::string_view weight) : Base(context), weight_(weight) {}

 private:
  Tensor Normalize(Tensor x, const Norm& norm) override {
    Norm changed = norm;
    if (norm.weight == weight_) changed.weight = "";
    return Base::Normalize(x, changed);
  }

  const std::string_view weight_;
};

struct AttentionNormWeight : NormWithoutWeight {
  explicit AttentionNormWeight(mlir::MLIRContext* context) : NormWithoutWeight(context, kAttentionNorm) {}
};

struct FeedForwardNormWeight : NormWithoutWeight {
  explicit FeedForwardNormWeight(mlir::MLIRContext* context) : NormWithoutWeight(context, kFeedForwardNorm) {}
};

// x / sqrt(n m + epsilon) is x / sqrt(m + epsilon / n), divided by the root of n.
class NormSum : public Base {
  using Base::Base;
  Tensor Normalize(Tensor x, const Norm& norm) override {
    const auto width =
        static_cast<float>(llvm::cast<mlir::RankedTensorType>(ValueOf(x).getType()).getDimSize(1));
    Norm changed = norm;
    changed.epsilon = norm.epsilon / width;
    return Base::Scale(Base::Normalize(x, changed), 1.0f / std::sqrt(width));
  }
};

class OtherNorm : public Base {
  using Base::Base;
  Tensor Normalize(Tensor x, const Norm& norm) override {
    Norm changed = norm;
    changed.kind = norm.kind == NormKind::kRms ? NormKind::kLayer : NormKind::kRms;
    return Base::Normalize(x, changed);
  }
};

class NoHeadNorms : public Base {
  using Base::Base;
  Tensor Normalize(Tensor x, const Norm& norm) override {
    return IsOneOf(norm.weight, {kQueryNorm, kKeyNorm}) ? x : Base::Normalize(x, norm);
  }
};

// All heads of a row by one factor.
class NormOfAllHeads : public Base {
  using Base::Base;
  Tensor Normalize(Tensor x, const Norm& norm) override {
    if (!IsOneOf(norm.weight, {kQueryNorm, kKeyNorm})) return Base::Normalize(x, norm);
    Norm whole = norm;
    whole.heads = 1;
    whole.weight = "";
    return Base::Normalize(x, whole);
  }
};

class NoBranchNorms : public Base {
  using Base::Base;
  Tensor Normalize(Tensor x, const Norm& norm) override {
    return IsOneOf(norm.weight, {kAttentionOutputNorm, kFeedForwardOutputNorm}) ? x
                                                                                : Base::Normalize(x, norm);
  }
};

class NoEmbeddingScale : public Base {
  using Base::Base;
  Tensor Scale(Tensor x, float) override { return x; }
};

class NoFinalNorm : public Base {
  using Base::Base;
  Tensor Normalize(Tensor x, const Norm& norm) override {
    return norm.weight == kOutputNorm ? x : Base::Normalize(x, norm);
  }
};

class NoResidual : public Base {
 public:
  NoResidual(mlir::MLIRContext* context, std::string_view branch) : Base(context), branch_(branch) {}

 private:
  Tensor Project(Tensor x, std::string_view matrix, std::string_view bias) override {
    Tensor result = Base::Project(x, matrix, bias);
    if (matrix == branch_) value_ = ValueOf(result);
    return result;
  }
  Tensor Normalize(Tensor x, const Norm& norm) override {
    Tensor result = Base::Normalize(x, norm);
    if (ValueOf(x) == value_) value_ = ValueOf(result);
    return result;
  }
  Tensor Add(Tensor a, Tensor b) override { return ValueOf(b) == value_ ? b : Base::Add(a, b); }

  const std::string_view branch_;  // the last matrix of what is added
  Value value_;
};

struct NoAttentionResidual : NoResidual {
  explicit NoAttentionResidual(mlir::MLIRContext* context) : NoResidual(context, kAttentionOutput) {}
};

struct NoFeedForwardResidual : NoResidual {
  explicit NoFeedForwardResidual(mlir::MLIRContext* context) : NoResidual(context, kDownProjection) {}
};

//===--------------------------------------------------------------------===//
// Activations
//===--------------------------------------------------------------------===//

class GateUpSwapped : public Base {
  using Base::Base;
  Tensor Project(Tensor x, std::string_view matrix, std::string_view bias) override {
    if (matrix == kGateProjection) gated_ = true;
    if (gated_ && IsOneOf(matrix, {kGateProjection, kUpProjection})) {
      matrix = matrix == kUpProjection ? kGateProjection : kUpProjection;
    }
    return Base::Project(x, matrix, bias);
  }

  bool gated_ = false;  // there is a gate, and it comes first
};

class NoActivation : public Base {
  using Base::Base;
  Tensor Activate(Tensor x, Activation) override { return x; }
};

class OtherActivation : public Base {
  using Base::Base;
  Tensor Activate(Tensor x, Activation activation) override {
    return Base::Activate(x, activation == Activation::kSilu ? Activation::kGeluTanh : Activation::kSilu);
  }
};

template <class Graph>
std::unique_ptr<LinalgDecoderGraph> Make(mlir::MLIRContext* context) {
  return std::make_unique<Graph>(context);
}

}  // namespace

const std::vector<GraphMutation>& GraphMutations() {
  static const auto& mutations = *new std::vector<GraphMutation>{
      {"mask-off-by-one", "a token doesn't see itself", Make<MaskOffByOne>},
      {"page-slip", "page p of a sequence is read from page p/2", Make<PageSlip>},
      {"kv-heads-reversed", "query heads use the KV heads in reverse order", Make<KvHeadsReversed>},
      {"no-window", "a token sees all positions before its own", Make<NoWindow>},
      {"window-off-by-one", "a token sees one position more than its window has", Make<WindowOffByOne>},
      {"window-in-one-layer", "the first layer has no window", Make<WindowInOneLayer>},
      {"one-rope", "layers with a window rotate as those without", Make<OneRope>},
      {"ropes-swapped", "layers with a window rotate as those without, and the reverse", Make<RopesSwapped>},
      {"attention-scale", "scores are divided by head_dim instead of its root", Make<AttentionScale>},
      {"keys-from-values", "keys are made with the weights of values", Make<KeysFromValues>},
      {"no-rope", "queries and keys aren't rotated", Make<NoRope>},
      {"rope-pairs", "RoPE rotates i with i + head_dim/2 instead of its neighbour, or the reverse",
       Make<OtherRopePairs>},
      {"query-position", "queries are rotated for the position before theirs", Make<QueryPosition>},
      {"learned-position", "a token gets the embedding of the position before its own",
       Make<LearnedPosition>},
      {"no-learned-positions", "tokens get no embedding of their positions", Make<NoLearnedPositions>},
      {"no-attention-biases", "queries, keys, values and the attention's output get no bias",
       Make<NoAttentionBiases>},
      {"no-ffn-biases", "the feed-forward part's projections get no bias", Make<NoFeedForwardBiases>},
      {"no-norm-biases", "norms have no bias", Make<NoNormBiases>},
      {"attn-norm-weight", "the norm before attention has no weight", Make<AttentionNormWeight>},
      {"ffn-norm-weight", "the norm before the feed-forward part has no weight", Make<FeedForwardNormWeight>},
      {"norm-sum", "norms divide by the root of the sum of squares instead of their mean", Make<NormSum>},
      {"norm-kind", "norms subtract no mean, or do where they shouldn't", Make<OtherNorm>},
      {"no-head-norms", "queries and keys aren't normalised", Make<NoHeadNorms>},
      {"head-norm-of-all-heads", "queries and keys are normalised over all heads at once, without a weight",
       Make<NormOfAllHeads>},
      {"no-branch-norms", "what is added to the residual isn't normalised", Make<NoBranchNorms>},
      {"no-embedding-scale", "the embedding's rows are taken as they are", Make<NoEmbeddingScale>},
      {"no-final-norm", "the head reads the residual as it is", Make<NoFinalNorm>},
      {"no-attn-residual", "attention replaces the residual", Make<NoAttentionResidual>},
      {"no-ffn-residual", "the feed-forward part replaces the residual", Make<NoFeedForwardResidual>},
      {"gate-up-swapped", "the activation is taken of up instead of gate", Make<GateUpSwapped>},
      {"no-activation", "the feed-forward part has no activation", Make<NoActivation>},
      {"other-activation", "GELU for SiLU, SiLU for any other", Make<OtherActivation>},
  };
  return mutations;
}

absl::StatusOr<GraphMutation> FindGraphMutation(std::string_view name) {
  std::string known;
  for (const GraphMutation& mutation : GraphMutations()) {
    if (mutation.name == name) return mutation;
    known += Message(known.empty() ? "" : ", ", mutation.name);
  }
  return absl::InvalidArgumentError(
      Message("no graph mutation is called ", Quoted(name), "; there are ", known));
}

}  // namespace streamtensor::compiler
