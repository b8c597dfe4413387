// SPDX-License-Identifier: Apache-2.0
// The test does what the loading thread does; the cards have their own threads.
#include "server/models/model_table.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/time/clock.h"
#include "tests/server/models/sample_model.h"

namespace streamtensor::server {
namespace {

using testing::AddModel;
using testing::FakeDecoder;
using testing::MakeLoadedModel;
using testing::RecordingSink;
using testing::SampleConfig;
using testing::SampleDecoder;
using testing::SampleSequence;

class ModelTableTest : public ::testing::Test {
 protected:
  // Models "a" and "b" on cards 0 and 1.
  void SetUp() override {
    AddModel(config_, "a", {0});
    AddModel(config_, "b", {1});
    table_ = std::make_unique<ModelTable>(config_);
  }

  void TearDown() override {
    for (const auto& model : table_->Shutdown()) model->cards().Close(absl::UnavailableError("end"));
  }

  std::shared_ptr<const LoadedModel> Load(const ModelTable::RecordPtr& record) {
    std::vector<std::unique_ptr<FakeDecoder>> decoders;
    for (size_t i = 0; i < record->spec().cards.size(); ++i) {
      decoders.push_back(SampleDecoder());
      if (prepare_) prepare_(*decoders.back());
    }
    auto loaded = MakeLoadedModel(record->spec(), std::move(decoders), &clock_,
                                  [this, record](const std::string& card, const CardSnapshot& snapshot) {
                                    table_->OnCardState(record, card, snapshot);
                                  });
    table_->SetLoaded(record, loaded);
    return loaded;
  }

  // Loads the next model and opens its cards.
  std::shared_ptr<const LoadedModel> LoadNext() {
    const ModelTable::RecordPtr record = table_->BeginNextLoad();
    auto loaded = Load(record);
    table_->SetOpening(record);
    loaded->cards().Start();
    return loaded;
  }

  void WaitFor(const std::string& name, ModelState state) {
    while (table_->Describe(name)->state != state) absl::SleepFor(absl::Milliseconds(1));
  }

  absl::Status Ask(const std::string& name) { return table_->Get(name).status(); }

