// SPDX-License-Identifier: Apache-2.0
#include "server/models/reload_plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace streamtensor::server {

absl::Status CheckReloadable(const Config& running, const Config& next) {
  std::vector<std::string> changed;
  if (!(next.server == running.server)) changed.push_back("server");
  if (next.cache.dir != running.cache.dir) changed.push_back("cache.dir");
  if (!(next.log == running.log)) changed.push_back("log");
  if (changed.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(absl::StrJoin(changed, ", "), " cannot change while running; restart to apply it"));
}

ReloadPlan PlanReload(std::span<const CurrentModel> current, std::span<const ModelSpec> next) {
  ReloadPlan plan;
  for (const ModelSpec& spec : next) {
    const auto same = std::find_if(current.begin(), current.end(),
                                   [&](const CurrentModel& model) { return model.spec == spec; });
    PlannedModel::Action action = PlannedModel::Action::kLoad;
    if (same != current.end())
      action = same->failed ? PlannedModel::Action::kRetry : PlannedModel::Action::kKeep;
    plan.models.push_back({spec, action});
  }
  for (const CurrentModel& model : current) {
    if (std::find(next.begin(), next.end(), model.spec) == next.end()) {
      plan.retire.push_back(model.spec.entry.name);
    }
  }
  return plan;
}

}  // namespace streamtensor::server
