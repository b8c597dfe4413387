// SPDX-License-Identifier: Apache-2.0
// Decoders and executables on the emulated card itself: card process, driver library, xclbin and all.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "artifact/manifest_writer.h"
#include "artifact/object_index.h"
#include "sample_artifact.h"
#include "streamtensor/runtime/decoder.h"
#include "streamtensor/runtime/executable.h"

namespace streamtensor::runtime {
namespace {

using artifact::v1::Manifest;

constexpr absl::Duration kTimeout = absl::Seconds(60);

std::vector<std::byte> ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  const std::vector<char> chars{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> bytes(chars.size());
  std::memcpy(bytes.data(), chars.data(), chars.size());
  return bytes;
}

// Builds an artifact around one compiled design.
void WriteArtifact(const artifact::SampleFolder& folder, const std::string& object, Manifest manifest,
                   const std::string& weights) {
  const std::vector<std::byte> code = ReadBytes(object);
  const artifact::ObjectEntry entries[] = {{std::string(artifact::kIsaV3), code}};
  const auto bitstream = artifact::WriteObjectIndex(entries);
  ASSERT_TRUE(bitstream.ok()) << bitstream.status();
  folder.WriteFile("design.xclbin", artifact::SampleXclbinOf(manifest, *bitstream));
  folder.WriteFile("weights.bin", weights);
  std::vector<std::string> names = {"design.xclbin", "weights.bin"};
  if (manifest.has_decoder()) {
    folder.WriteFile("tokenizer.bin", artifact::SampleTokenizer().SerializeAsString());
    names.push_back("tokenizer.bin");
  }
  const absl::Status status = artifact::WriteManifest(folder.path(), names, &manifest);
  ASSERT_TRUE(status.ok()) << status;
}

CardConfig Card() {
  CardConfig card;
  card.card_program = CARD_PROGRAM;
  card.library_dir = LIBRARY_DIR;
  return card;
}

class EmulatedDecoder : public testing::Test {
 protected:
  void SetUp() override {
    // A forgotten transfer shows.
    setenv("STREAMTENSOR_STRICT_SYNC", "1", 1);
    Manifest manifest = artifact::SampleDecoderManifest();
    manifest.mutable_kernel()->set_name("ledger_step");
    WriteArtifact(folder_, LEDGER_OBJECT, manifest, artifact::SampleWeights());
    auto decoder = OpenDecoder({.card = Card(), .artifact = folder_.path()});
    ASSERT_TRUE(decoder.ok()) << decoder.status();
    decoder_ = *std::move(decoder);
  }
  void TearDown() override { unsetenv("STREAMTENSOR_STRICT_SYNC"); }

  // Logits of the last token of `ids` at `start`.
  absl::StatusOr<std::vector<float>> Run(const std::vector<int32_t>& ids, int32_t start,
                                         const std::vector<int32_t>& pages,
                                         absl::Duration timeout = kTimeout) {
    Step step;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      step.tokens.push_back({ids[i], 0, start + static_cast<int32_t>(i), start, i + 1 == ids.size()});
    }
    step.page_tables = {pages};
    const auto result = decoder_->Run(step, timeout);
    if (!result.ok()) return result.status();
    return std::vector<float>(result->logits.begin(), result->logits.end());
  }

  // What the ledger says after ids of 0, 1, 2 ... modulo 30, up to and with `position`.
  static void ExpectLedger(const std::vector<float>& logits, int32_t position) {
    float ids = 0, positions = 0;
    for (int32_t p = 0; p <= position; ++p) {
      ids += static_cast<float>(p % 30);
      positions += static_cast<float>(p);
    }
    ASSERT_EQ(logits.size(), 50u);
    EXPECT_EQ(logits[0], ids) << "position " << position;
    EXPECT_EQ(logits[1], positions);
    EXPECT_EQ(logits[2], static_cast<float>(position % 30));
    uint32_t weight;
    std::memcpy(&weight, artifact::SampleWeights().data(), sizeof(weight));
    EXPECT_EQ(logits[3], static_cast<float>(weight));
    for (std::size_t v = 4; v < logits.size(); ++v) EXPECT_EQ(logits[v], 0);
  }

