// SPDX-License-Identifier: Apache-2.0
// The daemon's Prometheus metrics; docs/operations.md documents names and labels.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/scheduler/card_worker.h"
#include "server/scheduler/scheduler_observer.h"

namespace streamtensor::server {

// A card at the time of a scrape.
struct CardReading {
  std::string card;
  std::string model;
  std::string state;                     // one of kCardStates
  std::optional<CardSnapshot> snapshot;  // none while no worker has it
};
// Waiting for its model or its first opening; serving; failed while serving; could not be opened.
inline constexpr const char* kCardStates[] = {"opening", "ready", "lost", "failed"};

// A model at the time of a scrape.
struct ModelReading {
  std::string model;
  std::string state;  // one of kModelStates
};
inline constexpr const char* kModelStates[] = {"compiling", "loading", "ready", "failed"};

// Thread-safe.
class Metrics {
 public:
  // `version` is that of the build. The energy source label is "measured" or "modelled".
  explicit Metrics(const std::string& version);
  ~Metrics();

  // Source of the card and model figures; called for each scrape, on the scraping thread.
  void SetCards(std::function<std::vector<CardReading>()> read);
  void SetModels(std::function<std::vector<ModelReading>()> read);

  // How many lines of the log were dropped so far; called as above.
  void SetDroppedLogLines(std::function<uint64_t()> read);

  // Counts for one model on one card. A model's or card's series are removed with its last observer. Metrics
  // outlives the observer.
  std::unique_ptr<SchedulerObserver> Observer(const std::string& model, const std::string& card);

  // A request that never reached a scheduler, by its status.
  void CountRefused(const absl::Status& status);
  // A connection beyond the limits of a port: "grpc", "http" or "metrics".
  void CountRefusedConnection(const std::string& port);
  // A call that ended because its client did not read the end of its reply.
  void CountUnreadReply();

  // The text exposition format, version 0.0.4.
  std::string Render() const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace streamtensor::server
