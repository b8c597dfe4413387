// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/binding.h"

#include "kernels/contract/word.h"
#include "mlir/IR/Builders.h"

namespace streamtensor::compiler::dataflow {

using namespace mlir;

namespace {

constexpr int64_t kMaxTile = 1024;
// Arrays have as many banks as a word has lanes.
constexpr int64_t kMaxUnroll = contract::kLanes;

}  // namespace

DictionaryAttr Binding::ToAttribute(MLIRContext* context) const {
  Builder b(context);
  if (!spatial) return b.getDictionaryAttr(b.getNamedAttr("kind", b.getStringAttr("fused")));
  return b.getDictionaryAttr({b.getNamedAttr("kind", b.getStringAttr("spatial")),
                              b.getNamedAttr("tile", b.getI64IntegerAttr(tile)),
                              b.getNamedAttr("unroll", b.getI64IntegerAttr(unroll)),
                              b.getNamedAttr("width", b.getI64IntegerAttr(width))});
}

std::optional<Binding> BindingOf(Operation* op) {
  auto attribute = op->getAttrOfType<DictionaryAttr>(kBindingAttr);
  if (!attribute) return std::nullopt;
  Binding binding;
  binding.spatial = attribute.getAs<StringAttr>("kind").getValue() == "spatial";
  auto read = [&](StringRef name, int64_t& value) {
    if (auto number = attribute.getAs<IntegerAttr>(name)) value = number.getInt();
  };
  read("tile", binding.tile);
  read("unroll", binding.unroll);
  read("width", binding.width);
  return binding;
}

LogicalResult VerifyBinding(Operation* op, Attribute attribute) {
  auto dictionary = dyn_cast<DictionaryAttr>(attribute);
  auto kind = dictionary ? dictionary.getAs<StringAttr>("kind") : StringAttr();
  if (!kind || (kind.getValue() != "spatial" && kind.getValue() != "fused"))
    return op->emitOpError() << kBindingAttr
                             << " must be a dictionary whose kind is \"spatial\" or \"fused\", got "
                             << attribute;
  for (NamedAttribute entry : dictionary) {
    const StringRef name = entry.getName().getValue();
    if (name == "kind") continue;
    const int64_t least = name == "width" ? contract::kLanes : 1;
    const int64_t most = name == "tile"     ? kMaxTile
                         : name == "unroll" ? kMaxUnroll
                         : name == "width"  ? contract::kLanes
                                            : 0;
    if (most == 0 || kind.getValue() == "fused")
      return op->emitOpError() << kBindingAttr << " has tile, unroll and width where it is spatial, got "
                               << name << " of a " << kind.getValue() << " one";
    auto number = dyn_cast<IntegerAttr>(entry.getValue());
    if (!number || !number.getType().isInteger(64) || number.getInt() < least || number.getInt() > most)
      return op->emitOpError() << kBindingAttr << "'s " << name << " must be " << least << ".." << most
                               << ", got " << entry.getValue();
  }
  return success();
}

}  // namespace streamtensor::compiler::dataflow
