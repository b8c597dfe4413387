// SPDX-License-Identifier: Apache-2.0
// OpenDecoder and OpenModule up to the card: what is refused, and why.
#include <gtest/gtest.h>

#include <string>

#include "sample_artifact.h"
#include "streamtensor/runtime/decoder.h"
#include "streamtensor/runtime/module.h"

namespace streamtensor::runtime {
namespace {

std::string DecoderError(const DecoderOptions& options) {
  return std::string(OpenDecoder(options).status().message());
}

TEST(OpenSession, NamesAMissingArtifact) {
  DecoderOptions options;
  options.artifact = "/nonexistent";
  EXPECT_EQ(OpenDecoder(options).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(DecoderError(options), "artifact folder /nonexistent does not exist");
}

TEST(OpenSession, RefusesTheOtherKindOfCard) {
  artifact::SampleFolder folder;
  folder.WriteArtifact(artifact::SampleDecoderManifest(), artifact::SampleTokenizer());
  DecoderOptions options;
  options.artifact = folder.path();
  options.card.driver = CardConfig::Driver::kXrt;
  EXPECT_EQ(DecoderError(options), "artifact " + folder.path() +
                                       " is compiled for emulation, the card's driver is xrt: compile with "
                                       "--target hw");
  artifact::v1::Manifest hardware = artifact::SampleDecoderManifest();
  hardware.set_target(artifact::v1::Manifest::TARGET_HW);
  folder.WriteArtifact(hardware, artifact::SampleTokenizer());
  options.card.driver = CardConfig::Driver::kEmulated;
  EXPECT_EQ(DecoderError(options),
            "artifact " + folder.path() +
                " is compiled for hardware, the card's driver is emulated: compile with "
                "--target emulation");
}

TEST(OpenSession, RefusesTheOtherPlatform) {
  artifact::SampleFolder folder;
  folder.WriteArtifact(artifact::SampleDecoderManifest(), artifact::SampleTokenizer());
  DecoderOptions options;
  options.artifact = folder.path();
  options.card.platform = "v80";
  EXPECT_EQ(DecoderError(options),
            "artifact " + folder.path() + " is compiled for platform u55c, the card is configured as v80");
}

TEST(OpenSession, DecodersAndModulesAreNotMixedUp) {
  artifact::SampleFolder folder;
  DecoderOptions options;
  options.artifact = folder.path();
  folder.WriteArtifact(artifact::SampleModuleManifest(), {});
  EXPECT_EQ(DecoderError(options), "artifact " + folder.path() + " holds the module mlp, not a decoder");
  folder.WriteArtifact(artifact::SampleDecoderManifest(), artifact::SampleTokenizer());
  EXPECT_EQ(OpenModule(options).status().message(),
            "artifact " + folder.path() + " holds the decoder sample, not a module");
}

TEST(OpenSession, DummyNeedsTheManifestAlone) {
  artifact::SampleFolder folder;
  folder.WriteManifestAsIs(artifact::SampleDecoderManifest());
  DecoderOptions options;
  options.artifact = folder.path();
  options.card.driver = CardConfig::Driver::kDummy;
  const auto decoder = OpenDecoder(options);
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  EXPECT_EQ((*decoder)->info().model_name, "sample");
  EXPECT_EQ(OpenModule(options).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace streamtensor::runtime
