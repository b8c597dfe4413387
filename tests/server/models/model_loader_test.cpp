// SPDX-License-Identifier: Apache-2.0
// Real files and a real cache; a script in the compiler's place, cards without arithmetic.
#include "server/models/model_loader.h"

#include <gtest/gtest.h>

#include "tests/base/scratch_folder.h"
#include "tests/server/models/sample_model.h"

namespace streamtensor::server {
namespace {

using streamtensor::testing::ScratchFolder;
using testing::AddModel;
using testing::SampleConfig;
using testing::SampleDecoder;

class RecordingObserver : public LoadObserver {
 public:
  void OnCompilation(const CompilationProgress& progress) override {
    stages.push_back(progress.stage);
    if (on_compilation) on_compilation();
  }
  void OnArtifact(const std::string& folder) override { artifacts.push_back(folder); }
  void OnCard(const std::string& card, const absl::Status& status) override {
    cards.emplace_back(card, status.code());
  }

  std::function<void()> on_compilation;
  std::vector<std::string> stages;
  std::vector<std::string> artifacts;
  std::vector<std::pair<std::string, absl::StatusCode>> cards;
};

class ModelLoaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteTokenizer(testing::kSampleVocabulary);
    config_.cache.dir = folder_.path() + "/cache";
    ModelLoader::Options options;
    // Makes an artifact of the tokenizer, and counts.
    options.compiler_program = folder_.Write("compiler", R"(#!/bin/sh
if [ "$1" = --version ]; then echo "one 1"; exit 0; fi
here=$(dirname "$0")
echo run >> "$here/runs"
mkdir "$4" && cp "$here/artifact/tokenizer.bin" "$4"
echo '{"stage":"import","index":1,"stages":1,"fraction":0.5,"seconds":0.1}'
echo '{"done":true,"artifact":"'"$4"'"}'
)",
                                             true);
    options.open_decoder = [this](const runtime::DecoderOptions& options) { return open_decoder_(options); };
    options.check_artifact = [this](const std::string& folder) { return check_artifact_(folder); };
    options.metrics = &metrics_;
    options.clock = &clock_;
    loader_ = std::make_unique<ModelLoader>(std::move(options));
  }

  void WriteTokenizer(int pieces) {
    artifact::v1::Tokenizer message = testing::SampleTokenizerMessage();
    while (message.pieces_size() > pieces) message.mutable_pieces()->RemoveLast();
    folder_.Write("artifact/tokenizer.bin", message.SerializeAsString());
  }

  // A model that is there compiled, on `cards` cards.
  ModelSpec Compiled(int64_t cards) {
    std::vector<int64_t> indices;
    for (int64_t card = 0; card < cards; ++card) indices.push_back(card);
    AddModel(config_, "a", indices, folder_.path() + "/artifact");
    return SpecsOf(config_).at(0);
  }

  // A model that must be compiled first.
  ModelSpec Source() {
    AddModel(config_, "a", {0}, "");
    config_.models[0].source = folder_.Write("model.gguf", "GGUF");
    return SpecsOf(config_).at(0);
  }

  absl::StatusOr<std::shared_ptr<const LoadedModel>> Load(const ModelSpec& spec) {
    return loader_->Load(spec, config_, {}, observer_, [](const std::string&, const CardSnapshot&) {});
  }

  std::string Runs() const { return streamtensor::testing::ReadText(folder_.path() + "/runs"); }

  ScratchFolder folder_;
  SystemClock clock_;
  Metrics metrics_{"test"};
  Config config_ = SampleConfig(3);
  RecordingObserver observer_;
  std::function<absl::StatusOr<std::unique_ptr<runtime::Decoder>>(const runtime::DecoderOptions&)>
      open_decoder_ = [](const runtime::DecoderOptions&) { return SampleDecoder(); };
  std::function<absl::Status(const std::string&)> check_artifact_ = [](const std::string&) {
    return absl::OkStatus();
  };
  std::unique_ptr<ModelLoader> loader_;
};

