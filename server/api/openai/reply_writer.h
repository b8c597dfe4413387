// SPDX-License-Identifier: Apache-2.0
// Replies as OpenAI's objects text_completion and chat.completion, whole and in chunks.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/api/openai/request_reader.h"
#include "server/scheduler/sequence.h"
#include "server/tokenizer/tokenizer.h"

namespace streamtensor::server::openai {

// What all objects of a response share.
struct ReplyHead {
  Endpoint endpoint = Endpoint::kCompletions;
  std::string request_id;
  std::string model;
  int64_t created_unix_seconds = 0;
};

struct Usage {
  uint64_t prompt_tokens = 0;
  uint64_t cached_tokens = 0;
  uint64_t completion_tokens = 0;
};

// Builds the "logprobs" of one choice. A token that is not valid text by itself, such as part of a character,
// is written as its bytes: "bytes:\xe2\x80" in completions, "\xe2\x80" in chats, which also have a member
// "bytes".
class LogprobsWriter {
 public:
  LogprobsWriter(Endpoint endpoint, const Tokenizer* tokenizer)
      : endpoint_(endpoint), tokenizer_(tokenizer) {}

  // Adds a token without probability: the first one of an echoed prompt.
  void AddUnknown(uint32_t token_id);
  void Add(const TokenLogprob& token);

  // The entries added since the last call, as an object; null if none.
  nlohmann::ordered_json Take();

 private:
  std::string Spell(uint32_t token_id) const;
  nlohmann::ordered_json ChatEntry(uint32_t token_id, float logprob) const;

  const Endpoint endpoint_;
  const Tokenizer* const tokenizer_;
  nlohmann::ordered_json added_;
  size_t text_offset_ = 0;  // in characters
};

// "stop", "length", or null while the reply continues.
const char* FinishReasonName(FinishReason reason);

// One choice's part of a stream: appends `data: {...}
//
// ` to `out`.
class ChunkWriter {
 public:
  // `with_usage`: each chunk has "usage": null, since the last one has a usage.
  ChunkWriter(const ReplyHead& head, bool with_usage);

  // `logprobs` may be null. A chat choice's first chunk also has the role.
  void AppendText(uint32_t choice, bool is_first, const std::string& text,
                  const nlohmann::ordered_json& logprobs, FinishReason reason, std::string& out) const;
  void AppendUsage(const Usage& usage, std::string& out) const;

 private:
  const Endpoint endpoint_;
  const bool with_usage_;
  std::string head_;  // up to the choices
};

// A whole reply.
struct Choice {
  std::string text;
  nlohmann::ordered_json logprobs;
  FinishReason finish_reason = FinishReason::kNone;
};
std::string WholeReply(const ReplyHead& head, const std::vector<Choice>& choices, const Usage& usage);

}  // namespace streamtensor::server::openai
