// SPDX-License-Identifier: Apache-2.0
#include "server/generation/generation_service.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/field_error.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "server/generation/request_id.h"

namespace streamtensor::server {
namespace {

// gRPC sends a status as metadata, which clients limit to 8 KiB in total, beyond which they report
// RESOURCE_EXHAUSTED instead. Bytes other than printable ASCII take three bytes each.
constexpr size_t kMaxMessageBytes = 2 << 10;

}  // namespace

std::string GenerationService::RequestId(const std::string& given) {
  return IsRequestId(given) ? given : absl::StrCat("r", ++last_request_);
}

absl::Status GenerationService::CheckAccess(const Caller& caller, const std::string& model) const {
  return options_.access->Admit(caller.authorization, caller.peer, model, /*counts=*/false,
                                options_.clock->Now());
}

absl::Status GenerationService::Charge(const Caller& caller, const std::string& model) const {
  return options_.access->Admit(caller.authorization, caller.peer, model, /*counts=*/true,
                                options_.clock->Now());
}

void GenerationService::ChargeFurther(const Caller& caller, int64_t requests) const {
  options_.access->Spend(caller.authorization, caller.peer, requests, options_.clock->Now());
}

absl::Status GenerationService::Admit(const Caller& caller, const std::string& model) const {
  absl::Status status = Charge(caller, model);
  if (!status.ok()) options_.metrics->CountRefused(status);
  return status;
}

absl::Status GenerationService::AdmitGeneration(const std::string& request_id, const Caller& caller,
                                                const std::string& model) const {
  absl::Status status = Charge(caller, model);
  if (!status.ok()) LogRefusal(request_id, status);
  return status;
}

void GenerationService::Close() {
  is_closed_ = true;
  prompts_.Close();
}

absl::Status GenerationService::Prepare(const std::string& request_id, const std::string& model, size_t bytes,
                                        std::function<void()> work) {
  const auto run = [&]() -> absl::Status {
    int64_t max_waiting = 0;
    if (bytes > PromptQueue::kMaxShortBytes) {
      RETURN_IF_ERROR(Poll(nullptr));
      ASSIGN_OR_RETURN(const auto loaded, options_.find_model(model));
      // A model without ready cards refuses by itself, with the reason.
      max_waiting = loaded->cards().AnyReady() ? loaded->cards().room() : 1;
    }
    return prompts_.Run(bytes, max_waiting, std::move(work));
  };
  absl::Status status = run();
  if (!status.ok()) LogRefusal(request_id, status);
  return status;
}

absl::Status GenerationService::PrepareUnread(const std::string& request_id, size_t bytes,
                                              std::function<void()> work) {
  const absl::Status status = prompts_.Run(bytes, std::numeric_limits<int64_t>::max(), std::move(work));
  if (!status.ok()) LogRefusal(request_id, status);
  return status;
}

absl::Status GenerationService::Poll(const PollRequest& poll) const {
  if (is_closed_) return absl::UnavailableError("the server is shutting down");
  return poll == nullptr ? absl::OkStatus() : poll();
}

absl::StatusOr<CheckedRequest> GenerationService::Check(const std::string& request_id, ClientRequest request,
                                                        const PollRequest& poll,
                                                        absl::FunctionRef<std::string()> as_written) const {
  absl::StatusOr<CheckedRequest> checked =
      FindModelAndCheck(request_id, std::move(request), poll, as_written);
  if (!checked.ok()) LogRefusal(request_id, checked.status());
  return checked;
}

absl::StatusOr<CheckedRequest> GenerationService::FindModelAndCheck(
    const std::string& request_id, ClientRequest request, const PollRequest& poll,
    absl::FunctionRef<std::string()> as_written) const {
  RETURN_IF_ERROR(Poll(poll));
  if (request.model.empty()) return FieldError("model", "is empty; name a model");
  CheckedRequest checked;
  ASSIGN_OR_RETURN(checked.model, options_.find_model(request.model));
  if (options_.log_prompts) {
    spdlog::info("request={} model={}: {}", request_id, request.model, as_written());
  }
  ASSIGN_OR_RETURN(checked.generation,
                   CheckRequest(std::move(request), *checked.model, RequestLimits{max_prompt_tokens_},
                                [&] { return Poll(poll); }));
  return checked;
}

// Also the tokens of a prompt and its reply together.
size_t GenerationService::MaxTokens(const LoadedModel& model) const {
  return static_cast<size_t>(std::max<int64_t>(max_prompt_tokens_, model.max_context()));
}

absl::StatusOr<std::vector<uint32_t>> GenerationService::Tokenize(const LoadedModel& model,
                                                                  std::string_view text, bool parse_special,
                                                                  const PollRequest& poll) const {
  const size_t max_tokens = MaxTokens(model);
  absl::StatusOr<std::vector<uint32_t>> ids =
      model.tokenizer().Encode(text, parse_special, {max_tokens, [&] { return Poll(poll); }});
  if (!absl::IsOutOfRange(ids.status())) return ids;
  return FieldError("text", absl::StrCat("has more than ", max_tokens, " tokens, which is the limit"));
}

absl::StatusOr<std::string> GenerationService::Detokenize(const LoadedModel& model,
                                                          std::span<const uint32_t> ids) const {
  const size_t max_tokens = MaxTokens(model);
  if (ids.size() > max_tokens) {
    return FieldError("token_ids", absl::StrCat("has ", ids.size(), " tokens; allowed are ", max_tokens));
  }
  return model.tokenizer().Decode(ids);
}

void GenerationService::LogRefusal(const std::string& request_id, const absl::Status& status) const {
  CountRefusal(status);
  spdlog::info("request={} refused: {}", request_id,
               Shortened(status).ToString(absl::StatusToStringMode::kWithNoExtraData));
}

void GenerationService::CountRefusal(const absl::Status& status) const {
  options_.metrics->CountRefused(status);
}

void GenerationService::LogUnread(const std::string& request_id) const {
  options_.metrics->CountUnreadReply();
  spdlog::info("request={} cancelled: the client has left the end of its reply unread for {}",
               request_id.empty() ? "-" : request_id, absl::FormatDuration(slow_reader_timeout()));
}

void GenerationService::ObserveDuration(double seconds) {
  // A lost update is harmless.
  const double before = mean_seconds_.load(std::memory_order_relaxed);
  mean_seconds_.store(before + 0.1 * (seconds - before), std::memory_order_relaxed);
}

std::optional<int64_t> GenerationService::RetryAfterMs(const absl::Status& status) const {
  if (!absl::IsResourceExhausted(status)) return std::nullopt;
  if (const auto hint = status.GetPayload(kRetryAfterPayload); hint.has_value()) {
    int64_t milliseconds = 0;
    if (absl::SimpleAtoi(std::string(*hint), &milliseconds)) return milliseconds;
  }
  // Roughly when the next running request ends.
  const auto load = static_cast<double>(std::max<int64_t>(1, options_.load()));
  const double mean_seconds = mean_seconds_.load(std::memory_order_relaxed);
  return std::clamp<int64_t>(std::llround(1000 * mean_seconds / load), 50, 30000);
}

absl::Status Shortened(const absl::Status& status) {
  const absl::string_view message = status.message();
  if (message.size() <= kMaxMessageBytes) return status;
  absl::Status shorter(status.code(), base::Shortened({message.data(), message.size()}, kMaxMessageBytes));
  status.ForEachPayload(
      [&shorter](absl::string_view type, const absl::Cord& payload) { shorter.SetPayload(type, payload); });
  return shorter;
}

}  // namespace streamtensor::server