  SystemClock clock_;
  Config config_ = SampleConfig(2);
  std::function<void(FakeDecoder&)> prepare_;
  std::atomic<bool> there_ = false;  // what prepare_'s functions look at, beyond the test's body
  std::atomic<bool> held_ = true;
  std::unique_ptr<ModelTable> table_;
};

TEST_F(ModelTableTest, AModelMayBeAskedWhenItIsReady) {
  EXPECT_EQ(Ask("c"),
            absl::NotFoundError(
                "there is no model \"c\"; ListModels and GET /v1/models name those that you may use"));
  EXPECT_EQ(Ask("a"), absl::UnavailableError("model a is still loading (0 %)"));
  EXPECT_FALSE(table_->Serves("a"));
  const auto loaded = LoadNext();
  WaitFor("a", ModelState::kReady);
  EXPECT_EQ(*table_->Get("a"), loaded);
  EXPECT_TRUE(table_->Serves("a"));
  EXPECT_FALSE(table_->ServesAll()) << "b is not loaded";
  const ModelStatus status = *table_->Describe("a");
  EXPECT_EQ(status.max_context, 64);
  EXPECT_EQ(status.info.model_name, "fake");
  LoadNext();
  WaitFor("b", ModelState::kReady);
  EXPECT_TRUE(table_->ServesAll());
  table_->BeginDrain();
  EXPECT_EQ(Ask("a"), absl::UnavailableError("the server is shutting down"));
  EXPECT_FALSE(table_->Serves("a") || table_->ServesAll());
}

TEST_F(ModelTableTest, ModelsAreLoadedInOrderAndAnAbandonedOneAgain) {
  const ModelTable::RecordPtr first = table_->BeginNextLoad();
  EXPECT_EQ(first->name(), "a");
  table_->SetProgress(first, "import", 0.25);
  EXPECT_EQ(Ask("a"), absl::UnavailableError("model a is still loading (25 %)"));
  table_->AbandonLoad(first);
  EXPECT_EQ(table_->BeginNextLoad(), first);
  EXPECT_EQ(table_->BeginNextLoad()->name(), "b");
  EXPECT_FALSE(table_->HasNextLoad());
  EXPECT_EQ(table_->BeginNextLoad(), nullptr);
}

TEST_F(ModelTableTest, AFailedModelSaysWhy) {
  const ModelTable::RecordPtr record = table_->BeginNextLoad();
  table_->Fail(record, "no such file");
  EXPECT_EQ(Ask("a"), absl::UnavailableError("model a could not be loaded: no such file"));
  const std::vector<CurrentModel> current = table_->Current();
  ASSERT_EQ(current.size(), 2u);
  EXPECT_TRUE(current[0].failed);
  EXPECT_FALSE(current[1].failed);
}

TEST_F(ModelTableTest, AModelWhoseCardsCanNotBeOpenedIsFailedUntilOneIs) {
  prepare_ = [&](FakeDecoder& decoder) {
    decoder.reset_status = absl::NotFoundError("no such card");
    decoder.on_reset = [this, &decoder] {
      if (there_) decoder.reset_status = absl::OkStatus();
    };
  };
  LoadNext();
  WaitFor("a", ModelState::kFailed);
  EXPECT_EQ(table_->Describe("a")->error, "card dummy:0: no such card");
  EXPECT_FALSE(table_->Current()[0].failed) << "its cards may still be opened";
  EXPECT_EQ(table_->Cards()[0].state, "FAILED");
  there_ = true;
  WaitFor("a", ModelState::kReady);
  EXPECT_EQ(table_->Describe("a")->error, "");
}

TEST_F(ModelTableTest, CardsAreThoseOfTheConfiguration) {
  table_->SetCardError("dummy:1", absl::InvalidArgumentError("too small"));
  LoadNext();
  WaitFor("a", ModelState::kReady);
  std::vector<CardStatus> cards = table_->Cards();
  ASSERT_EQ(cards.size(), 2u);
  EXPECT_EQ(cards[0].state, "READY");
  EXPECT_EQ(cards[0].model, "a");
  EXPECT_EQ(cards[1].state, "FAILED");
  EXPECT_EQ(cards[1].model, "b");
  EXPECT_EQ(cards[1].error, "too small");
  table_->SetCardError("dummy:1", absl::OkStatus());
  EXPECT_EQ(table_->Cards()[1].state, "CLOSED");
  EXPECT_TRUE(table_->StuckCards().empty());
}

TEST_F(ModelTableTest, ARetiredModelKeepsItsCardUntilItsStreamsHaveEnded) {
  prepare_ = [&](FakeDecoder& decoder) {
    decoder.on_run = [this](const runtime::Step&) {
      while (held_) absl::SleepFor(absl::Milliseconds(1));
      return absl::OkStatus();
    };
  };
  const auto a = LoadNext();
  LoadNext();
  WaitFor("a", ModelState::kReady);
  WaitFor("b", ModelState::kReady);
  const auto sink = std::make_shared<RecordingSink>();
  ASSERT_TRUE(a->cards().Submit(SampleSequence(sink, 2)).ok());

  Config next = SampleConfig(2);
  AddModel(next, "b", {1});
  AddModel(next, "c", {0});
  const ReloadPlan plan = PlanReload(table_->Current(), SpecsOf(next));
  const auto c = std::make_shared<ModelTable::Record>(plan.models.at(1).spec);
  table_->SetPending({c});
  ASSERT_EQ(table_->Models().size(), 3u);
  EXPECT_EQ(table_->Models()[2].name, "c");
  EXPECT_EQ(Ask("c").code(), absl::StatusCode::kNotFound) << "a pending model is shown, not served";
  table_->Replace({table_->Find("b"), c}, plan.retire, next.cards, CardLimits());

  EXPECT_EQ(Ask("a").code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(table_->Serves("b"));
  EXPECT_EQ(table_->Load(), 1) << "the retired model's stream";
  EXPECT_TRUE(table_->has_retired());
  EXPECT_TRUE(table_->TakeIdleRetired().empty());
  EXPECT_FALSE(table_->HasNextLoad());
  EXPECT_EQ(table_->Describe("c")->stage, "waiting for card dummy:0, whose streams have not ended");
  EXPECT_EQ(table_->Cards()[0].model, "a");

  held_ = false;
  std::vector<std::shared_ptr<const LoadedModel>> idle;
  while ((idle = table_->TakeIdleRetired()).empty()) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(idle, std::vector{a});
  a->cards().Close(absl::UnavailableError("unloaded"));
  EXPECT_TRUE(sink->done && sink->status.ok());
  EXPECT_EQ(table_->BeginNextLoad(), c);
}

TEST_F(ModelTableTest, ArtifactsOfPendingModelsAreInUseToo) {
  Config next = config_;
  next.models[0].artifact = "other";
  const auto changed = std::make_shared<ModelTable::Record>(SpecsOf(next).at(0));
  table_->SetPending({changed});
  table_->SetArtifact(table_->Find("b"), "cache/b");
  EXPECT_EQ(table_->ArtifactsInUse(), (std::set<std::string>{"artifact", "other", "cache/b"}));
  EXPECT_EQ(table_->Models().size(), 2u) << "a is shown as it serves";
}

TEST_F(ModelTableTest, AfterShutdownNothingIsLeft) {
  const auto loaded = LoadNext();
  WaitFor("a", ModelState::kReady);
  EXPECT_EQ(table_->Shutdown(), std::vector{loaded});
  EXPECT_TRUE(table_->Shutdown().empty());
  EXPECT_FALSE(table_->Serves("a"));
  EXPECT_EQ(Ask("a"), absl::UnavailableError("the server is shutting down"));
  loaded->cards().Close(absl::UnavailableError("end"));
}

using ModelTableDeathTest = ModelTableTest;

TEST_F(ModelTableDeathTest, StatesThatCanNotFollowAbort) {
  const ModelTable::RecordPtr record = table_->BeginNextLoad();
  EXPECT_DEATH(table_->SetOpening(record), "check failed");
  table_->Fail(record, "no such file");
  Load(record);
  EXPECT_DEATH(table_->SetOpening(record), "model a: state 1 after 3");
  EXPECT_DEATH(table_->AbandonLoad(record), "check failed");
  EXPECT_DEATH(Load(record), "check failed");
}

}  // namespace
}  // namespace streamtensor::server
