// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/messages.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {
namespace {

// An error may quote a file or its name, which may hold any bytes; message text must be UTF-8.
std::string ValidText(const std::string& text) {
  Utf8Stream stream;
  std::string valid = stream.Push(text);
  return valid + stream.Finish();
}

SamplingParams ReadSampling(const v1::Sampling& message) {
  SamplingParams params;
  if (message.has_temperature()) params.temperature = message.temperature();
  if (message.has_top_k()) params.top_k = message.top_k();
  if (message.has_top_p()) params.top_p = message.top_p();
  if (message.has_min_p()) params.min_p = message.min_p();
  if (message.has_repetition_penalty()) params.repetition_penalty = message.repetition_penalty();
  if (message.has_presence_penalty()) params.presence_penalty = message.presence_penalty();
  if (message.has_frequency_penalty()) params.frequency_penalty = message.frequency_penalty();
  for (const v1::LogitBias& bias : message.logit_bias())
    params.logit_bias.emplace_back(bias.token_id(), bias.bias());
  return params;
}

StoppingParams ReadStopping(const v1::Stopping& message) {
  StoppingParams params;
  if (message.has_max_tokens()) params.max_tokens = message.max_tokens();
  params.min_tokens = message.min_tokens();
  params.stop_strings.assign(message.stop_strings().begin(), message.stop_strings().end());
  params.stop_token_ids.assign(message.stop_token_ids().begin(), message.stop_token_ids().end());
  params.ignore_eos = message.ignore_eos();
  return params;
}

Prompt ReadPrompt(const v1::GenerateRequest& message) {
  switch (message.input_case()) {
    case v1::GenerateRequest::kPrompt:
      return message.prompt();
    case v1::GenerateRequest::kTokens:
      return std::vector<uint32_t>(message.tokens().ids().begin(), message.tokens().ids().end());
    case v1::GenerateRequest::kChat: {
      std::vector<ChatMessage> messages;
      for (const v1::ChatMessage& chat_message : message.chat().messages()) {
        messages.push_back({chat_message.role(), chat_message.content()});
      }
      return messages;
    }
    case v1::GenerateRequest::INPUT_NOT_SET:
      break;
  }
  return {};
}

template <typename Messages>
void WriteLogprobs(const std::vector<TokenLogprob>& logprobs, const Tokenizer& tokenizer,
                   Messages* messages) {
  for (const TokenLogprob& logprob : logprobs) {
    v1::TokenLogprob* message = messages->Add();
    message->set_token_id(logprob.token_id);
    message->set_raw(std::string(tokenizer.PieceBytes(logprob.token_id)));
    message->set_logprob(logprob.logprob);
    for (const TokenLogprob::Alternative& alternative : logprob.alternatives) {
      v1::Alternative* other = message->add_alternatives();
      other->set_token_id(alternative.token_id);
      other->set_logprob(alternative.logprob);
    }
  }
}

template <typename Message>
void WriteAnyDelta(const ReplyDelta& delta, const Tokenizer& tokenizer, Message& message) {
  message.mutable_text()->append(delta.text);
  for (uint32_t id : delta.token_ids) message.add_token_ids(id);
  WriteLogprobs(delta.logprobs, tokenizer, message.mutable_logprobs());
  WriteLogprobs(delta.prompt_logprobs, tokenizer, message.mutable_prompt_logprobs());
}

template <typename Message>
void WriteAnySummary(const ReplySummary& summary, Message& message) {
  switch (summary.finish_reason) {
    case FinishReason::kStop:
      message.set_finish_reason(v1::FINISH_REASON_STOP);
      break;
    case FinishReason::kLength:
      message.set_finish_reason(v1::FINISH_REASON_LENGTH);
      break;
    case FinishReason::kNone:
      break;
  }
  message.set_stop_match(summary.stop_match);
  message.set_seed(summary.seed);
  v1::Usage* usage = message.mutable_usage();
  usage->set_prompt_tokens(summary.prompt_tokens);
  usage->set_cached_tokens(summary.cached_tokens);
  usage->set_completion_tokens(summary.completion_tokens);
  v1::Timing* timing = message.mutable_timing();
  timing->set_queue_seconds(summary.queue_seconds);
  timing->set_ttft_seconds(summary.ttft_seconds);
  timing->set_decode_seconds(summary.decode_seconds);
  // A card without sensor and power model reports nothing rather than zero.
  if (summary.joules > 0) {
    v1::Energy* energy = message.mutable_energy();
    energy->set_joules(summary.joules);
    energy->set_source(summary.joules_measured ? v1::ENERGY_SOURCE_MEASURED : v1::ENERGY_SOURCE_MODELLED);
  }
  if (summary.modelled_cycles > 0) {
    v1::CardUse* card = message.mutable_card();
    card->set_modelled_cycles(summary.modelled_cycles);
    card->set_modelled_seconds(summary.modelled_seconds);
  }
}

}  // namespace

