// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/end_of_generation.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace streamtensor::compiler {
namespace {

using artifact::v1::Piece;
using artifact::v1::Tokenizer;

constexpr std::string_view kEndOfGeneration[] = {
    "<|im_end|>",    "<|endoftext|>", "<|end_of_text|>",     "<|eot_id|>", "<|eom_id|>", "<|end|>",
    "<end_of_turn>", "</s>",          "<|end_of_sentence|>",
};

}  // namespace

void SetEndOfGeneration(std::vector<uint32_t> ids, Tokenizer* tokenizer) {
  for (int i = 0; i < tokenizer->pieces_size(); ++i) {
    const Piece& piece = tokenizer->pieces(i);
    if (piece.type() != Piece::TYPE_CONTROL) continue;
    if (std::find(std::begin(kEndOfGeneration), std::end(kEndOfGeneration), piece.text()) !=
        std::end(kEndOfGeneration)) {
      ids.push_back(static_cast<uint32_t>(i));
    }
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  tokenizer->clear_end_of_generation_ids();
  for (uint32_t id : ids) {
    if (!tokenizer->has_eos_token_id() || id != tokenizer->eos_token_id()) {
      tokenizer->add_end_of_generation_ids(id);
    }
  }
}

}  // namespace streamtensor::compiler
