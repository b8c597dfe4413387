// SPDX-License-Identifier: Apache-2.0
#include "tests/reference/module_arguments.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"

namespace streamtensor::reference {

namespace dataflow = compiler::dataflow;

absl::StatusOr<std::vector<ArgumentRole>> ReadArgumentRoles(mlir::func::FuncOp function) {
  std::vector<ArgumentRole> roles;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    ArgumentRole role;
    role.type = llvm::dyn_cast<mlir::RankedTensorType>(function.getArgument(i).getType());
    bool found = false;
    for (auto [name, kind] : {std::pair(dataflow::kFieldAttr, ArgumentKind::kField),
                              std::pair(dataflow::kPoolAttr, ArgumentKind::kPool),
                              std::pair(dataflow::kWeightAttr, ArgumentKind::kWeight),
                              std::pair(dataflow::kInputAttr, ArgumentKind::kInput)}) {
      auto attribute = function.getArgAttrOfType<mlir::StringAttr>(i, name);
      if (!attribute) continue;
      role.kind = kind;
      role.name = attribute.str();
      found = true;
    }
    if (auto part = function.getArgAttrOfType<mlir::StringAttr>(i, dataflow::kPartAttr))
      role.part = part.str();
    if (!found || !role.type)
      return absl::InvalidArgumentError(absl::StrCat(
          "argument ", i, " of @", function.getSymName().str(),
          " must be a tensor that carries dataflow.field, dataflow.pool, dataflow.weight or dataflow.input"));
    roles.push_back(std::move(role));
  }
  return roles;
}

absl::StatusOr<Array> ReadWeight(const ArgumentRole& role, const compiler::WeightSource& weights) {
  absl::StatusOr<compiler::WeightPart> part = compiler::ParseWeightPart(role.part);
  if (!part.ok()) return part.status();
  const bool stacked = compiler::RunsOverLayers(role.name);
  const int64_t layers = stacked ? role.type.getDimSize(0) : 1;
  Array array;
  array.dims.assign(role.type.getShape().begin(), role.type.getShape().end());
  for (int64_t layer = 0; layer < layers; ++layer) {
    const std::string name = compiler::WeightName(role.name, layer);
    absl::StatusOr<compiler::WeightShape> shape = weights.Shape(name, *part);
    if (!shape.ok()) return shape.status();
    std::vector<int64_t> dims = shape->dims;
    if (stacked) dims.insert(dims.begin(), layers);
    if (dims != array.dims)
      return absl::InvalidArgumentError(absl::StrCat("weight ", name, " (", role.part, ") is [",
                                                     absl::StrJoin(dims, "x"), "], the module takes [",
                                                     absl::StrJoin(array.dims, "x"), "]"));
    switch (shape->element) {
      case compiler::WeightElement::kU4:
        array.element = Element::kU4;
        break;
      case compiler::WeightElement::kI8:
        array.element = Element::kI8;
        break;
      case compiler::WeightElement::kF16:
        array.element = Element::kF16;
        break;
      case compiler::WeightElement::kF32:
        array.element = Element::kF32;
        break;
    }
    absl::StatusOr<std::vector<uint8_t>> bytes = weights.Read(name, *part);
    if (!bytes.ok()) return bytes.status();
    array.data.insert(array.data.end(), bytes->begin(), bytes->end());
  }
  return array;
}

}  // namespace streamtensor::reference
