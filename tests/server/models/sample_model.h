// SPDX-License-Identifier: Apache-2.0
// A small model on cards without arithmetic, and the configuration that names it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/config/config.h"
#include "server/models/loaded_model.h"
#include "server/models/model_spec.h"
#include "server/tokenizer/tokenizer.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"
#include "tests/server/scheduler/fake_card.h"

namespace streamtensor::server::testing {

inline constexpr int32_t kSampleVocabulary = 50;

inline artifact::v1::Tokenizer SampleTokenizerMessage() {
  artifact::v1::Tokenizer message;
  message.set_format_version(1);
  message.set_kind(artifact::v1::Tokenizer::KIND_BYTE_LEVEL_BPE);
  message.set_pre_tokenizer(artifact::v1::Tokenizer::PRE_TOKENIZER_WORDS);
  for (int i = 0; i < kSampleVocabulary; ++i)
    message.add_pieces()->set_text(std::string(1, static_cast<char>('!' + i)));
  message.set_eos_token_id(2);
  return message;
}

inline std::unique_ptr<FakeDecoder> SampleDecoder(int32_t vocabulary = kSampleVocabulary) {
  return std::make_unique<FakeDecoder>(vocabulary, 64, 4, 4, 64);
}

// Dummy cards "dummy:0" and so on.
inline Config SampleConfig(int cards) {
  Config config;
  for (int i = 0; i < cards; ++i) {
    CardEntry card;
    card.card.driver = "dummy";
    card.card.index = static_cast<uint32_t>(i);
    card.name = absl::StrCat("dummy:", i);
    config.cards.push_back(card);
  }
  return config;
}

// Adds a model that is compiled already.
inline void AddModel(Config& config, const std::string& name, std::vector<int64_t> cards,
                     const std::string& artifact = "artifact") {
  ModelEntry entry;
  entry.name = name;
  entry.artifact = artifact;
  entry.cards = std::move(cards);
  config.models.push_back(entry);
}

// Takes the decoders of the spec's cards, one each.
inline std::shared_ptr<const LoadedModel> MakeLoadedModel(
    const ModelSpec& spec, std::vector<std::unique_ptr<FakeDecoder>> decoders, const Clock* clock,
    CardGroup::OnState on_state = [](const std::string&, const CardSnapshot&) {}) {
  CardLimits limits;
  limits.recovery.first_reset_delay = absl::Milliseconds(1);
  limits.recovery.longest_reset_delay = absl::Milliseconds(4);
  std::vector<CardGroup::Member> members;
  for (size_t i = 0; i < decoders.size(); ++i) {
    members.push_back({spec.cards.at(i).name, std::move(decoders[i]), std::make_unique<SchedulerObserver>()});
  }
  return std::make_shared<const LoadedModel>(
      spec.entry.name, *Tokenizer::Create(SampleTokenizerMessage()), absl::NotFoundError("none"),
      spec.entry.content_special_tokens,
      std::make_unique<CardGroup>(std::move(members), limits, clock, std::move(on_state)));
}

inline std::shared_ptr<Sequence> SampleSequence(std::shared_ptr<RecordingSink> sink, uint32_t max_tokens) {
  GenerationRequest request;
  request.prompt = {3, 4, 5};
  request.sampling.temperature = 0;
  request.stopping.max_tokens = max_tokens;
  request.stopping.ignore_eos = true;
  request.arrival = absl::Now();
  return std::make_shared<Sequence>(request, std::make_shared<FakeVocabulary>(kSampleVocabulary), sink);
}

}  // namespace streamtensor::server::testing
