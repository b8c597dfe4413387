// SPDX-License-Identifier: Apache-2.0
#include "runtime/drivers/dummy/hash_model.h"

#include <algorithm>

#include "base/check.h"
#include "kernels/contract/descriptor.h"

namespace streamtensor::runtime::drivers {
namespace {

constexpr uint64_t kEmptySequence = 0x73747265616d7465ull;
constexpr uint64_t kUnwritten = 0xdeadbeefdeadbeefull;

float Uniform(uint64_t bits) { return static_cast<float>(bits >> 40) * 0x1p-24f; }

float Noise(std::size_t token) { return Uniform(Mix(token + 1)); }

}  // namespace

HashModel::HashModel(const artifact::v1::Manifest& manifest)
    : vocabulary_(manifest.decoder().vocabulary()),
      max_context_(manifest.decoder().max_context()),
      page_tokens_(manifest.decoder().kv().page_tokens()),
      step_tokens_(manifest.launch().step_tokens()),
      max_pages_(manifest.launch().max_pages()) {
  ST_CHECK(vocabulary_ > 0 && page_tokens_ > 0);
}

void HashModel::SetPages(uint64_t pages) { rows_.assign(pages * page_tokens_, kUnwritten); }

void HashModel::SetLogits(std::span<float> logits) {
  logits_ = logits;
  peaks_.assign(logits.size() / vocabulary_, {});
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = Noise(i % vocabulary_);
}

void HashModel::Run(std::span<const uint32_t> descriptor, std::span<uint32_t> status) {
  const auto refuse = [&](contract::StatusCode code, uint32_t index, uint32_t value) {
    status[contract::kStatusCodeWord] = code;
    status[contract::kStatusIndexWord] = index;
    status[contract::kStatusValueWord] = value;
  };
  const uint32_t magic = descriptor[contract::kDescriptorMagicWord];
  if (magic != contract::kDescriptorMagic) {
    return refuse(contract::kStatusVersion, contract::kDescriptorMagicWord, magic);
  }
  const uint32_t tokens = descriptor[contract::kDescriptorTokensWord];
  if (tokens == 0 || tokens > step_tokens_) {
    return refuse(contract::kStatusTokens, contract::kDescriptorTokensWord, tokens);
  }
  std::size_t row = 0;
  for (uint32_t t = 0; t < tokens; ++t) {
    const std::span<const uint32_t> token = descriptor.subspan(contract::DescriptorTokenOffset(t));
    const uint32_t slot = token[contract::kTokenSlotWord];
    const uint32_t position = token[contract::kTokenPositionWord];
    if (slot >= step_tokens_) return refuse(contract::kStatusSlot, t, slot);
    if (position >= max_context_ || position / page_tokens_ >= max_pages_) {
      return refuse(contract::kStatusPosition, t, position);
    }
    uint64_t* const here = RowOf(descriptor, slot, position);
    const uint64_t* const before = position == 0 ? &kEmptySequence : RowOf(descriptor, slot, position - 1);
    if (here == nullptr || before == nullptr) {
      return refuse(contract::kStatusPage, max_pages_ * slot + position / page_tokens_, position);
    }
    *here = Mix(*before + kGoldenRatio * (uint64_t{token[contract::kTokenIdWord]} + 1));
    if ((token[contract::kTokenFlagsWord] & contract::kWantsLogitsFlag) == 0) continue;
    if (row == peaks_.size()) {
      return refuse(contract::kStatusLogits, contract::kDescriptorLogitsWord,
                    descriptor[contract::kDescriptorLogitsWord]);
    }
    WriteLogits(row++, *here);
  }
  status[contract::kStatusCodeWord] = contract::kStatusDone;
}

uint64_t* HashModel::RowOf(std::span<const uint32_t> descriptor, uint32_t slot, uint32_t position) {
  const auto table = contract::DescriptorPageTableOffset<std::size_t>(step_tokens_);
  const uint64_t page = descriptor[table + std::size_t{max_pages_} * slot + position / page_tokens_];
  const uint64_t row = page * page_tokens_ + position % page_tokens_;
  return row < rows_.size() ? &rows_[row] : nullptr;
}

void HashModel::WriteLogits(std::size_t row, uint64_t hash) {
  const std::span<float> logits = logits_.subspan(row * vocabulary_, vocabulary_);
  for (const std::size_t peak : peaks_[row]) logits[peak] = Noise(peak);
  for (std::size_t i = 0; i < kPeaks; ++i) peaks_[row][i] = Mix(hash + i) % vocabulary_;
  // Highest first in the list, so written last to first: one token twice keeps its highest.
  for (std::size_t i = kPeaks; i-- > 0;) {
    logits[peaks_[row][i]] = 12.0f - static_cast<float>(i) + 0.5f * Uniform(Mix(hash ^ (i + 1)));
  }
}

}  // namespace streamtensor::runtime::drivers
