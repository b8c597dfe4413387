// SPDX-License-Identifier: Apache-2.0
// The pieces of a tokenizer while they are gathered. Free of MLIR.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::compiler {

// By so much the score of a unigram's unknown character is below the least of its pieces.
inline constexpr double kUnigramUnknownPenalty = 10;

// By text.
using PieceIds = std::unordered_map<std::string_view, uint32_t>;

// Pieces by id; the text of one without a token is empty.
class PieceTable {
 public:
  //  INVALID_ARGUMENT  a text that is empty or too long, an id that is none, or one that another text has
  absl::Status Add(const std::string& text, const nlohmann::json& id, artifact::v1::Piece piece);

  // Fills the holes with unused pieces, and adds such until there are `count`; 0: as many as there are.
  //  INVALID_ARGUMENT  a token beyond `count`, or too many holes
  absl::Status Fill(uint64_t count);

  std::vector<artifact::v1::Piece>& pieces() { return pieces_; }

 private:
  size_t Given() const;

  std::vector<artifact::v1::Piece> pieces_;
};

// "special", "normalized", "lstrip" and "rstrip" of an added token, which stands in text as it is.
//  UNIMPLEMENTED     single_word
//  INVALID_ARGUMENT  a key of another type; names it
absl::StatusOr<artifact::v1::Piece> ReadAddedPiece(const nlohmann::json& token, std::string_view text);

// Whether a text has the form "<0x0A>".
bool IsNameOfByte(std::string_view text);

}  // namespace streamtensor::compiler
