// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/decoder_model.h"

#include <cmath>

#include "artifact/tokenizer/tokenizer_check.h"
#include "base/status_macros.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {

Attention ScaledAttention(const DecoderSizes& sizes) {
  return {.query_heads = sizes.query_heads,
          .kv_heads = sizes.kv_heads,
          .head_dim = sizes.head_dim,
          .scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(sizes.head_dim)))};
}

std::vector<float> DecoderModel::ComputeTable(std::string_view, int64_t) const { return {}; }

std::shared_ptr<const WeightSource> DecoderModel::MakeWeights(std::shared_ptr<const Checkpoint> checkpoint,
                                                              int64_t positions) const {
  return MakeWeights(std::move(checkpoint), positions, weights_);
}

std::shared_ptr<const WeightSource> DecoderModel::MakeWeights(
    std::shared_ptr<const Checkpoint> checkpoint, int64_t positions,
    const std::vector<DecoderWeight>& weights) const {
  return MakeDecoderWeights(std::move(checkpoint), weights, positions,
                            [this](std::string_view name, int64_t rows) { return ComputeTable(name, rows); });
}

absl::StatusOr<artifact::v1::Tokenizer> ReadTokenizer(const Checkpoint& checkpoint,
                                                      const DecoderSizes& sizes) {
  ASSIGN_OR_RETURN(artifact::v1::Tokenizer tokenizer, checkpoint.tokenizer());
  // Hugging Face pads embeddings to a round number of rows.
  const bool may_be_padded = checkpoint.dialect() == CheckpointDialect::kHuggingFace;
  if (may_be_padded ? tokenizer.pieces_size() > sizes.vocabulary
                    : tokenizer.pieces_size() != sizes.vocabulary) {
    return absl::InvalidArgumentError(Message("the tokenizer has ", tokenizer.pieces_size(),
                                              " tokens, but the embedding has ", sizes.vocabulary, " rows"));
  }
  RETURN_IF_ERROR(artifact::CheckTokenizer(tokenizer).status());
  return tokenizer;
}

}  // namespace streamtensor::compiler