ClientRequest ReadRequest(const v1::GenerateRequest& message) {
  ClientRequest request;
  request.model = message.model();
  request.prompt = ReadPrompt(message);
  request.sampling = ReadSampling(message.sampling());
  if (message.sampling().has_seed()) request.seed = message.sampling().seed();
  request.stopping = ReadStopping(message.stopping());
  if (message.output().has_logprobs()) request.logprobs = message.output().logprobs();
  request.prompt_logprobs = message.output().prompt_logprobs();
  request.priority = message.priority();
  return request;
}

size_t WireBytes(const ReplyDelta& delta) {
  size_t bytes = 8 + delta.text.size() + 3 * delta.token_ids.size();
  for (const auto* list : {&delta.logprobs, &delta.prompt_logprobs}) {
    for (const TokenLogprob& logprob : *list) bytes += 24 + 12 * logprob.alternatives.size();
  }
  return bytes;
}

void WriteDelta(const ReplyDelta& delta, const Tokenizer& tokenizer, v1::GenerateResponse& message) {
  WriteAnyDelta(delta, tokenizer, message);
}
void WriteDelta(const ReplyDelta& delta, const Tokenizer& tokenizer, v1::GenerateStreamResponse& message) {
  WriteAnyDelta(delta, tokenizer, message);
}
void WriteSummary(const ReplySummary& summary, v1::GenerateResponse& message) {
  WriteAnySummary(summary, message);
}
void WriteSummary(const ReplySummary& summary, v1::GenerateStreamResponse& message) {
  WriteAnySummary(summary, message);
}

void WriteModel(const ModelStatus& status, v1::Model& message) {
  static constexpr v1::ModelState kStates[] = {v1::MODEL_STATE_COMPILING, v1::MODEL_STATE_LOADING,
                                               v1::MODEL_STATE_READY, v1::MODEL_STATE_FAILED};
  message.set_name(status.name);
  message.set_state(kStates[static_cast<int>(status.state)]);
  message.set_progress(status.progress);
  message.set_stage(status.stage);
  message.set_error(ValidText(status.error));
  message.set_max_context(static_cast<uint32_t>(status.max_context));
  message.set_platform(status.platform);
  message.set_target(status.target);
  if (status.state != ModelState::kReady) return;
  message.set_chat(status.chat);
  const runtime::DecoderInfo& info = status.info;
  message.set_step_tokens(static_cast<uint32_t>(info.step_tokens));
  message.set_vocabulary(static_cast<uint32_t>(info.vocabulary));
  for (size_t i = 0; i < info.modelled_step_cycles.size(); ++i) {
    const uint64_t cycles = info.modelled_step_cycles[i];
    if (cycles == 0 || info.modelled_clock_hz <= 0) continue;
    v1::ModelledDecode* modelled = message.add_modelled_decode();
    modelled->set_tokens_per_step(static_cast<uint32_t>(i + 1));
    modelled->set_modelled_cycles(cycles);
    modelled->set_modelled_tokens_per_second(static_cast<double>(i + 1) * info.modelled_clock_hz /
                                             static_cast<double>(cycles));
    modelled->set_modelled_joules(info.modelled_step_joules[i]);
  }
}

void WriteCard(const CardStatus& status, v1::Card& message) {
  auto source = [](bool measured) {
    return measured ? v1::READING_SOURCE_MEASURED : v1::READING_SOURCE_MODELLED;
  };
  const CardSnapshot& snapshot = status.snapshot;
  message.set_name(status.name);
  message.set_driver(status.driver);
  message.set_platform(status.platform);
  message.set_model(status.model);
  v1::CardState state = v1::CARD_STATE_UNSPECIFIED;
  v1::CardState_Parse(absl::StrCat("CARD_STATE_", status.state), &state);
  message.set_state(state);
  message.set_error(ValidText(status.error));
  if (state != v1::CARD_STATE_READY && state != v1::CARD_STATE_LOST) return;
  message.set_running_requests(snapshot.counts.running);
  message.set_waiting_requests(snapshot.counts.waiting);
  message.set_kv_pages_held(snapshot.counts.pages_held);
  message.set_kv_pages_cached(snapshot.counts.pages_cached);
  message.set_kv_pages_free(snapshot.counts.pages_free);
  message.set_resets(snapshot.resets);
  message.set_step_joules(snapshot.joules_total);
  message.set_step_joules_source(source(snapshot.joules_measured));
  if (!snapshot.sensors_error.empty()) return;
  if (snapshot.sensors.power_known) {
    message.set_power_watts(snapshot.sensors.power_watts);
    message.set_power_source(source(snapshot.sensors.power_measured));
  }
  if (snapshot.sensors.temperature_known)
    message.set_temperature_celsius(snapshot.sensors.temperature_celsius);
}

}  // namespace streamtensor::server
