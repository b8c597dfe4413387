// SPDX-License-Identifier: Apache-2.0
// The registry's thread with loader and table, on cards without arithmetic.
#include "server/models/model_registry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "tests/base/scratch_folder.h"
#include "tests/server/models/sample_model.h"

namespace streamtensor::server {
namespace {

using testing::AddModel;
using testing::RecordingSink;
using testing::SampleConfig;
using testing::SampleDecoder;
using testing::SampleSequence;

class ModelRegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    artifact_ = folder_.path() + "/artifact";
    folder_.Write("artifact/tokenizer.bin", testing::SampleTokenizerMessage().SerializeAsString());
  }

  Config Models(const std::vector<std::pair<std::string, std::vector<int64_t>>>& models) const {
    Config config = SampleConfig(3);
    config.cache.dir = folder_.path() + "/cache";
    for (const auto& [name, cards] : models) AddModel(config, name, cards, artifact_);
    return config;
  }

  void Start(Config config) {
    ModelRegistry::Options options;
    options.config = std::move(config);
    options.open_decoder =
        [this](const runtime::DecoderOptions& options) -> absl::StatusOr<std::unique_ptr<runtime::Decoder>> {
      if (!hangs_.empty() && options.artifact == hangs_) {
        is_hanging_ = true;
        WaitFor([this] { return !is_hanging_; });
      }
      if (options.artifact != artifact_ && !mended_) return absl::InvalidArgumentError("damaged");
      ++decoders_;
      return SampleDecoder();
    };
    options.check_artifact = [](const std::string&) { return absl::OkStatus(); };
    options.metrics = &metrics_;
    options.clock = &clock_;
    options.on_change = [this] { ++changes_; };
    registry_ = std::make_unique<ModelRegistry>(std::move(options));
    EXPECT_TRUE(registry_->ClaimCache().ok());
    registry_->Start();
  }

  template <typename Condition>
  static void WaitFor(Condition condition) {
    while (!condition()) absl::SleepFor(absl::Milliseconds(1));
  }
  void WaitReady(const std::string& name) {
    WaitFor([&] { return registry_->Serves(name); });
  }

  streamtensor::testing::ScratchFolder folder_;
  std::string artifact_;
  SystemClock clock_;
  Metrics metrics_{"test"};
  std::atomic<bool> mended_ = false;
  std::string hangs_;  // an artifact whose load does
  std::atomic<bool> is_hanging_ = false;
  std::atomic<int> decoders_ = 0;
  std::atomic<int> changes_ = 0;
  std::atomic<int> commits_ = 0;
  std::unique_ptr<ModelRegistry> registry_;
};

TEST_F(ModelRegistryTest, LoadsTheModelsOfTheConfiguration) {
  Start(Models({{"a", {0}}, {"b", {1, 2}}}));
  WaitReady("a");
  WaitReady("b");
  EXPECT_TRUE(registry_->ServesAll());
  EXPECT_GT(changes_, 0);
  const std::vector<CardReading> readings = registry_->CardReadings();
  ASSERT_EQ(readings.size(), 3u);
  EXPECT_EQ(readings[2].model, "b");
  registry_->BeginDrain();
  EXPECT_FALSE(registry_->ServesAll());
  EXPECT_EQ(registry_->Get("a").status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ModelRegistryTest, AReloadChangesWhatChanged) {
  Start(Models({{"a", {0}}, {"b", {1}}}));
  WaitReady("a");
  WaitReady("b");
  const auto kept = *registry_->Get("a");
  registry_->Reload(Models({{"a", {0}}, {"c", {1}}}), [this] { ++commits_; });
  WaitReady("c");
  EXPECT_EQ(commits_, 1);
  EXPECT_EQ(decoders_, 3);
  EXPECT_EQ(*registry_->Get("a"), kept);
  EXPECT_EQ(registry_->Get("b").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ModelRegistryTest, AReloadThatCanNotBeDoneChangesNothing) {
  Start(Models({{"a", {0}}}));
  WaitReady("a");
  Config bad = Models({{"a", {0}}, {"c", {1}}, {"b", {2}}});
  bad.models[2].artifact = "elsewhere";
  registry_->Reload(bad, [this] { ++commits_; });
  WaitFor([&] { return decoders_ == 2; });  // c is prepared
  WaitFor([&] { return registry_->Models().size() == 1; });
  EXPECT_TRUE(registry_->Serves("a"));
  EXPECT_EQ(registry_->Get("c").status().code(), absl::StatusCode::kNotFound);
  registry_->Stop();
  EXPECT_EQ(commits_, 0);
}

TEST_F(ModelRegistryTest, AReloadTriesFailedModelsAgain) {
  Config config = Models({{"a", {0}}, {"b", {1}}});
  config.models[1].artifact = folder_.path() + "/other";
  folder_.Write("other/tokenizer.bin", testing::SampleTokenizerMessage().SerializeAsString());
  Start(config);
  WaitReady("a");
  WaitFor([&] { return registry_->Describe("b")->state == ModelState::kFailed; });
  EXPECT_EQ(registry_->Describe("b")->error, "card dummy:1: damaged");
  // It may fail again without holding up anything.
  registry_->Reload(config, [this] { ++commits_; });
  WaitFor([&] { return commits_ == 1; });
  WaitFor([&] { return registry_->Describe("b")->state == ModelState::kFailed; });
  mended_ = true;
  registry_->Reload(config, [this] { ++commits_; });
  WaitReady("b");
  EXPECT_EQ(commits_, 2);
}

TEST_F(ModelRegistryTest, StoppingEndsWhatIsLeft) {
  Start(Models({{"a", {0}}}));
  WaitReady("a");
  const auto sink = std::make_shared<RecordingSink>();
  std::atomic<bool> begun = false;
  sink->on_delta = [&] { begun = true; };
  sink->writable = true;
  {
    const auto model = *registry_->Get("a");
    ASSERT_TRUE(model->cards().Submit(SampleSequence(sink, 60)).ok());
  }
  registry_->Stop();
  EXPECT_TRUE(sink->done);
  EXPECT_TRUE(sink->status.ok() || absl::IsUnavailable(sink->status)) << sink->status;
  EXPECT_EQ(registry_->Load(), 0);
  registry_->Stop();
}

TEST_F(ModelRegistryTest, StoppingEndsStreamsBesideALoadThatHangs) {
  Config config = Models({{"a", {0}}, {"b", {1}}});
  config.models[1].artifact = hangs_ = folder_.path() + "/hangs";
  folder_.Write("hangs/tokenizer.bin", testing::SampleTokenizerMessage().SerializeAsString());
  Start(config);
  WaitReady("a");
  WaitFor([this] { return is_hanging_.load(); });
  // A reader that takes nothing: the stream is open until it is ended.
  const auto sink = std::make_shared<RecordingSink>();
  std::atomic<bool> is_done = false;
  sink->writable = false;
  sink->on_done = [&] { is_done = true; };
  {
    const auto model = *registry_->Get("a");
    ASSERT_TRUE(model->cards().Submit(SampleSequence(sink, 60)).ok());
  }
  std::thread stopping([this] { registry_->Stop(); });
  WaitFor([&] { return is_done.load(); });
  EXPECT_TRUE(is_hanging_) << "the stop still waits for the load";
  EXPECT_TRUE(absl::IsUnavailable(sink->status)) << sink->status;
  is_hanging_ = false;
  stopping.join();
}

}  // namespace
}  // namespace streamtensor::server
