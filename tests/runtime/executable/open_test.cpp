// SPDX-License-Identifier: Apache-2.0
// OpenDecoder and OpenExecutable up to the card: what is refused, and why.
#include <gtest/gtest.h>

#include <string>

#include "sample_artifact.h"
#include "streamtensor/runtime/decoder.h"
#include "streamtensor/runtime/executable.h"

namespace streamtensor::runtime {
namespace {

absl::Status ExecutableError(const CardConfig& card, const std::string& artifact) {
  ExecutableOptions options;
  options.card = card;
  options.artifact = artifact;
  return OpenExecutable(options).status();
}

std::string DecoderError(const DecoderOptions& options) {
  return std::string(OpenDecoder(options).status().message());
}

TEST(Open, NamesAMissingArtifact) {
  DecoderOptions options;
  options.artifact = "/nonexistent";
  EXPECT_EQ(OpenDecoder(options).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(DecoderError(options), "artifact folder /nonexistent does not exist");
}

TEST(Open, NamesTheDriversThatThereAre) {
  DecoderOptions options;
  options.card.driver = "fpga";
  EXPECT_EQ(OpenDecoder(options).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DecoderError(options), "no driver 'fpga'; there are emulated, paced, xrt, dummy");
  EXPECT_EQ(ExecutableError(options.card, "").message(), DecoderError(options));
}

TEST(Open, RefusesTheOtherKindOfCard) {
  artifact::SampleFolder folder;
  folder.WriteArtifact(artifact::SampleDecoderManifest(), artifact::SampleTokenizer());
  DecoderOptions options;
  options.artifact = folder.path();
  options.card.driver = "xrt";
  EXPECT_EQ(DecoderError(options), "artifact " + folder.path() +
                                       " is compiled for emulation, the card's driver is xrt: compile with "
                                       "--target hw");
  artifact::v1::Manifest hardware = artifact::SampleDecoderManifest();
  hardware.set_target(artifact::v1::Manifest::TARGET_HW);
  folder.WriteArtifact(hardware, artifact::SampleTokenizer());
  options.card.driver = "emulated";
  EXPECT_EQ(DecoderError(options),
            "artifact " + folder.path() +
                " is compiled for hardware, the card's driver is emulated: compile with "
                "--target emulation");
}

TEST(Open, RefusesTheOtherPlatform) {
  artifact::SampleFolder folder;
  folder.WriteArtifact(artifact::SampleDecoderManifest(), artifact::SampleTokenizer());
  DecoderOptions options;
  options.artifact = folder.path();
  options.card.platform = "v80";
  EXPECT_EQ(DecoderError(options),
            "artifact " + folder.path() + " is compiled for platform u55c, the card is configured as v80");
}

TEST(Open, DecodersAndModulesAreNotMixedUp) {
  artifact::SampleFolder folder;
  DecoderOptions options;
  options.artifact = folder.path();
  folder.WriteArtifact(artifact::SampleModuleManifest(), {});
  EXPECT_EQ(DecoderError(options), "artifact " + folder.path() + " holds the module mlp, not a decoder");
  folder.WriteArtifact(artifact::SampleDecoderManifest(), artifact::SampleTokenizer());
  EXPECT_EQ(ExecutableError(CardConfig(), folder.path()).message(),
            "artifact " + folder.path() + " holds the decoder sample, not a module");
}

TEST(Open, DummyNeedsTheManifestAlone) {
  artifact::SampleFolder folder;
  folder.WriteManifestAsIs(artifact::SampleDecoderManifest());
  DecoderOptions options;
  options.artifact = folder.path();
  options.card.driver = "dummy";
  const auto decoder = OpenDecoder(options);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  EXPECT_EQ((*decoder)->info().model_name, "sample");
  const absl::Status refused = ExecutableError(options.card, folder.path());
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.message(), "a card of driver dummy runs no designs: it only pretends to decode");
}

}  // namespace
}  // namespace streamtensor::runtime
