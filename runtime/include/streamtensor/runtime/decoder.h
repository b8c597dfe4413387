// SPDX-License-Identifier: Apache-2.0
// A compiled decoder on a card: weights uploaded, KV pages reserved, steps run one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "streamtensor/runtime/card.h"
#include "streamtensor/runtime/card_config.h"
#include "streamtensor/runtime/process_time.h"

namespace streamtensor::runtime {

// What the scheduler must know of a decoder. Constant after opening.
struct DecoderInfo {
  std::string model_name;
  std::string platform;          // "u55c"
  std::string target;            // "emulation", "hw"; a driver's name where it runs no designs ("dummy")
  int32_t vocabulary = 0;        // logits a row
  int32_t max_context = 0;       // positions a sequence may have
  int32_t step_tokens = 0;       // tokens a step may carry (T)
  int32_t page_tokens = 0;       // rows a KV page holds
  int32_t max_pages = 0;         // page-table entries a sequence
  int32_t pages = 0;             // pages in this card's pools
  double modelled_clock_hz = 0;  // 0 where nothing is modelled
  // By T = 1..step_tokens: a step of T tokens with empty context that all want logits.
  std::vector<uint64_t> modelled_step_cycles;
  std::vector<double> modelled_step_joules;
};

struct StepToken {
  int32_t token_id = 0;
  int32_t slot = 0;      // index into Step::page_tables
  int32_t position = 0;  // absolute, 0-based
  int32_t start = 0;     // first position of this slot's sequence in this step
  bool wants_logits = false;
};

// Tokens of one slot are consecutive, their positions ascending by one from `start`.
// page_tables[slot] covers positions 0..last of that slot. No page may be written by two slots.
struct Step {
  std::vector<StepToken> tokens;
  std::vector<std::vector<int32_t>> page_tables;
};

struct StepResult {
  // One row of `vocabulary` floats for each token that wanted logits, in step order. Owned by the
  // decoder, valid until the next Run().
  std::span<const float> logits;
  double card_seconds = 0;       // measured: from start to completion
  uint64_t modelled_cycles = 0;  // modelled
  double modelled_seconds = 0;   // modelled
  double joules = 0;
  bool joules_measured = false;  // false: modelled
};

// Not thread-safe: one thread owns a decoder.
class Decoder {
 public:
  virtual ~Decoder() = default;

  virtual const DecoderInfo& info() const = 0;

  // Runs one step and waits for it.
  //  INVALID_ARGUMENT    the step breaks a rule above; nothing was launched
  //  DEADLINE_EXCEEDED   not done after `timeout` (> 0); the card is in an unknown state: Reset()
  //  UNAVAILABLE         the card is gone or failed the run: Reset()
  virtual absl::StatusOr<StepResult> Run(const Step& step, absl::Duration timeout) = 0;

  // Opens or reopens the card, and loads the artifact. KV pages are lost.
  //  NOT_FOUND (no such card), UNAVAILABLE; may be tried again
  virtual absl::Status Reset() = 0;

  //  UNAVAILABLE  the card is gone: Reset(); any other error: it has no such sensors
  virtual absl::StatusOr<CardSensors> ReadSensors() = 0;

  // Of the latest step that succeeded; empty where the card can't tell. Valid until the next Run().
  virtual std::span<const ProcessTime> process_times() const { return {}; }
};

struct DecoderOptions {
  CardConfig card;
  std::string artifact;            // folder
  bool open_card = true;           // false: only the artifact is checked; Reset() opens the card
  int64_t kv_pages = 0;            // 0: as many as max_running sequences need, bounded by kv_bytes
  int64_t kv_bytes = 512ll << 20;  // bound of one pool
};

// Checks the artifact, opens the card, loads the artifact and uploads its weights.
//  NOT_FOUND, INVALID_ARGUMENT (artifact damaged or foreign), UNAVAILABLE (card)
absl::StatusOr<std::unique_ptr<Decoder>> OpenDecoder(const DecoderOptions& options);

}  // namespace streamtensor::runtime
