// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/tiles.h"

using namespace mlir;

namespace streamtensor::compiler::dataflow {

namespace {

// Equal, or one of them unknown until a symbol has its value.
bool fits(int64_t a, int64_t b) { return a == b || ShapedType::isDynamic(a) || ShapedType::isDynamic(b); }

LogicalResult verifyExtent(Operation* op, StringRef what, int64_t got, StringRef like, int64_t expected) {
  if (fits(got, expected)) return success();
  return op->emitOpError(what) << " is " << got << ", but " << like << " is " << expected;
}

}  // namespace

bool IsWeightGroup(ShapedType q) {
  const int64_t group = q.getDimSize(2);
  const auto bits = static_cast<int>(q.getElementTypeBitWidth());
  return group % contract::kGroupElements == 0 &&
         contract::IsScaleGroups(bits, group / contract::kGroupElements);
}

LogicalResult ContractOp::verify() {
  auto x = getX().getType(), result = getResult().getType();
  auto q = getQ().getType(), d = getD().getType();
  if (!q.hasStaticShape() || !d.hasStaticShape())
    return emitOpError("weights must have static shapes, got ") << q << ", " << d;
  if (!IsWeightGroup(q))
    return emitOpError("weights come in groups of 32, of 4 bits also of 64 or 128, got ") << q.getDimSize(2);
  if (q.getShape().drop_back() != d.getShape())
    return emitOpError("needs one scale a group of q: ") << q << " and " << d;
  if (getM() && getM().getType() != d)
    return emitOpError("minima must have the scales' type ") << d << ", got " << getM().getType();
  if (x.isDynamicDim(1) || x.getDimSize(1) != q.getDimSize(1) * q.getDimSize(2))
    return emitOpError("activations have ")
           << x.getDimSize(1) << " columns, but the weights take " << q.getDimSize(1) * q.getDimSize(2);
  if (failed(verifyExtent(*this, "result's row count", result.getDimSize(0), "the activations'",
                          x.getDimSize(0))))
    return failure();
  if (result.getDimSize(1) != q.getDimSize(0))
    return emitOpError("result has ")
           << result.getDimSize(1) << " columns, but the weights have " << q.getDimSize(0) << " rows";
  return success();
}

// What paged_attention and kv_append have in common: the rows, the pools and the fields.
static LogicalResult verifyPaged(Operation* op, ShapedType kNew, ShapedType vNew, ShapedType kPool,
                                 ShapedType vPool, ArrayRef<ShapedType> fields, AffineMap pageMap) {
  if (kNew != vNew)
    return op->emitOpError("keys and values must have one type, got ") << kNew << " and " << vNew;
  if (kPool != vPool)
    return op->emitOpError("both pools must have one type, got ") << kPool << " and " << vPool;
  if (kNew.isDynamicDim(1) || kNew.isDynamicDim(2))
    return op->emitOpError("heads and head size must be static, got ") << kNew;
  if (failed(verifyExtent(op, "KV heads of the pools", kPool.getDimSize(2), "that of the new keys",
                          kNew.getDimSize(1))) ||
      failed(verifyExtent(op, "head size of the pools", kPool.getDimSize(4), "that of the new keys",
                          kNew.getDimSize(2))))
    return failure();
  if (kPool.getDimSize(3) != contract::kPageTokens)
    return op->emitOpError("a page holds ")
           << contract::kPageTokens << " tokens, got " << kPool.getDimSize(3);
  for (ShapedType field : fields)
    if (failed(verifyExtent(op, "a field's token count", field.getDimSize(0), "that of the new keys",
                            kNew.getDimSize(0))))
      return failure();
  if (pageMap.getNumDims() != 1 || pageMap.getNumResults() != 1 || pageMap.getNumSymbols() != 0)
    return op->emitOpError("page_map must take one index to one, got ") << AffineMapAttr::get(pageMap);
  return success();
}

LogicalResult PagedAttentionOp::verify() {
  auto q = getQ().getType(), kNew = getKNew().getType();
  if (failed(verifyPaged(*this, kNew, getVNew().getType(), cast<ShapedType>(getKPool().getType()),
                         cast<ShapedType>(getVPool().getType()),
                         {getSlot().getType(), getPosition().getType(), getStart().getType()},
                         getEffectivePageMap())))
    return failure();
  if (getResult().getType() != q) return emitOpError("result must have the queries' type ") << q;
  if (failed(verifyExtent(*this, "token count of q", q.getDimSize(0), "that of the new keys",
                          kNew.getDimSize(0))) ||
      failed(
          verifyExtent(*this, "head size of q", q.getDimSize(2), "that of the new keys", kNew.getDimSize(2))))
    return failure();
  AffineMap heads = getKvHeadMap();
  if (heads.getNumDims() != 1 || heads.getNumResults() != 1 || heads.getNumSymbols() != 0)
    return emitOpError("kv_head_map must take one index to one, got ") << AffineMapAttr::get(heads);
  for (int64_t head = 0; head < q.getDimSize(1); ++head) {
    SmallVector<Attribute> folded;
    auto index = IntegerAttr::get(IndexType::get(getContext()), head);
    if (failed(heads.constantFold({index}, folded)))
      return emitOpError("kv_head_map has no value at ") << head;
    int64_t kvHead = cast<IntegerAttr>(folded[0]).getInt();
    if (kvHead < 0 || kvHead >= kNew.getDimSize(1))
      return emitOpError("kv_head_map takes query head ")
             << head << " to KV head " << kvHead << ", there are " << kNew.getDimSize(1);
  }
  const std::optional<ArrayRef<int64_t>> given = getWindows();
  if (!given) return success();
  const auto layers = cast<ShapedType>(getKPool().getType()).getDimSize(1);
  const auto windows = static_cast<int64_t>(given->size());
  if (windows != layers)
    return emitOpError("has windows of ") << windows << " layers, the pools have " << layers;
  for (int64_t window : *given) {
    if (window < 0 || window > std::numeric_limits<int32_t>::max())
      return emitOpError("a window must be 0 or a number of positions below 2^31, got ") << window;
  }
  return success();
}

LogicalResult KvAppendOp::verify() {
  return verifyPaged(*this, getKNew().getType(), getVNew().getType(), cast<ShapedType>(getKPool().getType()),
                     cast<ShapedType>(getVPool().getType()), {getSlot().getType(), getPosition().getType()},
                     getEffectivePageMap());
}

LogicalResult TakeRowsOp::verify() {
  if (getX().getType().getDimSize(1) != getResult().getType().getDimSize(1))
    return emitOpError("result has ")
           << getResult().getType().getDimSize(1) << " columns, but x has " << getX().getType().getDimSize(1);
  return verifyExtent(*this, "flag count", getFlags().getType().getDimSize(0), "row count of x",
                      getX().getType().getDimSize(0));
}

}  // namespace streamtensor::compiler::dataflow
