// SPDX-License-Identifier: Apache-2.0
// What a tokenizer must be to be served. The compiler checks what it writes with the function that the daemon
// checks what it reads with, so that a model which compiles also tokenizes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "artifact/tokenizer/charsmap.h"
#include "artifact/tokenizer/split_pattern.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::artifact {

// Splits text into a pattern's matches and the text between them.
struct Splitter {
  SplitPattern pattern;
  bool drop_matches = false;
  bool drop_gaps = false;  // not both
};

// A step of the message, with what it needs.
struct CheckedStep {
  v1::TextStep step;
  std::optional<Charsmap> charsmap;     // of a Charsmap
  std::optional<SplitPattern> pattern;  // of a Replace
};

// What a check finds out beside its result.
struct CheckedTokenizer {
  std::vector<std::array<uint32_t, 3>> merges;  // by rank: the ids of left, right and both together
  std::vector<Splitter> splitters;              // of `splits`, then of `pre_tokenizer`
  std::vector<CheckedStep> steps;
};

// The byte that a piece of TYPE_BYTE stands for: "<0x0A>"; nullopt if it is spelled otherwise.
std::optional<uint8_t> ByteOfPiece(std::string_view text);

// Checks everything in `message`: size, version, kind, pre-tokenizer and steps known, patterns valid, pieces
// neither empty nor double, merges made of pieces, a finite score each or none, pieces of bytes spelled as
// such, ids below the number of pieces.
//   INVALID_ARGUMENT  names the field, its value and what is allowed
//   UNIMPLEMENTED     a kind, pre-tokenizer or step that this build does not know, by name
absl::StatusOr<CheckedTokenizer> CheckTokenizer(const v1::Tokenizer& message);

}  // namespace streamtensor::artifact
