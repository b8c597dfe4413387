// SPDX-License-Identifier: Apache-2.0
// A decoder that keeps books instead of computing a model: each token writes its id to its row of the
// K pages and its position to the V pages; its logits are [sum of the ids of its sequence so far, sum
// of the positions, id, first weight, 0 ...]. It reads and writes pages as a real design does, so a wrong
// access shows. On demand it hangs, deadlocks or dies.
#include "contract/descriptor.h"
#include "contract/kv_pages.h"
#include "st/dataflow.h"

namespace ledger {

namespace contract = streamtensor::contract;

constexpr int kStepTokens = 4, kMaxPages = 8, kVocabulary = 50;
// Elements of one page: layers 2 * KV heads 1 * rows kPageTokens * head_dim 16; a row's entry is its first
// one.
constexpr int kRowElements = 16, kPageElements = 2 * contract::kPageTokens * kRowElements;
constexpr uint32_t kHangToken = 40, kDeadlockToken = 41, kAbortToken = 42;

struct Request {
  uint32_t id, position, start, slot, wants_logits;
};

void read_descriptor(const uint32_t* descriptor, hls::stream<Request>& requests) {
  for (uint32_t t = 0; t < descriptor[contract::kDescriptorTokensWord]; ++t) {
    const uint32_t* token = descriptor + contract::DescriptorTokenOffset(t);
    requests.write({token[contract::kTokenIdWord], token[contract::kTokenPositionWord],
                    token[contract::kTokenStartWord], token[contract::kTokenSlotWord],
                    token[contract::kTokenFlagsWord] & contract::kWantsLogitsFlag});
  }
  requests.write({0xffffffffu, 0, 0, 0, 0});
}

void keep_books(hls::stream<Request>& requests, const uint32_t* table, const uint16_t* k_read,
                const uint16_t* v_read, uint16_t* k_write, uint16_t* v_write, const uint32_t* weights,
                float* logits, uint32_t* status) {
  uint32_t ids[kStepTokens] = {}, done = 0;
  for (Request request = requests.read(); request.id != 0xffffffffu; request = requests.read()) {
    const uint32_t* pages = table + kMaxPages * request.slot;
    float id_sum = 0, position_sum = 0;
    for (uint32_t p = 0; p < request.start; ++p) {
      const uint32_t at =
          pages[p / contract::kPageTokens] * kPageElements + p % contract::kPageTokens * kRowElements;
      id_sum += k_read[at];
      position_sum += v_read[at];
    }
    // The step's own rows are used on the way, never read back.
    ids[done++] = request.id;
    for (uint32_t back = 0; back <= request.position - request.start; ++back) {
      id_sum += static_cast<float>(ids[done - 1 - back]);
      position_sum += static_cast<float>(request.position - back);
    }
    const uint32_t at = pages[request.position / contract::kPageTokens] * kPageElements +
                        request.position % contract::kPageTokens * kRowElements;
    k_write[at] = static_cast<uint16_t>(request.id);
    v_write[at] = static_cast<uint16_t>(request.position);
    if (request.id == kDeadlockToken) requests.read(), requests.read(), requests.read();
    if (request.id == kAbortToken) __builtin_trap();
    for (volatile uint32_t hang = request.id; hang == kHangToken;) {
    }
    if (!request.wants_logits) continue;
    for (int v = 0; v < kVocabulary; ++v) logits[v] = 0;
    logits[0] = id_sum;
    logits[1] = position_sum;
    logits[2] = static_cast<float>(request.id);
    logits[3] = static_cast<float>(weights[0]);
    logits += kVocabulary;
  }
  status[0] = status[0] == contract::kStatusCleared ? contract::kStatusDone : 99;
}

}  // namespace ledger

extern "C" void ledger_step(const uint32_t* descriptor, uint32_t* status, float* logits,
                            const uint32_t* weights_0, const uint32_t* weights_1, const uint16_t* k_read,
                            const uint16_t* v_read, uint16_t* k_write, uint16_t* v_write,
                            const uint32_t* rope, const uint32_t* norm) {
#pragma HLS DATAFLOW
  hls::stream<ledger::Request, 2> requests("requests");
  const uint32_t* table = descriptor + ledger::contract::DescriptorPageTableOffset(ledger::kStepTokens);
  ST_PROCESS(ledger::read_descriptor, descriptor, requests);
  ST_PROCESS(ledger::keep_books, requests, table, k_read, v_read, k_write, v_write, weights_0, logits,
             status);
  ST_DATAFLOW_END
}

ST_EXPORT_LAUNCH(ledger_step)
