// SPDX-License-Identifier: Apache-2.0
#include "compiler/simulation/step_mix.h"

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/contract/descriptor.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/word.h"

namespace streamtensor::compiler {
namespace {

absl::Status Check(const StepMix& mix, const artifact::v1::Launch& launch) {
  for (const SequenceStep& sequence : mix) {
    if (sequence.tokens < 1 || sequence.context < 0 || sequence.logits < 0 ||
        sequence.logits > sequence.tokens) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a sequence of ", sequence.tokens, " tokens after ", sequence.context, " with ", sequence.logits,
          " rows of logits; expected at least 1 token, no negative number and at most a row for each token"));
    }
    const int64_t positions = int64_t{launch.max_pages()} * contract::kPageTokens;
    if (launch.max_pages() > 0 && sequence.context + sequence.tokens > positions) {
      return absl::InvalidArgumentError(absl::StrCat(sequence.context, " positions and ", sequence.tokens,
                                                     " tokens; the design has ", positions, " positions"));
    }
  }
  if (TokensOf(mix) < 1 || TokensOf(mix) > launch.step_tokens()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a step of ", TokensOf(mix), " tokens; the design takes 1..", launch.step_tokens()));
  }
  if (LogitsOf(mix) > launch.step_logits()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a step with ", LogitsOf(mix), " rows of logits; the design makes at most ", launch.step_logits()));
  }
  return absl::OkStatus();
}

}  // namespace

int64_t TokensOf(const StepMix& mix) {
  int64_t tokens = 0;
  for (const SequenceStep& sequence : mix) tokens += sequence.tokens;
  return tokens;
}

int64_t LogitsOf(const StepMix& mix) {
  int64_t logits = 0;
  for (const SequenceStep& sequence : mix) logits += sequence.logits;
  return logits;
}

absl::StatusOr<std::vector<uint8_t>> DescriptorOf(const StepMix& mix, const artifact::v1::Launch& launch) {
  if (absl::Status status = Check(mix, launch); !status.ok()) return status;
  const size_t slots = launch.step_tokens(), pages = launch.max_pages();
  std::vector<uint32_t> words(contract::DescriptorWords<size_t>(slots, pages));
  words[contract::kDescriptorMagicWord] = contract::kDescriptorMagic;
  words[contract::kDescriptorVersionWord] = contract::kDescriptorVersion;
  words[contract::kDescriptorTokensWord] = static_cast<uint32_t>(TokensOf(mix));
  words[contract::kDescriptorLogitsWord] = static_cast<uint32_t>(LogitsOf(mix));
  words[contract::kDescriptorPagesWord] = static_cast<uint32_t>(slots * pages + 1);
  words[contract::kDescriptorMaxPagesWord] = launch.max_pages();
  size_t token = 0;
  for (size_t slot = 0; slot < mix.size(); ++slot) {
    const SequenceStep& sequence = mix[slot];
    for (int64_t i = 0; i < sequence.tokens; ++i, ++token) {
      uint32_t* record = &words[contract::DescriptorTokenOffset(token)];
      record[contract::kTokenSlotWord] = static_cast<uint32_t>(slot);
      record[contract::kTokenPositionWord] = static_cast<uint32_t>(sequence.context + i);
      record[contract::kTokenStartWord] = static_cast<uint32_t>(sequence.context);
      if (i >= sequence.tokens - sequence.logits)
        record[contract::kTokenFlagsWord] = contract::kWantsLogitsFlag;
    }
  }
  for (size_t entry = 0; entry < slots * pages; ++entry) {
    words[contract::DescriptorPageTableOffset(slots) + entry] = static_cast<uint32_t>(entry);
  }
  words.resize(static_cast<size_t>(contract::WordsOf(static_cast<int64_t>(words.size()))) * contract::kLanes);
  std::vector<uint8_t> bytes;
  for (uint32_t word : words) {
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<uint8_t>(word >> shift));
  }
  return bytes;
}

}  // namespace streamtensor::compiler
