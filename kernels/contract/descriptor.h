// SPDX-License-Identifier: Apache-2.0
// The launch interface (docs/architecture.md, section 3): the step descriptor that the host writes, and the
// status word that the card answers with. Both are little-endian uint32.
//
//   descriptor   header words, then a record a token, then the page table: a row a slot
//
// S = step_tokens and M = max_pages of the design.
#ifndef ST_CONTRACT_DESCRIPTOR_H
#define ST_CONTRACT_DESCRIPTOR_H

#include "limits.h"
#include "word.h"

namespace streamtensor {
namespace contract {

constexpr uint32_t kDescriptorMagic = 0x44535453;  // "STSD"
constexpr uint32_t kDescriptorVersion = 1;

enum DescriptorWord {
  kDescriptorMagicWord = 0,
  kDescriptorVersionWord = 1,
  kDescriptorTokensWord = 2,    // T
  kDescriptorLogitsWord = 3,    // W: tokens that carry kWantsLogitsFlag
  kDescriptorPagesWord = 4,     // in the pools
  kDescriptorMaxPagesWord = 5,  // M
  kDescriptorReservedWord = 6,  // the first of those that are 0
  kDescriptorHeaderWords = 16
};

// Words of a token's record.
enum TokenWord {
  kTokenIdWord = 0,
  kTokenSlotWord = 1,  // row of the page table
  kTokenPositionWord = 2,
  kTokenStartWord = 3,  // first position of this slot's sequence in the step
  kTokenFlagsWord = 4,
  kTokenReservedWord = 5,  // the first of those that are 0
  kDescriptorTokenWords = 8
};
constexpr uint32_t kWantsLogitsFlag = 1;

// Where the record of token `token` begins.
template <class T>
constexpr T DescriptorTokenOffset(T token) {
  return kDescriptorHeaderWords + kDescriptorTokenWords * token;
}

// Where the page table begins: the entry of a slot's logical page i is word M*slot + i of it.
template <class T>
constexpr T DescriptorPageTableOffset(T step_tokens) {
  return DescriptorTokenOffset<T>(step_tokens);
}

template <class T>
constexpr T DescriptorWords(T step_tokens, T max_pages) {
  return DescriptorPageTableOffset<T>(step_tokens) + step_tokens * max_pages;
}

// The status: the host clears it to kStatusCleared, the card writes it once.
enum StatusWord {
  kStatusCodeWord = 0,
  kStatusIndexWord = 1,  // where the error is
  kStatusValueWord = 2,  // what stands there
  kStatusWords = 16
};
constexpr uint32_t kStatusCleared = 0xffffffff;  // every word

enum StatusCode {
  kStatusDone = 1,
  kStatusVersion = 2,   // magic or version; the index is the word
  kStatusTokens = 3,    // T outside 1..S
  kStatusLogits = 4,    // W is not the number of flags, or above its bound
  kStatusTokenId = 5,   // the index is the token, as for the next three
  kStatusSlot = 6,      // outside 0..S-1, or its tokens are not consecutive
  kStatusPosition = 7,  // not start and ascending by one, or beyond the page table
  kStatusStart = 8,     // not one value for all tokens of the slot, or above the position
  kStatusPage = 9,      // the index is the page table's word
  kStatusMaxPages = 10,
  kStatusReserved = 11,  // a word or flag that must be 0; the index is the descriptor's word
  kStatusCodesEnd
};

// A step inside the design: one element on a header stream for the step, then one for each token.
constexpr int kHeaderElementWords = 8;
constexpr int kHeaderElementBytes = 4 * kHeaderElementWords;

static_assert(kDescriptorHeaderWords % kLanes == 0, "the header fills whole words");
static_assert(kLanes % kDescriptorTokenWords == 0, "no token's record lies in two words");
static_assert(kDescriptorReservedWord < kDescriptorHeaderWords && kTokenReservedWord < kDescriptorTokenWords,
              "what is reserved lies inside");
static_assert(kHeaderElementWords >= kDescriptorTokenWords, "a header element holds a token's record");
static_assert(kStatusWords == kLanes, "the status is one word");

}  // namespace contract
}  // namespace streamtensor

#endif
