// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <utility>

#include "compiler/frontend/gguf/gguf_file.h"
#include "compiler/frontend/imported_model.h"
#include "compiler/frontend/llama/llama_config.h"
#include "compiler/frontend/llama/llama_graph.h"
#include "compiler/frontend/message.h"
#include "compiler/frontend/mutations.h"
#include "compiler/frontend/gguf/gguf_tokenizer.h"
#include "compiler/frontend/verified_module.h"

namespace streamtensor::compiler {
namespace {

constexpr int64_t kDefaultContext = 2048;
// Bounds the page table and the RoPE tables.
constexpr int64_t kContextLimit = 1 << 17;
constexpr int64_t kStepTokensLimit = 16;

absl::StatusOr<LlamaBounds> Bounds(const ImportOptions& options, const LlamaConfig& config) {
  LlamaBounds bounds;
  bounds.max_context = options.max_context;
  if (bounds.max_context == 0) bounds.max_context = std::min(kDefaultContext, config.trained_context);
  if (bounds.max_context < 1 || bounds.max_context > config.trained_context) {
    return absl::InvalidArgumentError(Message("max context ", bounds.max_context, " is not within 1 to ",
                                              config.trained_context,
                                              ", the positions the model was trained for"));
  }
  if (bounds.max_context > kContextLimit) {
    return absl::UnimplementedError(
        Message("max context ", bounds.max_context, " can't be compiled yet; up to ", kContextLimit, " can"));
  }
  bounds.step_tokens = options.step_tokens;
  if (bounds.step_tokens < 1 || bounds.step_tokens > kStepTokensLimit) {
    return absl::InvalidArgumentError(
        Message("step tokens ", bounds.step_tokens, " is not within 1 to ", kStepTokensLimit));
  }
  return bounds;
}

artifact::v1::Decoder DecoderFields(const LlamaConfig& config, const LlamaBounds& bounds) {
  artifact::v1::Decoder decoder;
  decoder.set_architecture(config.architecture);
  decoder.set_layers(static_cast<uint32_t>(config.layers));
  decoder.set_hidden(static_cast<uint32_t>(config.hidden));
  decoder.set_vocabulary(static_cast<uint32_t>(config.vocabulary));
  decoder.set_query_heads(static_cast<uint32_t>(config.query_heads));
  decoder.set_kv_heads(static_cast<uint32_t>(config.kv_heads));
  decoder.set_head_dim(static_cast<uint32_t>(config.head_dim));
  decoder.set_max_context(static_cast<uint32_t>(bounds.max_context));
  return decoder;
}

// Names the file in a message that doesn't.
absl::Status InFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), Message("'", path, "': ", status.message()));
}

}  // namespace

absl::StatusOr<ImportedModel> ImportGguf(const std::string& path, const ImportOptions& options,
                                         mlir::MLIRContext* context) {
  absl::StatusOr<std::shared_ptr<const GgufFile>> file = GgufFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<LlamaConfig> config = ReadLlamaConfig(**file);
  if (!config.ok()) return InFile(path, config.status());
  absl::StatusOr<LlamaBounds> bounds = Bounds(options, *config);
  if (!bounds.ok()) return bounds.status();
  absl::StatusOr<artifact::v1::Tokenizer> tokenizer = ReadGgufTokenizer(**file);
  if (!tokenizer.ok()) return InFile(path, tokenizer.status());

  LoadFrontendDialects(context);
  LlamaRecipe recipe = DefaultRecipe(*config, context);
  if (absl::Status status = ApplyGraphMutations(options.mutations, *config, context, &recipe); !status.ok()) {
    return status;
  }
  ImportedModel model;
  // Every position that the page table can name has a row in the RoPE tables.
  model.weights = MakeLlamaWeights(*file, *config, bounds->max_pages() * dataflow::kPageTokens);
  model.module = BuildLlamaModule(*config, recipe, *bounds, *model.weights, context);
  if (absl::Status status = VerifyModule(*model.module); !status.ok()) return InFile(path, status);
  // It goes into the manifest, where people read it.
  model.name = Printable(config->name.empty() ? std::filesystem::path(path).stem().string() : config->name,
                         200, false);
  model.decoder = DecoderFields(*config, *bounds);
  model.tokenizer = *std::move(tokenizer);
  return model;
}

}  // namespace streamtensor::compiler
