// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/sequence.h"

#include <utility>

namespace streamtensor::server {
namespace {

uint64_t NextOrder() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

// Tokens that end a reply, but not before min_tokens.
std::vector<uint32_t> BannedIds(const StoppingParams& stopping, const Vocabulary& vocabulary) {
  if (stopping.min_tokens == 0) return {};
  std::vector<uint32_t> banned = stopping.stop_token_ids;
  if (!stopping.ignore_eos) {
    const auto ends = vocabulary.end_of_generation();
    banned.insert(banned.end(), ends.begin(), ends.end());
  }
  return banned;
}

}  // namespace

Sequence::Output::Output(const GenerationRequest& request,
                         const std::shared_ptr<const Vocabulary>& vocabulary)
    : sampler(request.sampling, request.prompt),
      reply(request.stopping, vocabulary),
      banned_ids(BannedIds(request.stopping, *vocabulary)) {}

Sequence::Sequence(GenerationRequest request, std::shared_ptr<const Vocabulary> vocabulary,
                   std::shared_ptr<ReplySink> sink)
    : request_(std::move(request)),
      vocabulary_(std::move(vocabulary)),
      sink_(std::move(sink)),
      order_(NextOrder()),
      tokens_(request_.prompt),
      output_(request_, vocabulary_) {
  summary_.seed = request_.sampling.seed;
  summary_.prompt_tokens = static_cast<uint32_t>(request_.prompt.size());
}

}  // namespace streamtensor::server