TEST_F(ModelLoaderTest, OpensADecoderForEachCardAndLeavesItClosed) {
  const ModelSpec spec = Compiled(2);
  config_.cards[1].kv_bytes = 12345;
  std::vector<runtime::DecoderOptions> opened;
  open_decoder_ = [&](const runtime::DecoderOptions& options) {
    opened.push_back(options);
    return SampleDecoder();
  };
  const auto loaded = Load(SpecsOf(config_).at(0));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->name(), "a");
  EXPECT_EQ((*loaded)->tokenizer().vocabulary(), 50u);
  ASSERT_EQ((*loaded)->cards().workers().size(), 2u);
  EXPECT_EQ((*loaded)->cards().workers()[1]->card(), "dummy:1");
  EXPECT_EQ((*loaded)->cards().workers()[1]->snapshot().state, CardState::kOpening);
  ASSERT_EQ(opened.size(), 2u);
  EXPECT_EQ(opened[1].artifact, spec.entry.artifact);
  EXPECT_EQ(opened[1].kv_bytes, 12345);
  EXPECT_FALSE(opened[1].open_card);
  EXPECT_TRUE(observer_.artifacts.empty()) << "it is none of the cache's";
}

TEST_F(ModelLoaderTest, ACardThatCanNotBeUsedIsLeftOut) {
  const ModelSpec spec = Compiled(3);
  open_decoder_ =
      [&, opened = 0](
          const runtime::DecoderOptions&) mutable -> absl::StatusOr<std::unique_ptr<runtime::Decoder>> {
    if (++opened == 2) return absl::InvalidArgumentError("too small");
    return SampleDecoder();
  };
  const auto loaded = Load(spec);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->cards().workers().size(), 2u);
  using Heard = std::vector<std::pair<std::string, absl::StatusCode>>;
  EXPECT_EQ(observer_.cards, (Heard{{"dummy:0", absl::StatusCode::kOk},
                                    {"dummy:1", absl::StatusCode::kInvalidArgument},
                                    {"dummy:2", absl::StatusCode::kOk}}));
}

TEST_F(ModelLoaderTest, WithoutACardTheFirstErrorIsTold) {
  const ModelSpec spec = Compiled(2);
  open_decoder_ =
      [](const runtime::DecoderOptions& options) -> absl::StatusOr<std::unique_ptr<runtime::Decoder>> {
    return absl::InvalidArgumentError(absl::StrCat("index ", options.card.index));
  };
  EXPECT_EQ(Load(spec).status(), absl::InvalidArgumentError("card dummy:0: index 0"));
}