  artifact::SampleFolder folder_;
  std::unique_ptr<Decoder> decoder_;
};

TEST_F(EmulatedDecoder, KeepsASequenceInItsPages) {
  EXPECT_EQ(decoder_->info().target, "emulation");
  const std::vector<int32_t> pages = {300, 2, 77, 0};
  int32_t position = 0;
  for (int32_t chunk = 1; position < 100; chunk = chunk % 4 + 1) {
    std::vector<int32_t> ids;
    for (int32_t i = 0; i < chunk; ++i) ids.push_back((position + i) % 30);
    const auto logits = Run(ids, position, pages);
    ASSERT_TRUE(logits.ok()) << logits.status();
    position += chunk;
    ExpectLedger(*logits, position - 1);
  }
  EXPECT_EQ(decoder_->process_times().size(), 2u);
}

TEST_F(EmulatedDecoder, TwoSequencesShareSteps) {
  for (int32_t position = 0; position < 70; ++position) {
    Step step;
    step.tokens = {{position % 30, 1, position, position, true},
                   {position % 30, 0, position, position, true}};
    step.page_tables = {{1, 3, 5}, {4, 2, 0}};
    const auto result = decoder_->Run(step, kTimeout);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->logits.size(), 100u);
    ExpectLedger({result->logits.begin(), result->logits.begin() + 50}, position);
    ExpectLedger({result->logits.begin() + 50, result->logits.end()}, position);
    EXPECT_GT(result->card_seconds, 0);
    EXPECT_GT(result->modelled_cycles, 0u);
    EXPECT_GT(result->joules, 0);
    EXPECT_FALSE(result->joules_measured);
  }
}

TEST_F(EmulatedDecoder, HungRunMissesItsDeadlineAndResetHelps) {
  ASSERT_TRUE(Run({0}, 0, {0}).ok());
  EXPECT_EQ(Run({40}, 1, {0}, absl::Milliseconds(300)).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Run({1}, 1, {0}).status().code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(decoder_->Reset().ok());
  const auto logits = Run({0}, 0, {0});
  ASSERT_TRUE(logits.ok()) << logits.status();
  ExpectLedger(*logits, 0);
}

TEST_F(EmulatedDecoder, DeadlockNamesItsFifo) {
  const auto status = Run({41}, 0, {0}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(std::string(status.message())
                .find("ledger::keep_books -> waits for empty FIFO 'requests' (depth 2) -> "
                      "ledger::read_descriptor, which has ended"),
            std::string::npos)
      << status;
  ASSERT_TRUE(decoder_->Reset().ok());
  EXPECT_TRUE(Run({0}, 0, {0}).ok());
}

TEST_F(EmulatedDecoder, DeathOfTheCardIsAFailedRun) {
  const auto status = Run({42}, 0, {0}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  ASSERT_TRUE(decoder_->Reset().ok());
  EXPECT_TRUE(Run({0}, 0, {0}).ok());
}

TEST_F(EmulatedDecoder, ReadsSensors) {
  const auto sensors = decoder_->ReadSensors();
  ASSERT_TRUE(sensors.ok()) << sensors.status();
  EXPECT_FALSE(sensors->power_measured);
  EXPECT_GT(sensors->power_watts, 0);
}

// The two-layer toy of tests/kernels is a general module: 64 wide, 16 rows.
Manifest ToyManifest() {
  Manifest manifest = artifact::SampleModuleManifest();
  manifest.set_model_name("toy");
  manifest.mutable_kernel()->set_name("toy_step");
  manifest.mutable_launch()->set_step_tokens(16);
  manifest.clear_timing();
  auto& arguments = *manifest.mutable_kernel()->mutable_arguments();
  arguments[0].set_bytes(4 * (16 + 8 * 16));
  for (const int i : {2, 3}) {
    arguments[i].set_width(64);
    arguments[i].set_bytes(4 * 64 * 16);
  }
  arguments[4].set_bytes(4 * 2 * 192 * 64);
  return manifest;
}

TEST(EmulatedExecutable, RunsTheToy) {
  artifact::SampleFolder folder;
  WriteArtifact(folder, TOY_OBJECT, ToyManifest(), std::string(4 * 2 * 192 * 64, '\0'));
  const auto executable = OpenExecutable({.card = Card(), .artifact = folder.path()});
  ASSERT_TRUE(executable.ok()) << executable.status();
  for (int32_t rows = 1; rows <= 16; ++rows) {
    std::vector<float> x(static_cast<std::size_t>(rows) * 64);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
    const std::span<const std::byte> inputs[] = {std::as_bytes(std::span(x))};
    const auto result = (*executable)->Run(rows, inputs, kTimeout);
    ASSERT_TRUE(result.ok()) << result.status();
    // All weights are zero: the residual alone.
    EXPECT_TRUE(std::ranges::equal(result->outputs.at(0), std::as_bytes(std::span(x))));
    EXPECT_EQ(result->processes.size(), 8u);
  }
}

TEST(EmulatedExecutable, DeadlockNamesTheCycle) {
  artifact::SampleFolder folder;
  WriteArtifact(folder, ONE_SLOT_OBJECT, ToyManifest(), std::string(4 * 2 * 192 * 64, '\0'));
  const auto executable = OpenExecutable({.card = Card(), .artifact = folder.path()});
  ASSERT_TRUE(executable.ok()) << executable.status();
  const std::vector<float> x(16 * 64);
  const std::span<const std::byte> inputs[] = {std::as_bytes(std::span(x))};
  const auto status = (*executable)->Run(16, inputs, kTimeout).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(
      std::string(status.message()).find("toy::activation_switch -> waits for full FIFO 'frames' (depth 1)"),
      std::string::npos)
      << status;
}

}  // namespace
}  // namespace streamtensor::runtime
