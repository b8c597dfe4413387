// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "compiler/frontend/architectures/registry.h"
#include "compiler/frontend/checkpoint.h"
#include "compiler/frontend/decoder_model.h"
#include "compiler/frontend/decoder_module.h"
#include "compiler/frontend/import_decoder.h"
#include "compiler/frontend/imported_model.h"
#include "compiler/frontend/linalg_decoder_graph.h"
#include "compiler/frontend/message.h"
#include "compiler/frontend/verified_module.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/limits.h"

namespace streamtensor::compiler {
namespace {

constexpr int64_t kDefaultContext = 2048;

absl::StatusOr<StepBounds> Bounds(const ImportOptions& options, const DecoderSizes& sizes) {
  StepBounds bounds;
  bounds.max_context = options.max_context;
  if (bounds.max_context == 0) bounds.max_context = std::min(kDefaultContext, sizes.trained_context);
  if (bounds.max_context < 1 || bounds.max_context > sizes.trained_context) {
    return absl::InvalidArgumentError(Message("max context ", bounds.max_context, " is not within 1 to ",
                                              sizes.trained_context,
                                              ", the positions the model was trained for"));
  }
  if (bounds.max_context > contract::kMaxContextTokens) {
    return absl::UnimplementedError(Message("max context ", bounds.max_context,
                                            " can't be compiled yet; up to ", contract::kMaxContextTokens,
                                            " can"));
  }
  bounds.step_tokens = options.step_tokens;
  if (bounds.step_tokens < 1 || bounds.step_tokens > contract::kMaxStepTokens) {
    return absl::InvalidArgumentError(
        Message("step tokens ", bounds.step_tokens, " is not within 1 to ", contract::kMaxStepTokens));
  }
  return bounds;
}

artifact::v1::Decoder DecoderFields(const DecoderModel& model, const StepBounds& bounds) {
  const DecoderSizes& sizes = model.sizes();
  artifact::v1::Decoder decoder;
  decoder.set_architecture(model.architecture());
  decoder.set_layers(static_cast<uint32_t>(sizes.layers));
  decoder.set_hidden(static_cast<uint32_t>(sizes.hidden));
  decoder.set_vocabulary(static_cast<uint32_t>(sizes.vocabulary));
  decoder.set_query_heads(static_cast<uint32_t>(sizes.query_heads));
  decoder.set_kv_heads(static_cast<uint32_t>(sizes.kv_heads));
  decoder.set_head_dim(static_cast<uint32_t>(sizes.head_dim));
  decoder.set_max_context(static_cast<uint32_t>(bounds.max_context));
  return decoder;
}

// Names the file in the message of an error.
absl::Status InFile(const std::string& path, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), Message("'", path, "': ", status.message()));
}

template <typename T>
absl::StatusOr<T> InFile(const std::string& path, absl::StatusOr<T> value) {
  if (!value.ok()) return InFile(path, value.status());
  return value;
}

}  // namespace

absl::StatusOr<ImportedModel> ImportCheckpoint(const std::string& path, const ImportOptions& options,
                                               mlir::MLIRContext* context) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const Checkpoint> checkpoint, OpenCheckpoint(path));
  ASSIGN_OR_RETURN(const auto decoder, InFile(path, ReadDecoder(*checkpoint)));
  LoadFrontendDialects(context);
  const auto graph =
      options.make_graph ? options.make_graph(context) : std::make_unique<LinalgDecoderGraph>(context);
  return InFile(path, ImportDecoder(checkpoint, *decoder, *graph, options, context));
}

absl::StatusOr<ImportedModel> ImportDecoder(const std::shared_ptr<const Checkpoint>& checkpoint,
                                            const DecoderModel& decoder, LinalgDecoderGraph& graph,
                                            const ImportOptions& options, mlir::MLIRContext* context) {
  ASSIGN_OR_RETURN(const StepBounds bounds, Bounds(options, decoder.sizes()));
  ImportedModel model;
  ASSIGN_OR_RETURN(model.tokenizer, ReadTokenizer(*checkpoint, decoder.sizes()));
  LoadFrontendDialects(context);
  // Every position that the page table can name has a row in the tables.
  ASSIGN_OR_RETURN(const std::vector<DecoderWeight> weights,
                   QuantiseMatrices(decoder.weights(), options.quantise));
  model.weights = decoder.MakeWeights(checkpoint, bounds.max_pages() * contract::kPageTokens, weights);
  model.module = BuildDecoderModule(decoder, bounds, *model.weights, graph, context);
  RETURN_IF_ERROR(VerifyModule(*model.module));
  // It goes into the manifest, where people read it.
  model.name = Printable(checkpoint->name(), 200, Quotes::kKeep);
  model.decoder = DecoderFields(decoder, bounds);
  return model;
}

}  // namespace streamtensor::compiler
