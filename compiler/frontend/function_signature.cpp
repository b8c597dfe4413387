// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/function_signature.h"

#include "compiler/dialects/dataflow/DataflowDialect.h"

namespace streamtensor::compiler {

using mlir::NamedAttribute;
using mlir::RankedTensorType;
using mlir::Type;

size_t FunctionSignature::Add(Type type, llvm::ArrayRef<NamedAttribute> attributes) {
  types_.push_back(type);
  attributes_.push_back(b_.getDictionaryAttr(attributes));
  return types_.size() - 1;
}

size_t FunctionSignature::AddPerToken(RankedTensorType type, llvm::ArrayRef<NamedAttribute> attributes) {
  llvm::SmallVector<NamedAttribute> all(attributes);
  all.push_back(Named(dataflow::kSymbolAttr, "T"));
  return Add(type, all);
}

NamedAttribute FunctionSignature::Named(llvm::StringRef name, llvm::StringRef value) {
  return b_.getNamedAttr(name, b_.getStringAttr(value));
}

void FunctionSignature::AddWeight(std::string_view name, const WeightSource& weights, int64_t stack) {
  for (WeightPart part : {WeightPart::kQ, WeightPart::kD, WeightPart::kM, WeightPart::kValue}) {
    const absl::StatusOr<WeightShape> shape = weights.Shape(WeightName(name, 0), part);
    if (!shape.ok()) continue;
    RankedTensorType type = WeightType(b_.getContext(), *shape);
    if (stack > 0) {
      llvm::SmallVector<int64_t> dims = {stack};
      dims.append(type.getShape().begin(), type.getShape().end());
      type = RankedTensorType::get(dims, type.getElementType());
    }
    const std::string_view part_name = WeightPartName(part);
    const size_t index = Add(type, {Named(dataflow::kWeightAttr, {name.data(), name.size()}),
                                    Named(dataflow::kPartAttr, {part_name.data(), part_name.size()})});
    weights_.emplace(std::pair(std::string(name), part), index);
  }
}

mlir::func::FuncOp FunctionSignature::Create(mlir::OpBuilder& builder, mlir::Location location,
                                             llvm::StringRef name, llvm::ArrayRef<Type> results) const {
  auto function =
      builder.create<mlir::func::FuncOp>(location, name, builder.getFunctionType(types_, results));
  for (size_t i = 0; i < attributes_.size(); ++i) function.setArgAttrs(i, attributes_[i]);
  return function;
}

mlir::Value FunctionSignature::Argument(mlir::func::FuncOp function, std::string_view name,
                                        WeightPart part) const {
  auto found = weights_.find({std::string(name), part});
  if (found == weights_.end()) return {};
  return function.getArgument(static_cast<unsigned>(found->second));
}

}  // namespace streamtensor::compiler
