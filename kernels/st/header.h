// SPDX-License-Identifier: Apache-2.0
// The step descriptor (docs/architecture.md section 3): who reads it, who checks it, who answers.
//
//   descriptor -> header<CONFIG> -> [emitted fan-out process] -> every process (read_header)
//                       |                      `-> write_status -> status
//                       `-> attention (page table)
//
// `header` owns the descriptor's pointer and `write_status` the status pointer. An error reaches
// write_status inside header word 0 and is written at once; done (1) is written only when every store
// of the launch has sent its done token. So the status closes no cycle in the network.
#ifndef ST_HEADER_H
#define ST_HEADER_H

#include <stdint.h>

#include "contract/descriptor.h"
#include "contract/kv_pages.h"
#include "contract/limits.h"
#include "dataflow.h"
#include "issue.h"

namespace st {

// Bound of the symbols T and W: a design of fewer tokens a step says so before it includes this.
#ifndef ST_STEP_TOKENS
#define ST_STEP_TOKENS ::streamtensor::contract::kMaxStepTokens
#endif
constexpr int MAX_STEP_TOKENS = ST_STEP_TOKENS;

// What travels on header streams. Word 0 of a step: tokens, logits, code, index, value. Word 1+t:
// id, slot, position, start, flags, page, row.
struct header_word {
  uint32_t field[contract::kHeaderElementWords];
};

struct token_header {
  int32_t id;
  int32_t slot;
  int32_t position;
  int32_t start;  // first position of this slot in the step
  bool wants_logits;
  int32_t page;  // physical page that holds `position`, when the design has pages
  int32_t row;   // of that page
};

// A step as every process sees it. tokens and logits are 0 when the descriptor is wrong.
struct step_header {
  int32_t tokens;  // T, 0..MAX_STEP_TOKENS
  int32_t logits;  // W, 0..tokens
  token_header token[MAX_STEP_TOKENS];
};

// A count that was read, limited to its declared bound, so that a wrong value cannot lengthen a loop.
inline int within(int count, int bound) {
#pragma HLS INLINE
  return count < 0 ? 0 : count > bound ? bound : count;
}

// Token words that follow header word 0, within the bound.
inline int header_tokens(const header_word& first) {
#pragma HLS INLINE
  return first.field[0] > static_cast<uint32_t>(MAX_STEP_TOKENS) ? MAX_STEP_TOKENS
                                                                 : static_cast<int>(first.field[0]);
}

// What word 0 says beside the counts.
struct step_fault {
  uint32_t code;  // contract::kStatusDone: none
  uint32_t index;
  uint32_t value;
};

// Reads 1 + T words.
inline step_fault read_header_and_fault(hls::stream<header_word>& in, step_header& header) {
  const header_word first = in.read();
  header.tokens = header_tokens(first);
  const uint32_t logits = first.field[1];
  header.logits =
      logits > static_cast<uint32_t>(header.tokens) ? header.tokens : static_cast<int32_t>(logits);
  for (int t = 0; t < MAX_STEP_TOKENS; ++t) {
#pragma HLS PIPELINE II = 1
    if (t < header.tokens) {
      const header_word word = in.read();
      token_header& token = header.token[t];
      token.id = static_cast<int32_t>(word.field[0]);
      token.slot = static_cast<int32_t>(word.field[1] % MAX_STEP_TOKENS);
      token.position = static_cast<int32_t>(word.field[2]);
      token.start = static_cast<int32_t>(word.field[3]);
      token.wants_logits = (word.field[4] & contract::kWantsLogitsFlag) != 0;
      token.page = static_cast<int32_t>(word.field[5]);
      token.row = static_cast<int32_t>(word.field[6] % contract::kPageTokens);
    }
  }
  step_fault fault;
  fault.code = first.field[2];
  fault.index = first.field[3];
  fault.value = first.field[4];
  return fault;
}

// The first thing that a process does. Reads 1 + T words; every count is clamped to its bound, T and W
// to that of the design where a process has buffers of that size.
template <int STEP_TOKENS = MAX_STEP_TOKENS>
inline void read_header(hls::stream<header_word>& in, step_header& header) {
  read_header_and_fault(in, header);
  header.tokens = header.tokens > STEP_TOKENS ? STEP_TOKENS : header.tokens;
  header.logits = header.logits > STEP_TOKENS ? STEP_TOKENS : header.logits;
}

// Rows of an operation in this step.
inline int count_rows(row_symbol symbol, int fixed, const step_header& header) {
#pragma HLS INLINE
  return symbol == ROWS_T ? header.tokens : symbol == ROWS_W ? header.logits : fixed;
}

// ---------------------------------------------------------------------------------------------

// The descriptor as it is copied on chip: 32-bit words, and the 512-bit words (beats) that hold them.
template <class CONFIG>
struct descriptor_layout {
  static constexpr int page_table = contract::DescriptorPageTableOffset(CONFIG::step_tokens);
  static constexpr int words = contract::DescriptorWords(CONFIG::step_tokens, CONFIG::max_pages);
  static constexpr int beats = contract::WordsOf(words);
  // Beats of the page table on its stream to attention: entry M*slot + i is lane (M*slot + i) % kLanes.
  static constexpr int page_beats = contract::WordsOf(CONFIG::max_pages * CONFIG::step_tokens);
};

inline void set_fault(step_fault& fault, uint32_t code, uint32_t index, uint32_t value) {
#pragma HLS INLINE
  // The first fault found is the one that is told.
  if (fault.code == contract::kStatusDone) {
    fault.code = code;
    fault.index = index;
    fault.value = value;
  }
}

// Checks words[]; on success the header words of all tokens are in `tokens`.
template <class CONFIG>
step_fault check_descriptor(const uint32_t (&words)[descriptor_layout<CONFIG>::beats * contract::kLanes],
                            header_word (&tokens)[MAX_STEP_TOKENS]) {
  const uint32_t step_tokens = CONFIG::step_tokens;
  const uint32_t max_pages = CONFIG::max_pages;
  step_fault fault;
  fault.code = contract::kStatusDone;
  fault.index = 0;
  fault.value = 0;
  const uint32_t magic = words[contract::kDescriptorMagicWord];
  const uint32_t version = words[contract::kDescriptorVersionWord];
  const uint32_t count = words[contract::kDescriptorTokensWord];
  const uint32_t logits = words[contract::kDescriptorLogitsWord];
  const uint32_t pages = words[contract::kDescriptorPagesWord];
  const uint32_t table_width = words[contract::kDescriptorMaxPagesWord];
  if (magic != contract::kDescriptorMagic) {
    set_fault(fault, contract::kStatusVersion, contract::kDescriptorMagicWord, magic);
  }
  if (version != contract::kDescriptorVersion) {
    set_fault(fault, contract::kStatusVersion, contract::kDescriptorVersionWord, version);
  }
  if (count < 1 || count > step_tokens) set_fault(fault, contract::kStatusTokens, 0, count);
  if (table_width != max_pages) set_fault(fault, contract::kStatusMaxPages, 0, table_width);
  for (int i = contract::kDescriptorReservedWord; i < contract::kDescriptorHeaderWords; ++i) {
#pragma HLS PIPELINE II = 1
    if (words[i] != 0) set_fault(fault, contract::kStatusReserved, i, words[i]);
  }

  uint32_t wanting = 0;
  uint32_t seen_slots = 0;  // bit a slot
  uint32_t slot_before = step_tokens;
  uint32_t position_before = 0;
  uint32_t start_before = 0;
  for (uint32_t t = 0; t < step_tokens; ++t) {
    if (t >= count || fault.code != contract::kStatusDone) continue;
    const uint32_t at = contract::DescriptorTokenOffset(t);
    const uint32_t id = words[at + contract::kTokenIdWord];
    const uint32_t slot = words[at + contract::kTokenSlotWord];
    const uint32_t position = words[at + contract::kTokenPositionWord];
    const uint32_t start = words[at + contract::kTokenStartWord];
    const uint32_t flags = words[at + contract::kTokenFlagsWord];
    if (CONFIG::vocabulary > 0 && id >= static_cast<uint32_t>(CONFIG::vocabulary)) {
      set_fault(fault, contract::kStatusTokenId, t, id);
    }
    if ((flags & ~contract::kWantsLogitsFlag) != 0) {
      set_fault(fault, contract::kStatusReserved, at + contract::kTokenFlagsWord, flags);
    }
    for (uint32_t i = contract::kTokenReservedWord; i < contract::kDescriptorTokenWords; ++i) {
      if (words[at + i] != 0) set_fault(fault, contract::kStatusReserved, at + i, words[at + i]);
    }
    if ((flags & contract::kWantsLogitsFlag) != 0) ++wanting;
    uint32_t page = 0;
    if (max_pages > 0) {
      const bool goes_on = slot == slot_before;
      if (slot >= step_tokens || (!goes_on && ((seen_slots >> (slot % 32)) & 1u) != 0)) {
        set_fault(fault, contract::kStatusSlot, t, slot);
      }
      seen_slots |= 1u << (slot % 32);
      if (start > position || (goes_on && start != start_before))
        set_fault(fault, contract::kStatusStart, t, start);
      if (position != (goes_on ? position_before + 1 : start) ||
          position / contract::kPageTokens >= max_pages) {
        set_fault(fault, contract::kStatusPosition, t, position);
      }
      if (fault.code == contract::kStatusDone) {
        // Pages below were checked with the slot's token before.
        const uint32_t row = max_pages * slot;
        const uint32_t first = goes_on ? position_before / contract::kPageTokens : 0;
        for (uint32_t n = 0; n < max_pages && first + n <= position / contract::kPageTokens; ++n) {
#pragma HLS PIPELINE II = 1
          const uint32_t i = row + first + n;
          page = words[descriptor_layout<CONFIG>::page_table + i];
          if (page >= pages) set_fault(fault, contract::kStatusPage, i, page);
        }
      }
      slot_before = slot;
      position_before = position;
      start_before = start;
    }
    header_word& token = tokens[t];
    token.field[0] = id;
    token.field[1] = slot;
    token.field[2] = position;
    token.field[3] = start;
    token.field[4] = flags;
    token.field[5] = page;
    token.field[6] = position % contract::kPageTokens;
    token.field[7] = 0;
  }
  if (logits != wanting || wanting > static_cast<uint32_t>(CONFIG::step_logits)) {
    set_fault(fault, contract::kStatusLogits, 0, logits);
  }
  return fault;
}

// Reads the descriptor and checks it; gives word 0 and the token words of a step. Faulty: T = W = 0.
template <class CONFIG>
header_word read_descriptor(const word512* descriptor,
                            uint32_t (&words)[descriptor_layout<CONFIG>::beats * contract::kLanes],
                            header_word (&tokens)[MAX_STEP_TOKENS]) {
  for (int beat = 0; beat < descriptor_layout<CONFIG>::beats; ++beat) {
#pragma HLS PIPELINE II = 1
    const word512 word = descriptor[beat];
    for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
      words[contract::kLanes * beat + i] = lane_u32(word, i);
    }
  }
  const step_fault fault = check_descriptor<CONFIG>(words, tokens);
  const bool good = fault.code == contract::kStatusDone;
  header_word first;
  first.field[0] = good ? words[contract::kDescriptorTokensWord] : 0;
  first.field[1] = good ? words[contract::kDescriptorLogitsWord] : 0;
  first.field[2] = fault.code;
  first.field[3] = fault.index;
  first.field[4] = fault.value;
  first.field[5] = 0;
  first.field[6] = 0;
  first.field[7] = 0;
  return first;
}

