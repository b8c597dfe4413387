// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/packing_request.h"

#include "compiler/targets/hls/design_index.h"

namespace streamtensor::compiler::hls {
namespace {

std::optional<WeightElement> ElementOf(mlir::Type type) {
  if (type.isF32()) return WeightElement::kF32;
  if (type.isF16()) return WeightElement::kF16;
  if (type.isInteger(8)) return WeightElement::kI8;
  if (type.isInteger(4)) return WeightElement::kU4;
  return std::nullopt;
}

mlir::FailureOr<PackedConstant> ReadConstant(dataflow::MemoryOp memory, int64_t layers) {
  auto type = llvm::dyn_cast<mlir::RankedTensorType>(memory.getType().value_or(mlir::Type()));
  const std::optional<WeightElement> element =
      type && type.hasStaticShape() ? ElementOf(type.getElementType()) : std::nullopt;
  if (!element) return memory.emitOpError("needs a static tensor of f32, f16, i8 or i4");
  const absl::StatusOr<WeightPart> part = ParseWeightPart(memory.getPart()->str());
  if (!part.ok()) return memory.emitOpError("names an unknown part: ") << *memory.getPart();
  PackedConstant constant;
  constant.name = memory.getWeight()->str();
  constant.part = *part;
  constant.element = *element;
  constant.layers = RunsOverLayers(constant.name) ? layers : 1;
  if (constant.layers < 1 || type.getNumElements() % constant.layers != 0) {
    return memory.emitOpError("of ") << type << " can't hold " << constant.layers << " layers";
  }
  constant.elements = type.getNumElements() / constant.layers;
  return constant;
}

}  // namespace

mlir::FailureOr<PackingRequest> RequestPacking(dataflow::DesignOp design) {
  mlir::FailureOr<DesignIndex> index = DesignIndex::Create(design);
  if (mlir::failed(index)) return mlir::failure();
  PackingRequest request;
  request.plan.layers = index->layers();
  request.plan.channels = 0;
  for (dataflow::MemoryOp memory : index->memories()) {
    if (memory.getRole() == "weights") {
      if (*memory.getChannel() != static_cast<uint64_t>(request.plan.channels)) {
        return memory.emitOpError("is channel ")
               << *memory.getChannel() << "; arguments come in channel order";
      }
      ++request.plan.channels;
      request.channel_arguments.push_back(static_cast<int64_t>(*memory.getIndex()));
    } else if (memory.getRole() == "constants") {
      mlir::FailureOr<PackedConstant> constant = ReadConstant(memory, index->layers());
      if (mlir::failed(constant)) return mlir::failure();
      request.plan.constants.push_back(*constant);
      request.constant_arguments.push_back(static_cast<int64_t>(*memory.getIndex()));
    }
  }
  if (request.plan.channels == 0) request.plan.layers = 0;
  for (dataflow::ProcessOpInterface process : index->processes()) process.requestWeights(request.plan);
  return request;
}

}  // namespace streamtensor::compiler::hls
