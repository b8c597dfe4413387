// SPDX-License-Identifier: Apache-2.0
// What a new configuration means for the models that are there.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/config/config.h"
#include "server/models/model_spec.h"

namespace streamtensor::server {

// FAILED_PRECONDITION names the sections that can't change while the daemon runs: server, cache.dir, log.
absl::Status CheckReloadable(const Config& running, const Config& next);

// A model that is there.
struct CurrentModel {
  ModelSpec spec;
  bool failed = false;  // and has no cards that may still be opened
};

struct PlannedModel {
  enum class Action {
    kKeep,   // the same as now: goes on undisturbed
    kRetry,  // the same as now, but failed: loaded again once the new configuration is in force; may fail
             // again
    kLoad    // new or changed: prepared before anything changes; must not fail
  };
  ModelSpec spec;
  Action action = Action::kKeep;
  bool operator==(const PlannedModel&) const = default;
};

struct ReloadPlan {
  std::vector<PlannedModel> models;  // of the new configuration, in its order
  std::vector<std::string>
      retire;  // those that are there and have no place in it, or another one, in their order
};

ReloadPlan PlanReload(std::span<const CurrentModel> current, std::span<const ModelSpec> next);

}  // namespace streamtensor::server
