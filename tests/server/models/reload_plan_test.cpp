// SPDX-License-Identifier: Apache-2.0
#include "server/models/reload_plan.h"

#include <gtest/gtest.h>

#include "tests/server/models/sample_model.h"

namespace streamtensor::server {
namespace {

using enum PlannedModel::Action;
using testing::AddModel;
using testing::SampleConfig;

std::vector<CurrentModel> Current(const Config& config, const std::string& failed = "") {
  std::vector<CurrentModel> current;
  for (const ModelSpec& spec : SpecsOf(config)) current.push_back({spec, spec.entry.name == failed});
  return current;
}

std::vector<PlannedModel::Action> Actions(const ReloadPlan& plan) {
  std::vector<PlannedModel::Action> actions;
  for (const PlannedModel& model : plan.models) actions.push_back(model.action);
  return actions;
}

TEST(ReloadPlan, TheSameConfigurationKeepsAll) {
  Config config = SampleConfig(2);
  AddModel(config, "a", {0});
  AddModel(config, "b", {1});
  const ReloadPlan plan = PlanReload(Current(config), SpecsOf(config));
  EXPECT_EQ(Actions(plan), (std::vector{kKeep, kKeep}));
  EXPECT_TRUE(plan.retire.empty());
}

TEST(ReloadPlan, NewModelsAreLoadedAndGoneOnesRetired) {
  Config before = SampleConfig(2);
  AddModel(before, "a", {0});
  AddModel(before, "b", {1});
  Config after = SampleConfig(2);
  AddModel(after, "c", {1});
  AddModel(after, "a", {0});
  const ReloadPlan plan = PlanReload(Current(before), SpecsOf(after));
  ASSERT_EQ(plan.models.size(), 2u);
  EXPECT_EQ(plan.models[0].spec.entry.name, "c") << "in the order of the new configuration";
  EXPECT_EQ(Actions(plan), (std::vector{kLoad, kKeep}));
  EXPECT_EQ(plan.retire, std::vector<std::string>{"b"});
}

TEST(ReloadPlan, AChangedModelIsLoadedAnew) {
  Config before = SampleConfig(2);
  AddModel(before, "a", {0});
  const std::vector<std::function<void(Config&)>> changes = {
      [](Config& config) { config.models[0].artifact = "another"; },
      [](Config& config) { config.models[0].max_context = 77; },
      [](Config& config) { config.models[0].cards = {1}; },
      [](Config& config) { config.models[0].cards = {0, 1}; },
      [](Config& config) { config.cards[0].card.dummy_step_us = 9; },
      [](Config& config) { config.cards[0].kv_bytes = 9; }};
  for (const auto& change : changes) {
    Config after = before;
    change(after);
    const ReloadPlan plan = PlanReload(Current(before), SpecsOf(after));
    EXPECT_EQ(Actions(plan), std::vector{kLoad});
    EXPECT_EQ(plan.retire, std::vector<std::string>{"a"});
  }
  Config after = before;
  after.limits.max_queue = 1;
  after.cards[1].kv_bytes = 9;
  EXPECT_EQ(Actions(PlanReload(Current(before), SpecsOf(after))), std::vector{kKeep})
      << "neither limits nor another's card are the model's";
}

TEST(ReloadPlan, AFailedModelIsTriedAgainUnlessItChanged) {
  Config before = SampleConfig(2);
  AddModel(before, "a", {0});
  AddModel(before, "b", {1});
  Config after = before;
  const ReloadPlan again = PlanReload(Current(before, "b"), SpecsOf(after));
  EXPECT_EQ(Actions(again), (std::vector{kKeep, kRetry}));
  EXPECT_TRUE(again.retire.empty());
  after.models[1].artifact = "mended";
  const ReloadPlan changed = PlanReload(Current(before, "b"), SpecsOf(after));
  EXPECT_EQ(Actions(changed), (std::vector{kKeep, kLoad}));
  EXPECT_EQ(changed.retire, std::vector<std::string>{"b"});
}

TEST(Reloadable, SectionsThatNeedARestartAreNamed) {
  const Config running = SampleConfig(1);
  Config next = running;
  next.limits.max_queue = 7;
  next.cache.max_bytes = 7;
  next.access.requests_per_minute = 7;
  EXPECT_TRUE(CheckReloadable(running, next).ok());
  next.server.listen = "127.0.0.1:1";
  next.cache.dir = "elsewhere";
  next.log.prompts = true;
  EXPECT_EQ(CheckReloadable(running, next),
            absl::FailedPreconditionError(
                "server, cache.dir, log cannot change while running; restart to apply it"));
}

}  // namespace
}  // namespace streamtensor::server
