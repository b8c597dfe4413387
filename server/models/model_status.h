// SPDX-License-Identifier: Apache-2.0
// States of models and cards as the API and the metrics report them.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "server/config/config.h"
#include "server/metrics/metrics.h"
#include "server/models/model_spec.h"
#include "server/scheduler/card_worker.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {

enum class ModelState {
  kCompiling,  // or waiting to
  kLoading,    // its artifact is checked and its cards are opened, or waiting to
  kReady,      // at least one card has been opened
  kFailed      // no card could be opened yet, or it cannot be loaded
};

// Whether `to` may follow `from`.
bool CanFollow(ModelState from, ModelState to);

struct ModelStatus {
  std::string name;
  ModelState state = ModelState::kCompiling;
  double progress = 0;  // of the current state, 0..1
  std::string stage;
  std::string error;
  std::string platform;
  std::string target;
  int32_t max_context = 0;
  bool chat = false;          // it has a usable chat template; valid once READY
  runtime::DecoderInfo info;  // valid once READY
};

// A model that has not been loaded yet.
ModelStatus InitialStatus(const ModelSpec& spec);

struct CardStatus {
  std::string name;    // "emulated:0"
  std::string driver;  // "emulated", "xrt", "dummy"
  std::string platform;
  std::string model;  // the model it serves
  std::string state;  // "CLOSED", "READY", "LOST", "FAILED"
  std::string error;
  bool has_snapshot = false;
  CardSnapshot snapshot;
};

// A loaded model uses the card.
struct CardUse {
  std::string model;
  CardSnapshot snapshot;
};

// A card of the configuration. `model` is configured to use it; `error` says why it cannot be used (empty: no
// known problem). Of several uses, with retired models first, the last READY one counts, otherwise the first.
CardStatus DescribeCard(const CardEntry& entry, const std::string& model, const std::string& error,
                        std::span<const CardUse> uses);

CardReading ReadingOf(CardStatus status);

}  // namespace streamtensor::server
