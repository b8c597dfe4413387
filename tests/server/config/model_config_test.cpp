// SPDX-License-Identifier: Apache-2.0
#include "server/config/model_config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/base/scratch_folder.h"

namespace streamtensor::server {
namespace {

using testing::ScratchFolder;

TEST(ModelConfig, ServesAFileUnderItsNameOnOneEmulatedCard) {
  const ScratchFolder folder;
  const std::string path = folder.Write("Llama 3 (Q4).gguf", "GGUF");
  const auto config = ConfigForModel(path);
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->models.size(), 1u);
  EXPECT_EQ(config->models[0].name, "Llama-3--Q4-");
  EXPECT_EQ(config->models[0].source, path);
  EXPECT_EQ(config->models[0].artifact, "");
  EXPECT_EQ(config->models[0].max_context, kDefaultContext);
  EXPECT_EQ(config->models[0].cards, std::vector<int64_t>{0});
  ASSERT_EQ(config->cards.size(), 1u);
  EXPECT_EQ(config->cards[0].card.driver, "emulated");
  EXPECT_EQ(config->cards[0].card.platform, "u55c");
  EXPECT_EQ(config->server.listen, "127.0.0.1:50051");
  EXPECT_EQ(config->server.metrics_listen, "127.0.0.1:9464");
  EXPECT_EQ(config->server.http_listen, "127.0.0.1:8000");
  EXPECT_EQ(config->cache.dir, DefaultCacheDir());
}

TEST(ModelConfig, AFolderIsACheckpointUnlessItHasAManifest) {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder.path() + "/SmolLM2-1.7B");
  for (const char* ending : {"/SmolLM2-1.7B", "/SmolLM2-1.7B/", "/x/../SmolLM2-1.7B"}) {
    const auto config = ConfigForModel(folder.path() + ending);
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->models[0].name, "SmolLM2-1.7B") << "a folder has no extension";
    EXPECT_EQ(config->models[0].source, folder.path() + "/SmolLM2-1.7B");
  }
  folder.Write("SmolLM2-1.7B/manifest.json", "{}");
  const auto config = ConfigForModel(folder.path() + "/SmolLM2-1.7B");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->models[0].source, "");
  EXPECT_EQ(config->models[0].artifact, folder.path() + "/SmolLM2-1.7B");
}

TEST(ModelConfig, ANameFitsWhatAConfigurationAllows) {
  const ScratchFolder folder;
  const auto config = ConfigForModel(folder.Write(std::string(200, 'a') + ".gguf", ""));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->models[0].name, std::string(kMaxModelNameBytes, 'a'));
}

TEST(ModelConfig, NamesWhatIsMissing) {
  const auto config = ConfigForModel("/no/such.gguf");
  EXPECT_EQ(config.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(config.status().message().substr(0, 39), "/no/such.gguf: no such file or folder; ");
}

}  // namespace
}  // namespace streamtensor::server