TEST_F(ModelLoaderTest, TheTokenizerMustFitTheDesign) {
  const ModelSpec spec = Compiled(1);
  open_decoder_ = [](const runtime::DecoderOptions&) { return SampleDecoder(49); };
  EXPECT_NE(Load(spec).status().message().find("the tokenizer has 50 tokens, the design 49"),
            std::string::npos)
      << Load(spec).status();
  WriteTokenizer(49);
  EXPECT_TRUE(Load(spec).ok());
  std::filesystem::remove(folder_.path() + "/artifact/tokenizer.bin");
  EXPECT_EQ(Load(spec).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ModelLoaderTest, ASourceIsCompiledOnce) {
  const ModelSpec spec = Source();
  ASSERT_TRUE(Load(spec).ok());
  EXPECT_EQ(observer_.stages, (std::vector<std::string>{"waiting", "import"}));
  ASSERT_EQ(observer_.artifacts.size(), 1u);
  EXPECT_EQ(observer_.artifacts[0].find(config_.cache.dir), 0u);
  ASSERT_TRUE(Load(spec).ok());
  EXPECT_EQ(Runs(), "run\n");
  EXPECT_EQ(observer_.artifacts.size(), 2u);
}

TEST_F(ModelLoaderTest, ADamagedArtifactOfTheCacheIsMadeAgain) {
  const ModelSpec spec = Source();
  ASSERT_TRUE(Load(spec).ok());
  int opened = 0;
  open_decoder_ = [&](const runtime::DecoderOptions&) -> absl::StatusOr<std::unique_ptr<runtime::Decoder>> {
    if (++opened == 1) return absl::InvalidArgumentError("weights.bin is damaged");
    return SampleDecoder();
  };
  check_artifact_ = [](const std::string&) { return absl::InvalidArgumentError("weights.bin is damaged"); };
  EXPECT_TRUE(Load(spec).ok());
  EXPECT_EQ(Runs(), "run\nrun\n");
  // One that is well is not to blame.
  open_decoder_ = [](const runtime::DecoderOptions&) -> absl::StatusOr<std::unique_ptr<runtime::Decoder>> {
    return absl::InvalidArgumentError("another platform");
  };
  check_artifact_ = [](const std::string&) { return absl::OkStatus(); };
  EXPECT_EQ(Load(spec).status(), absl::InvalidArgumentError("card dummy:0: another platform"));
  EXPECT_EQ(Runs(), "run\nrun\n");
}

TEST_F(ModelLoaderTest, ADamagedArtifactOfTheOperatorIsLeftAlone) {
  const ModelSpec spec = Compiled(1);
  open_decoder_ = [](const runtime::DecoderOptions&) -> absl::StatusOr<std::unique_ptr<runtime::Decoder>> {
    return absl::InvalidArgumentError("damaged");
  };
  check_artifact_ = [](const std::string&) { return absl::InvalidArgumentError("damaged"); };
  EXPECT_FALSE(Load(spec).ok());
  EXPECT_TRUE(std::filesystem::exists(spec.entry.artifact + "/tokenizer.bin"));
}

TEST_F(ModelLoaderTest, ACompilationThatNobodyWantsIsGivenUp) {
  const ModelSpec spec = Source();
  observer_.on_compilation = [&] {
    ModelSpec other = spec;
    other.entry.max_context = 77;
    loader_->CancelCompilationUnless(std::vector{other});
  };
  EXPECT_TRUE(absl::IsCancelled(Load(spec).status()));
  observer_.on_compilation = [&] {
    loader_->CancelCompilationUnless({});
    loader_->CancelCompilationUnless(std::vector{spec});
  };
  EXPECT_TRUE(Load(spec).ok()) << "it is wanted after all";
  loader_->CancelCompilationUnless({});
  EXPECT_TRUE(Load(spec).ok()) << "nothing was under way";
}

TEST_F(ModelLoaderTest, AfterStopNothingIsLoaded) {
  const ModelSpec source = Source();
  observer_.on_compilation = [&] { loader_->Stop(); };
  EXPECT_TRUE(absl::IsCancelled(Load(source).status()));
  loader_->CancelCompilationUnless(std::vector{source});
  EXPECT_TRUE(absl::IsCancelled(Load(source).status()));
  config_.models.clear();
  EXPECT_TRUE(absl::IsCancelled(Load(Compiled(1)).status()));
}

TEST_F(ModelLoaderTest, TrimmingKeepsWhatIsInUse) {
  const ModelSpec spec = Source();
  ASSERT_TRUE(Load(spec).ok());
  const std::string artifact = observer_.artifacts.at(0);
  config_.cache.max_bytes = 0;
  loader_->TrimCache(config_.cache, {artifact});
  EXPECT_TRUE(std::filesystem::exists(artifact));
  loader_->TrimCache(config_.cache, {});
  EXPECT_FALSE(std::filesystem::exists(artifact));
}

TEST_F(ModelLoaderTest, OneLoaderHasACache) {
  EXPECT_TRUE(loader_->ClaimCache(config_.cache).ok());
  EXPECT_TRUE(loader_->ClaimCache(config_.cache).ok());
  ModelLoader other({});
  EXPECT_EQ(other.ClaimCache(config_.cache).code(), absl::StatusCode::kAborted);
}

}  // namespace
}  // namespace streamtensor::server
