// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/packing_request.h"

#include "compiler/targets/hls/network.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler::hls {
namespace {

mlir::FailureOr<PackedIssue> ReadIssue(dataflow::ProcessOp engine, mlir::DictionaryAttr issue) {
  auto bits = issue.getAs<mlir::IntegerAttr>("bits");
  auto groups = issue.getAs<mlir::IntegerAttr>("groups");
  auto row_tiles = issue.getAs<mlir::IntegerAttr>("row_tiles");
  auto weights = issue.getAs<mlir::ArrayAttr>("weights");
  auto rows = issue.getAs<mlir::DenseI64ArrayAttr>("weight_rows");
  auto minimum = issue.getAs<mlir::DenseI64ArrayAttr>("minimum");
  if (!bits || !groups || !row_tiles || !weights || !rows || !minimum ||
      weights.size() != rows.asArrayRef().size() || weights.size() != minimum.asArrayRef().size()) {
    return engine.emitOpError(
               "needs `bits`, `groups`, `row_tiles`, `weights`, and `weight_rows` and `minimum` of "
               "as many entries in ")
           << issue;
  }
  PackedIssue packed;
  packed.format = bits.getInt() == contract::kU4Bits ? TileFormat::kU4 : TileFormat::kI8;
  packed.groups = groups.getInt();
  packed.alternate = issue.get("alternate") != nullptr;
  for (auto [index, name] : llvm::enumerate(weights)) {
    auto text = llvm::dyn_cast<mlir::StringAttr>(name);
    if (!text) return engine.emitOpError("needs names as `weights` in ") << issue;
    packed.weights.push_back({text.getValue().str(), rows[index], minimum[index] != 0});
  }
  if (packed.Shape().row_tiles != row_tiles.getInt()) {
    return engine.emitOpError("has an issue of ") << row_tiles.getInt() << " row tiles, whose weights have "
                                                  << packed.Shape().row_tiles << ": " << issue;
  }
  return packed;
}

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
  mlir::FailureOr<Network> network = Network::Create(design);
  if (mlir::failed(network)) return mlir::failure();
  PackingRequest request;
  request.plan.layers = network->layers();
  request.plan.channels = 0;
  for (dataflow::MemoryOp memory : network->memories()) {
    if (memory.getRole() == "weights") {
      if (*memory.getChannel() != static_cast<uint64_t>(request.plan.channels)) {
        return memory.emitOpError("is channel ")
               << *memory.getChannel() << "; arguments come in channel order";
      }
      ++request.plan.channels;
      request.channel_arguments.push_back(static_cast<int64_t>(*memory.getIndex()));
    } else if (memory.getRole() == "constants") {
      mlir::FailureOr<PackedConstant> constant = ReadConstant(memory, network->layers());
      if (mlir::failed(constant)) return mlir::failure();
      request.plan.constants.push_back(*constant);
      request.constant_arguments.push_back(static_cast<int64_t>(*memory.getIndex()));
    }
  }
  if (!network->engine()) {
    request.plan.layers = 0;
    return request;
  }
  dataflow::ProcessOp engine = network->engine();
  for (auto [list, to] : {std::pair(engine.getPrologue(), &request.plan.prologue),
                          std::pair(engine.getLayer(), &request.plan.layer),
                          std::pair(engine.getEpilogue(), &request.plan.epilogue)}) {
    if (!list) continue;
    for (mlir::Attribute issue : *list) {
      mlir::FailureOr<PackedIssue> packed = ReadIssue(engine, llvm::cast<mlir::DictionaryAttr>(issue));
      if (mlir::failed(packed)) return mlir::failure();
      to->push_back(std::move(*packed));
    }
  }
  return request;
}

}  // namespace streamtensor::compiler::hls
