// SPDX-License-Identifier: Apache-2.0
#include "server/generation/client_request.h"

#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"
#include "base/status_macros.h"

namespace streamtensor::server {
namespace {

uint64_t DrawSeed() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

absl::StatusOr<std::vector<uint32_t>> CheckTokens(std::vector<uint32_t> ids, uint32_t vocabulary) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < vocabulary) continue;
    return FieldError(absl::StrCat("tokens.ids[", i, "]"),
                      absl::StrCat("is ", ids[i], "; the model's token ids are 0 to ", vocabulary - 1));
  }
  return ids;
}

absl::StatusOr<std::vector<uint32_t>> EncodeChat(const std::vector<ChatMessage>& messages,
                                                 const LoadedModel& model, const EncodeBounds& bounds) {
  if (messages.empty()) return FieldError("chat.messages", "is empty; at least one message is needed");
  for (size_t i = 0; i < messages.size(); ++i) {
    if (!messages[i].role.empty()) continue;
    return FieldError(absl::StrCat("chat.messages[", i, "].role"), "is empty");
  }
  return model.EncodeChat(messages, bounds);
}

absl::StatusOr<std::vector<uint32_t>> EncodePrompt(Prompt prompt, const LoadedModel& model,
                                                   const EncodeBounds& bounds) {
  if (const auto* text = std::get_if<std::string>(&prompt)) return model.EncodePrompt(*text, bounds);
  if (const auto* messages = std::get_if<std::vector<ChatMessage>>(&prompt)) {
    return EncodeChat(*messages, model, bounds);
  }
  if (auto* ids = std::get_if<std::vector<uint32_t>>(&prompt)) {
    return CheckTokens(std::move(*ids), model.tokenizer().vocabulary());
  }
  return absl::InvalidArgumentError("the request has no prompt, chat or tokens; one is required");
}

// How many tokens a prompt may have, and what says so.
struct PromptLimit {
  int64_t tokens = 0;
  std::string why;
};

PromptLimit LimitOf(const ClientRequest& request, const LoadedModel& model, const RequestLimits& limits) {
  const int64_t context = model.max_context();
  const int64_t room = context - (request.stopping.max_tokens != 0u ? 1 : 0);  // as Scheduler::Check()
  if (limits.max_prompt_tokens <= room) {
    return {limits.max_prompt_tokens,
            absl::StrCat("limits.max_prompt_tokens allows ", limits.max_prompt_tokens)};
  }
  return {room, absl::StrCat("the model's context of ", context, " tokens has room for ", room)};
}

absl::Status PromptTooLong(const std::string& found, const PromptLimit& limit) {
  return absl::InvalidArgumentError(absl::StrCat("the prompt has ", found, " tokens; ", limit.why));
}

}  // namespace

absl::StatusOr<GenerationRequest> CheckRequest(ClientRequest request, const LoadedModel& model,
                                               const RequestLimits& limits, const PollRequest& poll) {
  const uint32_t vocabulary = model.tokenizer().vocabulary();
  request.sampling.seed = request.seed.has_value() ? *request.seed : DrawSeed();
  RETURN_IF_ERROR(Check(request.sampling, vocabulary));
  RETURN_IF_ERROR(Check(request.stopping, vocabulary));
  if (request.logprobs.value_or(0) > kMaxAlternatives) {
    return FieldError("output.logprobs",
                      absl::StrCat("is ", *request.logprobs, "; allowed is 0 to ", kMaxAlternatives));
  }
  const PromptLimit limit = LimitOf(request, model, limits);
  const EncodeBounds bounds{static_cast<size_t>(limit.tokens), poll};
  absl::StatusOr<std::vector<uint32_t>> prompt = EncodePrompt(std::move(request.prompt), model, bounds);
  if (absl::IsOutOfRange(prompt.status())) {
    return PromptTooLong(absl::StrCat("more than ", limit.tokens), limit);
  }
  RETURN_IF_ERROR(prompt.status());
  // Token ids, and BOS and EOS.
  if (static_cast<int64_t>(prompt->size()) > limit.tokens) {
    return PromptTooLong(absl::StrCat(prompt->size()), limit);
  }
  GenerationRequest checked;
  checked.prompt = *std::move(prompt);
  checked.sampling = std::move(request.sampling);
  checked.stopping = std::move(request.stopping);
  checked.logprobs = request.logprobs;
  checked.prompt_logprobs = request.prompt_logprobs;
  checked.priority = request.priority;
  return checked;
}

}  // namespace streamtensor::server
