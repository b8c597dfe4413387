// SPDX-License-Identifier: Apache-2.0
// A card with the conformance design loaded and the design's buffers allocated and set.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "kernels/contract/descriptor.h"
#include "tests/conformance/card_under_test.h"
#include "tests/conformance/conformance_design.h"
#include "tests/conformance/sample_xclbin.h"

namespace conformance {

namespace contract = streamtensor::contract;

inline constexpr absl::Duration kLong = absl::Seconds(60);

#define ST_ASSERT_OK(expression)                         \
  do {                                                   \
    const absl::Status st_status = (expression);         \
    ASSERT_TRUE(st_status.ok()) << st_status.ToString(); \
  } while (false)

// The conformance design as `driver` takes it.
inline SampleDesign DesignFor(const Driver& driver) {
  if (!driver.runs_designs) return SampleDesign(SampleManifest(), {});
  return SampleDesign(SampleManifest(), driver.target == "hw" ? HardwareXclbin() : EmulationXclbin());
}

// The design loaded, its buffers allocated and set.
class LoadedCard {
 public:
  // Leaves card() null on failure.
  void Open(const CardConfig& config) {
    absl::StatusOr<std::unique_ptr<Card>> opened = OpenCard(config);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    card_ = *std::move(opened);
    driver_ = *streamtensor::runtime::FindDriver(config.driver);
    Load();
  }
  void Load() { Load(DesignFor(*driver_)); }
  void Load(const SampleDesign& design) {
    ST_ASSERT_OK(card_->LoadDesign(design.view()));
    buffers_.clear();
    for (uint32_t i = 0; i < kArguments; ++i) {
      if (i == kPoolWrite) {
        ST_ASSERT_OK(card_->SetArgument(i, *buffers_[kPoolRead]));  // one buffer, two arguments
        continue;
      }
      absl::StatusOr<std::unique_ptr<CardBuffer>> buffer = card_->Allocate(i, ArgumentBytes()[i]);
      ASSERT_TRUE(buffer.ok()) << buffer.status().ToString();
      buffers_.push_back(*std::move(buffer));
      ST_ASSERT_OK(card_->SetArgument(i, *buffers_.back()));
    }
  }
  void DropBuffers() { buffers_.clear(); }

  Card& card() { return *card_; }
  CardBuffer& buffer(ArgumentIndex index) { return *buffers_[index]; }
  template <class T>
  std::span<T> As(ArgumentIndex index) {
    const std::span<std::byte> host = buffers_[index]->host();
    return {reinterpret_cast<T*>(host.data()), host.size() / sizeof(T)};
  }
  absl::Status ToCard(ArgumentIndex index) {
    return buffers_[index]->ToCard(0, buffers_[index]->host().size());
  }
  absl::Status FromCard(ArgumentIndex index) {
    return buffers_[index]->FromCard(0, buffers_[index]->host().size());
  }

  // Fills and sends everything: input[t][i] = t + i, weights[i] = 2, pool[i] = 0.5.
  void SendStep(uint32_t tokens, Behaviour behaviour = kCompute) {
    const auto descriptor = As<uint32_t>(kDescriptor);
    std::fill(descriptor.begin(), descriptor.end(), 0u);
    const uint32_t header[] = {contract::kDescriptorMagic,
                               contract::kDescriptorVersion,
                               tokens,
                               /*logits=*/tokens,
                               /*pages=*/1,
                               kMaxPages};
    std::copy(std::begin(header), std::end(header), descriptor.begin());
    descriptor[kBehaviourWord] = behaviour;
    for (uint32_t t = 0; t < tokens; ++t) {  // of slot 0, whose one page is page 0
      const uint32_t token[] = {/*id=*/t, /*slot=*/0, /*position=*/t, /*start=*/0,
                                contract::kWantsLogitsFlag};
      std::copy(std::begin(token), std::end(token), descriptor.begin() + contract::DescriptorTokenOffset(t));
    }
    for (int t = 0; t < kStepTokens; ++t) {
      for (int i = 0; i < kWidth; ++i) As<float>(kInput)[t * kWidth + i] = static_cast<float>(t + i);
    }
    for (float& weight : As<float>(kWeights)) weight = 2;
    for (float& value : As<float>(kPoolRead)) value = 0.5f;
    for (uint32_t& word : As<uint32_t>(kStatus)) word = contract::kStatusCleared;
    for (float& value : As<float>(kOutput)) value = -1;
    for (const ArgumentIndex index : {kDescriptor, kStatus, kInput, kOutput, kWeights, kPoolRead}) {
      ST_ASSERT_OK(ToCard(index));
    }
  }
  void ExpectOutput(uint32_t tokens, float pool = 0.5f) {
    ST_ASSERT_OK(FromCard(kStatus));
    ST_ASSERT_OK(FromCard(kOutput));
    EXPECT_EQ(As<uint32_t>(kStatus)[0], contract::kStatusDone);
    for (uint32_t t = 0; t < kStepTokens; ++t) {
      for (uint32_t i = 0; i < kWidth; ++i) {
        const float expected = t < tokens ? static_cast<float>(t + i) * 2 + pool : -1;
        EXPECT_EQ(As<float>(kOutput)[t * kWidth + i], expected) << "token " << t << ", element " << i;
      }
    }
  }

  // Reset, reload, and a right answer.
  void ExpectRecovers() {
    DropBuffers();
    ST_ASSERT_OK(card_->Reset());
    ASSERT_NO_FATAL_FAILURE(Load());
    ASSERT_NO_FATAL_FAILURE(SendStep(2));
    const absl::StatusOr<RunReport> report = card_->Run(kLong);
    ASSERT_TRUE(report.ok()) << report.status();
    ExpectOutput(2);
  }

 private:
  const Driver* driver_ = nullptr;
  std::unique_ptr<Card> card_;
  std::vector<std::unique_ptr<CardBuffer>> buffers_;
};

}  // namespace conformance
