// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/artifact/manifest_builder.h"

#include <map>

#include "artifact/folder.h"
#include "base/printable.h"
#include "compiler/dialects/dataflow/sample_attributes.h"
#include "compiler/targets/hls/design_index.h"
#include "kernels/contract/descriptor.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/word.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Argument;

Argument::Role RoleOf(llvm::StringRef role) {
  Argument::Role value = Argument::ROLE_UNSPECIFIED;
  Argument::Role_Parse("ROLE_" + role.upper(), &value);
  return value;
}

mlir::FailureOr<uint64_t> Width(dataflow::MemoryOp memory) {
  auto type = llvm::dyn_cast<mlir::RankedTensorType>(memory.getType().value_or(mlir::Type()));
  if (!type || type.getRank() < 1) return memory.emitOpError("needs the type of its rows");
  uint64_t width = 1;
  for (int64_t size : type.getShape().drop_front()) {
    if (size < 1) return memory.emitOpError("has rows of unknown width: ") << type;
    width *= static_cast<uint64_t>(size);
  }
  return width;
}

Argument::Element ElementOf(mlir::Type type) {
  if (type.isF32()) return Argument::FLOAT32;
  if (type.isF16()) return Argument::FLOAT16;
  if (type.isBF16()) return Argument::BFLOAT16;
  if (type.isF64()) return Argument::FLOAT64;
  if (type.isInteger(1)) return Argument::BOOL;
  if (type.isInteger(8)) return Argument::INT8;
  if (type.isInteger(16)) return Argument::INT16;
  if (type.isInteger(32)) return Argument::INT32;
  if (type.isInteger(64)) return Argument::INT64;
  if (auto complex = llvm::dyn_cast<mlir::ComplexType>(type); complex && complex.getElementType().isF32())
    return Argument::COMPLEX64;
  return Argument::ELEMENT_UNSPECIFIED;
}

constexpr size_t kMaxCheckBytes = 1000;  // of a module's own message

// What a sample of an input or output is; by default rows of float32.
void DescribeSample(dataflow::MemoryOp memory, Argument& argument) {
  auto given = memory->getAttrOfType<mlir::TypeAttr>(dataflow::kSampleAttr);
  auto sample = llvm::cast<mlir::RankedTensorType>(given ? given.getValue() : *memory.getType());
  argument.set_element(ElementOf(sample.getElementType()));
  for (int64_t size : sample.getShape())
    argument.add_shape(mlir::ShapedType::isDynamic(size) ? 0 : static_cast<uint32_t>(size));
  auto checks = memory->getAttrOfType<mlir::ArrayAttr>(dataflow::kChecksAttr);
  if (!checks) return;
  for (auto message : checks.getAsRange<mlir::StringAttr>())
    argument.add_checks(base::Printable(message.str(), kMaxCheckBytes, base::Quotes::kKeep));
}

}  // namespace

uint64_t KvPageBytes(const std::optional<artifact::v1::Decoder>& decoder) {
  if (!decoder) return 0;
  return contract::KvPageBytes<uint64_t>(decoder->layers(), decoder->kv_heads(), decoder->head_dim());
}

mlir::FailureOr<artifact::v1::Manifest> BuildManifest(dataflow::DesignOp design,
                                                      const hls::PackingRequest& packing,
                                                      const WeightLayout& layout,
                                                      const ManifestInputs& inputs) {
  mlir::FailureOr<hls::DesignIndex> index = hls::DesignIndex::Create(design);
  if (mlir::failed(index)) return mlir::failure();
  artifact::v1::Manifest manifest;
  manifest.set_format_version(artifact::kManifestVersion);
  manifest.set_model_name(inputs.model_name);
  manifest.set_compiler_version(inputs.compiler_version);
  manifest.set_target(inputs.target);
  manifest.set_platform(inputs.platform);
  artifact::v1::Launch& launch = *manifest.mutable_launch();
  launch.set_descriptor_version(contract::kDescriptorVersion);
  launch.set_step_tokens(static_cast<uint32_t>(index->step_tokens()));
  launch.set_step_logits(static_cast<uint32_t>(index->step_logits()));
  launch.set_header_words(contract::kDescriptorHeaderWords);
  launch.set_token_words(contract::kDescriptorTokenWords);
  launch.set_max_pages(static_cast<uint32_t>(index->max_pages()));
  if (inputs.decoder) {
    *manifest.mutable_decoder() = *inputs.decoder;
    manifest.mutable_decoder()->mutable_kv()->set_page_tokens(contract::kPageTokens);
    manifest.mutable_decoder()->mutable_kv()->set_page_bytes(KvPageBytes(inputs.decoder));
  }
  *manifest.mutable_timing() = inputs.timing;
  if (inputs.quantisation.products_size() > 0) *manifest.mutable_quantisation() = inputs.quantisation;

  // Segments of weights.bin, by argument index.
  std::map<int64_t, WeightSegment> segments;
  for (auto [index, segment] : llvm::zip(packing.channel_arguments, layout.channels))
    segments[index] = segment;
  for (auto [index, segment] : llvm::zip(packing.constant_arguments, layout.constants))
    segments[index] = segment;

  manifest.mutable_kernel()->set_name(design.getSymName().str());
  const auto tokens = static_cast<uint64_t>(index->step_tokens());
  for (dataflow::MemoryOp memory : index->memories()) {
    Argument& argument = *manifest.mutable_kernel()->add_arguments();
    argument.set_index(static_cast<uint32_t>(*memory.getIndex()));
    argument.set_name(index->Name(memory.getSymName()));
    argument.set_role(RoleOf(memory.getRole()));
    argument.set_bank(static_cast<uint32_t>(*memory.getBank()));
    switch (argument.role()) {
      case Argument::ROLE_DESCRIPTOR:
        argument.set_bytes(contract::RoundUpToWords<uint64_t>(
            4 * contract::DescriptorWords<uint64_t>(tokens, launch.max_pages())));
        break;
      case Argument::ROLE_STATUS:
        argument.set_bytes(4 * contract::kStatusWords);
        break;
      case Argument::ROLE_WEIGHTS:
      case Argument::ROLE_CONSTANTS:
        argument.set_bytes(segments[argument.index()].bytes);
        argument.set_file_offset(segments[argument.index()].file_offset);
        break;
      case Argument::ROLE_LOGITS:
      case Argument::ROLE_INPUT:
      case Argument::ROLE_OUTPUT: {
        const mlir::FailureOr<uint64_t> width = Width(memory);
        if (mlir::failed(width)) return mlir::failure();
        const uint64_t rows = argument.role() == Argument::ROLE_LOGITS ? launch.step_logits() : tokens;
        argument.set_width(static_cast<uint32_t>(*width));
        argument.set_bytes(contract::RoundUpToWords<uint64_t>(4 * rows * *width));
        if (argument.role() != Argument::ROLE_LOGITS) DescribeSample(memory, argument);
        break;
      }
      default:
        if (!inputs.decoder) return memory.emitOpError("is a pool of pages, but the model is not a decoder");
        argument.set_bytes(KvPageBytes(inputs.decoder));
        break;
    }
  }
  return manifest;
}

}  // namespace streamtensor::compiler
