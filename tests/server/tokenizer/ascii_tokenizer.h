// SPDX-License-Identifier: Apache-2.0
// A tokenizer without a file: printable ASCII, a token a character ('!' is 0), and an end token.
#pragma once

#include <memory>
#include <string>

#include "server/tokenizer/tokenizer.h"

namespace streamtensor::server::testing {

inline std::unique_ptr<Tokenizer> MakeAsciiTokenizer() {
  artifact::v1::Tokenizer message;
  message.set_format_version(1);
  message.set_kind(artifact::v1::Tokenizer::KIND_BYTE_LEVEL_BPE);
  message.set_pre_tokenizer(artifact::v1::Tokenizer::PRE_TOKENIZER_DIGITS_WORDS);
  for (int c = '!'; c <= '~'; ++c) message.add_pieces()->set_text(std::string(1, static_cast<char>(c)));
  artifact::v1::Piece* const end = message.add_pieces();
  end->set_text("<|im_end|>");
  end->set_type(artifact::v1::Piece::TYPE_CONTROL);
  message.set_eos_token_id(static_cast<uint32_t>(message.pieces_size() - 1));
  return Tokenizer::Create(message).value();
}

}  // namespace streamtensor::server::testing
