// SPDX-License-Identifier: Apache-2.0
// How long a run on a paced card takes, and that a run modelled to take longer than its timeout times out.
#include <gtest/gtest.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "artifact/manifest_writer.h"
#include "artifact/xclbin/writer.h"
#include "tests/conformance/loaded_card.h"

namespace conformance {
namespace {

constexpr double kModelledSeconds = 0.05;

class PacedCard : public testing::Test {
 protected:
  // A step of two tokens is modelled to take kModelledSeconds.
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(loaded_.Open(ConfigOf("paced")));
    loaded_.DropBuffers();
    ASSERT_NO_FATAL_FAILURE(Load());
  }
  void Load() {
    auto manifest = SampleManifest();
    auto* timing = manifest.mutable_timing();
    timing->set_clock_hz(1e6);
    timing->set_launch_cycles(0);
    timing->set_logits_cycles(0);
    timing->set_context_page_cycles(0);
    timing->set_step_cycles(1, static_cast<uint64_t>(kModelledSeconds * 1e6));
    std::vector<std::byte> bitstream;
    auto input = EmulationInput(&bitstream);
    input.user_metadata = streamtensor::artifact::ManifestToUserMetadata(manifest).value();
    ASSERT_NO_FATAL_FAILURE(loaded_.Load(
        SampleDesign(std::move(manifest), streamtensor::artifact::xclbin::WriteXclbin(input).value())));
    ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(2));
  }

  LoadedCard loaded_;
};

TEST_F(PacedCard, ARunLastsAsLongAsItIsModelledTo) {
  const absl::Time start = absl::Now();
  const absl::StatusOr<RunReport> report = loaded_.card().Run(kLong);
  const absl::Duration elapsed = absl::Now() - start;
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_DOUBLE_EQ(report->modelled_seconds, kModelledSeconds);
  EXPECT_GE(report->card_seconds, kModelledSeconds);
  EXPECT_GE(elapsed, absl::Seconds(kModelledSeconds));
  loaded_.ExpectOutput(2);
}

TEST_F(PacedCard, ARunModelledToTakeLongerThanItsTimeoutTimesOut) {
  const absl::Status status = loaded_.card().Run(absl::Seconds(kModelledSeconds / 2)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_EQ(loaded_.card().Run(kLong).status().code(), absl::StatusCode::kUnavailable);
  loaded_.DropBuffers();
  ST_ASSERT_OK(loaded_.card().Reset());
  ASSERT_NO_FATAL_FAILURE(Load());
  EXPECT_TRUE(loaded_.card().Run(kLong).ok());
}

}  // namespace
}  // namespace conformance
