// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/reply_stream.h"

#include <chrono>
#include <cstdio>
#include <optional>

#include "server/generation/request_id.h"

namespace streamtensor::ctl {

void Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

grpc::Status StreamReply(const Client& client, const v1::GenerateRequest& request, const CallOptions& call,
                         const std::function<void(const std::string&)>& on_text, FinishedReply& reply) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  auto seconds = [begin] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  grpc::ClientContext context;
  client.Prepare(context, call.timeout_seconds);
  if (!call.request_id.empty()) context.AddMetadata(server::kRequestIdHeader, call.request_id);
  std::optional<CancelOnInterrupt> cancel;
  if (call.interrupts != nullptr) cancel.emplace(*call.interrupts, context);
  reply.model = request.model();
  v1::GenerateResponse& whole = reply.response;
  auto reader = client.inference->GenerateStream(&context, request);
  v1::GenerateStreamResponse part;
  while (reader->Read(&part)) {
    if (whole.token_ids_size() == 0 && part.token_ids_size() > 0) reply.client_ttft_seconds = seconds();
    on_text(part.text());
    whole.mutable_text()->append(part.text());
    whole.mutable_token_ids()->MergeFrom(part.token_ids());
    whole.mutable_logprobs()->MergeFrom(part.logprobs());
    whole.mutable_prompt_logprobs()->MergeFrom(part.prompt_logprobs());
    if (part.finish_reason() == v1::FINISH_REASON_UNSPECIFIED) continue;
    whole.set_finish_reason(part.finish_reason());
    whole.set_stop_match(part.stop_match());
    whole.set_seed(part.seed());
    *whole.mutable_usage() = part.usage();
    *whole.mutable_timing() = part.timing();
    if (part.has_energy()) *whole.mutable_energy() = part.energy();
    if (part.has_card()) *whole.mutable_card() = part.card();
  }
  reply.client_seconds = seconds();
  const grpc::Status status = reader->Finish();
  const auto& metadata = context.GetServerInitialMetadata();
  if (const auto id = metadata.find(server::kRequestIdHeader); id != metadata.end()) {
    reply.request_id.assign(id->second.data(), id->second.size());
  }
  return status;
}

}  // namespace streamtensor::ctl
