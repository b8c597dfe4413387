// SPDX-License-Identifier: Apache-2.0
// A client's GenerateRequest, from the bytes on the wire to the checked request.
#include "server/api/grpc/messages.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/server/tokenizer/ascii_tokenizer.h"

namespace streamtensor::fuzz {
namespace {

const server::LoadedModel& Model() {
  static const server::LoadedModel* const model = new server::LoadedModel(
      "m", server::testing::MakeAsciiTokenizer(),
      server::ChatTemplate::Create(
          "{% for m in messages %}{{ m.role ~ m.content | trim }}<|im_end|>{% endfor %}"),
      false, nullptr);
  return *model;
}

}  // namespace

std::vector<std::string> Seeds() {
  v1::GenerateRequest plain, chat, tokens;
  plain.set_model("m");
  plain.set_prompt("Once upon a time");
  plain.mutable_sampling()->set_temperature(0.5f);
  plain.mutable_sampling()->set_top_k(5);
  plain.mutable_sampling()->set_top_p(0.5f);
  plain.mutable_sampling()->set_min_p(0.1f);
  plain.mutable_sampling()->set_repetition_penalty(1.1f);
  plain.mutable_sampling()->set_seed(7);
  auto* const bias = plain.mutable_sampling()->add_logit_bias();
  bias->set_token_id(3);
  bias->set_bias(-5);
  plain.mutable_stopping()->set_max_tokens(20);
  plain.mutable_stopping()->add_stop_strings("end");
  plain.mutable_stopping()->add_stop_token_ids(9);
  plain.mutable_output()->set_logprobs(3);
  plain.mutable_output()->set_prompt_logprobs(true);
  for (const char* role : {"system", "user"}) {
    auto* const turn = chat.mutable_chat()->add_messages();
    turn->set_role(role);
    turn->set_content("Hi there");
  }
  chat.set_priority(2);
  for (uint32_t id = 0; id < 5; ++id) tokens.mutable_tokens()->add_ids(id);
  return {plain.SerializeAsString(), chat.SerializeAsString(), tokens.SerializeAsString()};
}

bool Accepts(std::string_view input) {
  constexpr int64_t kMostTokens = 1000;
  v1::GenerateRequest message;
  if (!message.ParseFromArray(input.data(), static_cast<int>(input.size()))) return false;
  const auto request = server::CheckRequest(server::ReadRequest(message), Model(), {kMostTokens}, nullptr);
  if (!request.ok()) return Refused(request.status());
  Require(static_cast<int64_t>(request->prompt.size()) <= kMostTokens, "a prompt is within the limit");
  for (const uint32_t id : request->prompt) {
    Require(id < Model().tokenizer().vocabulary(), "a prompt's tokens are in the vocabulary");
  }
  Require(request->sampling.temperature >= 0 && request->sampling.top_p > 0,
          "parameters are in their ranges");
  return true;
}

}  // namespace streamtensor::fuzz
