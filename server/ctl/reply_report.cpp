// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/reply_report.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace streamtensor::ctl {
namespace {

using Json = nlohmann::ordered_json;

Json LogprobsAsJson(const google::protobuf::RepeatedPtrField<v1::TokenLogprob>& logprobs) {
  Json list = Json::array();
  for (const v1::TokenLogprob& logprob : logprobs) {
    Json item = {{"token_id", logprob.token_id()}, {"logprob", logprob.logprob()}};
    for (const v1::Alternative& alternative : logprob.alternatives()) {
      item["alternatives"].push_back(
          {{"token_id", alternative.token_id()}, {"logprob", alternative.logprob()}});
    }
    list.push_back(std::move(item));
  }
  return list;
}

}  // namespace

double DecodeTokensPerSecond(const v1::GenerateResponse& response) {
  const uint32_t tokens = response.usage().completion_tokens();
  const double seconds = response.timing().decode_seconds();
  return tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : 0;
}

Json ReportAsJson(const FinishedReply& reply) {
  const v1::GenerateResponse& response = reply.response;
  std::string reason = v1::FinishReason_Name(response.finish_reason());
  if (const std::string prefix = "FINISH_REASON_"; reason.rfind(prefix, 0) == 0)
    reason.erase(0, prefix.size());
  Json json;
  json["model"] = reply.model;
  json["request_id"] = reply.request_id;
  json["text"] = response.text();
  json["token_ids"] = Json::array();
  for (uint32_t id : response.token_ids()) json["token_ids"].push_back(id);
  json["finish_reason"] = reason;
  if (!response.stop_match().empty()) json["stop_match"] = response.stop_match();
  json["seed"] = response.seed();
  json["usage"] = {{"prompt_tokens", response.usage().prompt_tokens()},
                   {"cached_tokens", response.usage().cached_tokens()},
                   {"completion_tokens", response.usage().completion_tokens()}};
  json["measured"] = {{"queue_seconds", response.timing().queue_seconds()},
                      {"ttft_seconds", response.timing().ttft_seconds()},
                      {"decode_seconds", response.timing().decode_seconds()},
                      {"decode_tokens_per_second", DecodeTokensPerSecond(response)},
                      {"client_ttft_seconds", reply.client_ttft_seconds},
                      {"client_seconds", reply.client_seconds}};
  if (response.has_card()) {
    json["modelled"] = {{"cycles", response.card().modelled_cycles()},
                        {"seconds", response.card().modelled_seconds()}};
  }
  if (response.has_energy()) {
    const bool measured = response.energy().source() == v1::ENERGY_SOURCE_MEASURED;
    json[measured ? "measured" : "modelled"]["joules"] = response.energy().joules();
  }
  if (response.logprobs_size() > 0) json["logprobs"] = LogprobsAsJson(response.logprobs());
  if (response.prompt_logprobs_size() > 0)
    json["prompt_logprobs"] = LogprobsAsJson(response.prompt_logprobs());
  return json;
}

std::string ReportAsText(const FinishedReply& reply, const Client& client) {
  const v1::GenerateResponse& response = reply.response;
  std::string text = absl::StrFormat(
      "measured: TTFT %.3f s, decoding %.2f tok/s; %d prompt tokens (%d cached), %d generated\n",
      response.timing().ttft_seconds(), DecodeTokensPerSecond(response), response.usage().prompt_tokens(),
      response.usage().cached_tokens(), response.usage().completion_tokens());
  if (!response.has_card()) return text;

  v1::GetModelRequest request;
  request.set_name(reply.model);
  v1::Model model;
  grpc::ClientContext context;
  client.PrepareShort(context);
  std::string platform = "the card";
  std::string rate;
  if (client.inference->GetModel(&context, request, &model).ok()) {
    platform = absl::AsciiStrToUpper(model.platform());
    for (const v1::ModelledDecode& decode : model.modelled_decode()) {
      if (decode.tokens_per_step() != 1) continue;
      rate = absl::StrFormat("          one stream alone: %d cycles a token, %.1f tok/s, %.4f J\n",
                             decode.modelled_cycles(), decode.modelled_tokens_per_second(),
                             decode.modelled_joules());
    }
  }
  absl::StrAppendFormat(&text, "modelled: %s takes %d cycles, %.4f s, for this reply's steps", platform,
                        response.card().modelled_cycles(), response.card().modelled_seconds());
  if (response.has_energy() && response.energy().source() == v1::ENERGY_SOURCE_MODELLED) {
    absl::StrAppendFormat(&text, "; %.3f J", response.energy().joules());
  }
  return text + "\n" + rate;
}

}  // namespace streamtensor::ctl
