// SPDX-License-Identifier: Apache-2.0
// Text to token ids and back, from an artifact's tokenizer.bin. No model file is ever read here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/tokenizer/encoding.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::server {

// Immutable after Create(): every method may be called from any thread at once.
class Tokenizer {
 public:
  // Checks everything in `message` before use: kind and pre-tokenizer known, ids in range, merges made
  // of pieces, no empty or double piece, sizes within limits.
  //  INVALID_ARGUMENT  names the field, its value and what is allowed
  //  UNIMPLEMENTED     a kind or pre-tokenizer this build does not know, by name
  static absl::StatusOr<std::unique_ptr<Tokenizer>> Create(const artifact::v1::Tokenizer& message);

  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // The ids of `text`, which may be any bytes: invalid UTF-8 is encoded byte by byte, so that Decode()
  // gives back exactly `text` - except for bytes that the vocabulary can't spell (some lack rare control
  // characters), which are left out or unknown tokens as the models' own tokenizers do, and for U+2581, by
  // which pieces of characters spell a space. With parse_special, special tokens written as text become their
  // id; without it they are ordinary text. Never adds BOS or EOS: see add_bos() and add_eos(). Takes time
  // about linear in the length of `text`.
  std::vector<uint32_t> Encode(std::string_view text, bool parse_special) const;
  // The same within bounds.
  //   OUT_OF_RANGE  more than max_tokens; at once where `text` is too long for any other result
  //   what `bounds.poll` returned
  absl::StatusOr<std::vector<uint32_t>> Encode(std::string_view text, bool parse_special,
                                               EncodeBounds bounds) const;
  // As Encode() with parse_special, of `text` without the character `mark`. A control token that holds a mark
  // is ordinary text.
  absl::StatusOr<std::vector<uint32_t>> EncodeMarked(std::string_view text, std::string_view mark,
                                                     EncodeBounds bounds) const;

  // What `text` and the control token nearest to it begin with in common.
  struct ControlMatch {
    size_t bytes = 0;
    bool is_whole = false;  // all of a control token
  };
  ControlMatch MatchControl(std::string_view text) const;

  // The exact bytes of `ids`, special tokens written out as their text; without the space that Encode() puts
  // before a text, where the model wants one. One token's bytes need not be valid UTF-8: pass them through
  // Utf8Stream before a client sees them as text.
  //  INVALID_ARGUMENT  an id outside the vocabulary, by position and value
  absl::StatusOr<std::string> Decode(std::span<const uint32_t> ids) const;

  // The bytes of one token, with any space that it begins with; empty for an id outside the vocabulary. Valid
  // as long as the tokenizer.
  std::string_view PieceBytes(uint32_t id) const;

  uint32_t vocabulary() const;

  // Control token: never part of a reply's text (end of turn, padding ...).
  bool IsControl(uint32_t id) const;

  std::optional<uint32_t> bos() const;
  std::optional<uint32_t> eos() const;
  // Whether a plain prompt is to begin with bos() or end with eos(), as the model file says.
  bool add_bos() const;
  bool add_eos() const;

  // eos() and the other tokens that end a reply, ascending, without doubles.
  std::span<const uint32_t> end_of_generation() const;
  bool IsEndOfGeneration(uint32_t id) const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Turns a run of bytes that arrives in pieces into valid UTF-8, never splitting a character. Bytes that
// cannot become a character turn into U+FFFD, one for each maximal invalid part (as in the Unicode
// standard, section 3.9, "substitution of maximal subparts"). Not thread-safe.
class Utf8Stream {
 public:
  // The text that `bytes` completes. An unfinished character (at most 3 bytes) is held back.
  std::string Push(std::string_view bytes);

  // The end: an unfinished character becomes U+FFFD. The stream is then empty and may be used again.
  std::string Finish();

  // How many bytes are held back.
  size_t pending() const { return pending_.size(); }

 private:
  std::string pending_;
};

}  // namespace streamtensor::server
