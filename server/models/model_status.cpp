// SPDX-License-Identifier: Apache-2.0
#include "server/models/model_status.h"

#include <utility>

#include "absl/strings/ascii.h"

namespace streamtensor::server {
namespace {

const char* StateName(const CardSnapshot& snapshot) {
  switch (snapshot.state) {
    case CardState::kOpening:
      return "CLOSED";
    case CardState::kReady:
      return "READY";
    case CardState::kLost:
      return snapshot.was_ready ? "LOST" : "FAILED";
  }
  return "FAILED";
}

}  // namespace

bool CanFollow(ModelState from, ModelState to) {
  switch (from) {
    case ModelState::kCompiling:
      return to == ModelState::kLoading || to == ModelState::kFailed;
    case ModelState::kLoading:
      return to == ModelState::kReady || to == ModelState::kFailed;
    case ModelState::kReady:
      return false;
    case ModelState::kFailed:
      return to == ModelState::kReady;  // a card that could not be opened is retried
  }
  return false;
}

ModelStatus InitialStatus(const ModelSpec& spec) {
  ModelStatus status;
  status.name = spec.entry.name;
  status.state = spec.entry.artifact.empty() ? ModelState::kCompiling : ModelState::kLoading;
  status.platform = spec.platform();
  status.target = std::string(spec.target());
  status.max_context = static_cast<int32_t>(spec.entry.max_context);
  return status;
}

CardStatus DescribeCard(const CardEntry& entry, const std::string& model, const std::string& error,
                        std::span<const CardUse> uses) {
  CardStatus card;
  card.name = entry.name;
  card.driver = entry.card.driver;
  card.platform = entry.card.platform;
  card.model = model;
  card.error = error;
  card.state = error.empty() ? "CLOSED" : "FAILED";
  for (const CardUse& use : uses) {
    if (card.has_snapshot && use.snapshot.state != CardState::kReady) continue;
    card.has_snapshot = true;
    card.model = use.model;
    card.snapshot = use.snapshot;
    card.state = StateName(use.snapshot);
    card.error = use.snapshot.state == CardState::kOpening ? "" : use.snapshot.error;
  }
  return card;
}

CardReading ReadingOf(CardStatus status) {
  CardReading reading{
      std::move(status.name), std::move(status.model), absl::AsciiStrToLower(status.state), {}};
  if (reading.state == "closed") reading.state = "opening";
  if (status.has_snapshot) reading.snapshot = std::move(status.snapshot);
  return reading;
}

}  // namespace streamtensor::server