inline void write_header(const header_word& first, const header_word (&tokens)[MAX_STEP_TOKENS],
                         hls::stream<header_word>& out) {
  out.write(first);
  const int count = header_tokens(first);
  for (int t = 0; t < count; ++t) {
#pragma HLS PIPELINE II = 1
    out.write(tokens[t]);
  }
}

// Process. CONFIG: step_tokens (S), step_logits, max_pages (M; 0 here), vocabulary (0: any id).
// Reads the descriptor's S-token block from memory; writes 1 + T words.
template <class CONFIG>
void header(const word512* descriptor, hls::stream<header_word>& out) {
  uint32_t words[descriptor_layout<CONFIG>::beats * contract::kLanes];
#pragma HLS ARRAY_PARTITION variable = words type = cyclic factor = 16
  header_word tokens[MAX_STEP_TOKENS];
  const header_word first = read_descriptor<CONFIG>(descriptor, words, tokens);
  write_header(first, tokens, out);
}

// Process, for designs with pages. As `header`, then writes WordsOf(S*M) words to `pages`: the whole
// page table, also after a fault (then it is unused).
template <class CONFIG>
void header_with_pages(const word512* descriptor, hls::stream<header_word>& out,
                       hls::stream<word512>& pages) {
  uint32_t words[descriptor_layout<CONFIG>::beats * contract::kLanes];
#pragma HLS ARRAY_PARTITION variable = words type = cyclic factor = 16
  header_word tokens[MAX_STEP_TOKENS];
  const header_word first = read_descriptor<CONFIG>(descriptor, words, tokens);
  write_header(first, tokens, out);
  for (int beat = 0; beat < descriptor_layout<CONFIG>::page_beats; ++beat) {
#pragma HLS PIPELINE II = 1
    word512 word;
    for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
      const int at = descriptor_layout<CONFIG>::page_table + contract::kLanes * beat + i;
      set_lane_u32(word, i, at < descriptor_layout<CONFIG>::words ? words[at] : 0);
    }
    pages.write(word);
  }
}

// ---------------------------------------------------------------------------------------------

// What a process that writes memory sends, once, when all its writes of the launch are made.
typedef uint32_t done_token;

inline word512 status_word(const step_fault& fault) {
  word512 word(0);
  set_lane_u32(word, contract::kStatusCodeWord, fault.code);
  set_lane_u32(word, contract::kStatusIndexWord, fault.index);
  set_lane_u32(word, contract::kStatusValueWord, fault.value);
  return word;
}

inline void read_done() {}
template <class FIRST, class... REST>
void read_done(FIRST& first, REST&... rest) {
#pragma HLS INLINE
  first.read();
  read_done(rest...);
}

// Process, the only one that writes `status`. Reads 1 + T header words; on a fault writes it at once;
// reads one token of each `done` in argument order (hls::stream<done_token>&); then, without a fault,
// writes done.
template <class... DONE>
void write_status(hls::stream<header_word>& headers, word512* status, DONE&... done) {
  step_header header;
  const step_fault fault = read_header_and_fault(headers, header);
  if (fault.code != contract::kStatusDone) status[0] = status_word(fault);
  read_done(done...);
  if (fault.code == contract::kStatusDone) status[0] = status_word(fault);
}

}  // namespace st

#endif
