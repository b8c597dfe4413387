// SPDX-License-Identifier: Apache-2.0
#include "compiler/processes/pages.h"

#include <limits>
#include <string>

#include "compiler/analysis/step_function.h"
#include "kernels/contract/kv_pages.h"
#include "llvm/ADT/StringExtras.h"
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

mlir::LogicalResult ExpectPositive(mlir::Operation* process,
                                   llvm::ArrayRef<std::pair<llvm::StringRef, uint64_t>> sizes) {
  for (const auto& [name, size] : sizes) {
    const auto value = static_cast<int64_t>(size);
    if (value < 1) return process->emitOpError() << name << " must be at least 1, got " << value;
  }
  return mlir::success();
}

mlir::LogicalResult ExpectIndexMap(mlir::Operation* process, llvm::StringRef name, mlir::AffineMap map) {
  if (map.getNumDims() == 1 && map.getNumSymbols() == 0 && map.getNumResults() == 1) return mlir::success();
  return process->emitOpError() << name << " must take one index to one, got "
                                << mlir::AffineMapAttr::get(map);
}

mlir::LogicalResult ExpectWindows(mlir::Operation* process, llvm::ArrayRef<int64_t> windows) {
  for (int64_t window : windows) {
    if (window < 0 || window > std::numeric_limits<int32_t>::max()) {
      return process->emitOpError("a window must be 0 or a number of positions below 2^31, got ") << window;
    }
  }
  const auto layers = static_cast<size_t>(process->getParentOfType<dataflow::DesignOp>().getLayers());
  if (windows.empty() || windows.size() == layers) return mlir::success();
  return process->emitOpError("has windows of ") << windows.size() << " layers, the design has " << layers;
}

void WriteWindows(hls::ProcessWriter& writer, llvm::ArrayRef<int64_t> windows) {
  if (windows.empty()) return;
  writer.out().line("constexpr int " + writer.name() + "_window[] = {" +
                    llvm::join(llvm::map_range(windows, [](int64_t w) { return std::to_string(w); }), ", ") +
                    "};");
}

void WritePageConstants(hls::ProcessWriter& writer, int64_t kv_heads, int64_t head_dim, int64_t mask_offset,
                        llvm::ArrayRef<int64_t> windows) {
  writer.Constant("layers", writer.design().layers());
  writer.Constant("kv_heads", kv_heads);
  writer.Constant("head_dim", head_dim);
  writer.Constant("step_tokens", writer.design().step_tokens());
  writer.Constant("max_pages", writer.design().max_pages());
  writer.Constant("mask_offset", mask_offset);
  if (windows.empty()) return;
  writer.out().line("static constexpr int window(int layer) { return " + writer.name() + "_window[layer]; }");
}

dataflow::ProcessPlan::Memory PlanPool(llvm::StringRef role, mlir::Value pool) {
  mlir::NamedAttrList attributes;
  attributes.set("type", mlir::TypeAttr::get(pool.getType()));
  return {role.str(), /*after_process=*/false, role, attributes};
}

}  // namespace streamtensor::compiler::process
