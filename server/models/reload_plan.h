// SPDX-License-Identifier: Apache-2.0
// What a new configuration changes for the existing models.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/config/config.h"
#include "server/models/model_spec.h"

namespace streamtensor::server {

// FAILED_PRECONDITION names the sections that cannot change while the daemon runs: server, cache.dir, log.
absl::Status CheckReloadable(const Config& running, const Config& next);

// An existing model.
struct CurrentModel {
  ModelSpec spec;
  bool failed = false;  // and none of its cards may still open
};

struct PlannedModel {
  enum class Action {
    kKeep,   // unchanged: keeps serving
    kRetry,  // unchanged, but failed: loaded again once the new configuration is in force; may fail again
    kLoad    // new or changed: prepared before anything changes; must not fail
  };
  ModelSpec spec;
  Action action = Action::kKeep;
  bool operator==(const PlannedModel&) const = default;
};

struct ReloadPlan {
  std::vector<PlannedModel> models;  // of the new configuration, in its order
  std::vector<std::string> retire;   // existing models that are removed or replaced, in order
};

ReloadPlan PlanReload(std::span<const CurrentModel> current, std::span<const ModelSpec> next);

}  // namespace streamtensor::server
