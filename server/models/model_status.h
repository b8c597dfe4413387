// SPDX-License-Identifier: Apache-2.0
// Models and cards as the API and the metrics show them.
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
  kCompiling,  // or waiting for that
  kLoading,    // its artifact is checked and its cards are opened, or waiting for that
  kReady,      // one of its cards has been opened
  kFailed      // no card could be opened yet, or it can't be loaded at all
};

// Which states may follow each other.
bool CanFollow(ModelState from, ModelState to);

struct ModelStatus {
  std::string name;
  ModelState state = ModelState::kCompiling;
  double progress = 0;  // 0..1 of the state
  std::string stage;
  std::string error;
  std::string platform;
  std::string target;
  int32_t max_context = 0;
  runtime::DecoderInfo info;  // once READY
};

// A model that has not been worked on yet.
ModelStatus InitialStatus(const ModelSpec& spec);

struct CardStatus {
  std::string name;    // "emulated:0"
  std::string driver;  // "emulated", "xrt", "dummy"
  std::string platform;
  std::string model;  // which it serves
  std::string state;  // "CLOSED", "READY", "LOST", "FAILED"
  std::string error;
  bool has_snapshot = false;
  CardSnapshot snapshot;
};

// A loaded model has the card.
struct CardUse {
  std::string model;
  CardSnapshot snapshot;
};

// A card of the configuration. `model` is configured to have it; `error` says why it can't be used at all
// (empty: nothing is known against it). Of several uses, retired models' before the others', the first
// counts, or the last that is READY.
CardStatus DescribeCard(const CardEntry& entry, const std::string& model, const std::string& error,
                        std::span<const CardUse> uses);

CardReading ReadingOf(CardStatus status);

}  // namespace streamtensor::server
