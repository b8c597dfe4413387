// SPDX-License-Identifier: Apache-2.0
#include "compiler/processes/pages.h"

#include "compiler/analysis/step_function.h"
#include "kernels/contract/kv_pages.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace streamtensor::compiler::process {

mlir::LogicalResult ExpectField(mlir::Operation* source, mlir::Value value, llvm::StringRef expected) {
  const std::string field = StepFunction::FieldOf(value);
  if (field == expected) return mlir::success();
  return source->emitError("takes ") << (field.empty() ? "a computed value" : "the field " + field)
                                     << " where the template takes " << expected << " from the descriptor";
}

mlir::LogicalResult PlanPages(mlir::Operation* source, mlir::Value page_table, mlir::Value slot,
                              mlir::Value position, mlir::Value layer, dataflow::ProcessPlan& plan) {
  if (plan.section != dataflow::Section::layer) {
    return source->emitError("stands outside the layers; its pages are counted by layer");
  }
  if (mlir::failed(ExpectField(source, page_table, "page_table")) ||
      mlir::failed(ExpectField(source, slot, "slot")) ||
      mlir::failed(ExpectField(source, position, "position"))) {
    return mlir::failure();
  }
  auto loop = source->getParentOfType<mlir::scf::ForOp>();
  if (!loop || layer != loop.getInductionVar()) {
    return source->emitError("must be given the layer that it stands in");
  }
  auto type = llvm::cast<mlir::RankedTensorType>(page_table.getType());
  if (type.isDynamicDim(1)) return source->emitError("needs a page table of known width, got ") << type;
  plan.max_pages = type.getDimSize(1);
  return mlir::success();
}

mlir::LogicalResult ExpectPools(mlir::Operation* process, const dataflow::ProcessEnds& ends, int64_t kv_heads,
                                int64_t head_dim) {
  auto design = process->getParentOfType<dataflow::DesignOp>();
  if (design.getMaxPages() < 1) {
    return process->emitOpError("needs a page table, but the design's max_pages is 0");
  }
  const auto pool =
      mlir::RankedTensorType::get({mlir::ShapedType::kDynamic, static_cast<int64_t>(design.getLayers()),
                                   kv_heads, contract::kPageTokens, head_dim},
                                  mlir::Float16Type::get(process->getContext()));
  for (dataflow::MemoryOp memory : ends.memories) {
    const mlir::Type type = memory.getType().value_or(mlir::Type());
    if (type != pool)
      return memory.emitOpError("is a pool and must have the type ") << pool << ", got " << type;
  }
  return mlir::success();
}

void PlanPool(llvm::StringRef role, mlir::Value pool, dataflow::ProcessPlan& plan) {
  mlir::NamedAttrList attributes;
  attributes.set("type", mlir::TypeAttr::get(pool.getType()));
  plan.memories.push_back({role.str(), /*after_process=*/false, role, attributes});
}

}  // namespace streamtensor::compiler::process
