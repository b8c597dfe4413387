// SPDX-License-Identifier: Apache-2.0
// Opens a card of either driver for the suite, with the conformance design's buffers on demand.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/driver/card.h"
#include "tests/conformance/conformance_design.h"
#include "tests/conformance/sample_xclbin.h"

namespace conformance {

using streamtensor::runtime::CardConfig;
using streamtensor::runtime::driver::Buffer;
using streamtensor::runtime::driver::Card;
using streamtensor::runtime::driver::CardOptions;
using streamtensor::runtime::driver::RunReport;
using streamtensor::runtime::driver::SyncDirection;

inline constexpr absl::Duration kLong = absl::Seconds(60);

inline CardOptions Options(CardConfig::Driver driver, bool strict = true, uint32_t index = 0) {
  CardOptions options;
  options.card.driver = driver;
  options.card.index = index;
  options.strict_sync = strict;
  options.module_dir = ST_TEST_MODULE_DIR;
  options.card_program = ST_TEST_CARD_PROGRAM;
  return options;
}

inline std::vector<std::byte> XclbinFor(CardConfig::Driver driver) {
  return driver == CardConfig::Driver::kEmulated ? EmulationXclbin() : HardwareXclbin();
}

#define ST_ASSERT_OK(expression)                         \
  do {                                                   \
    const absl::Status st_status = (expression);         \
    ASSERT_TRUE(st_status.ok()) << st_status.ToString(); \
  } while (false)

// The design loaded, its buffers allocated and set.
class LoadedCard {
 public:
  // Leaves card() null on failure.
  void Open(const CardOptions& options) {
    absl::StatusOr<std::unique_ptr<Card>> opened = Card::Open(options);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    card_ = *std::move(opened);
    driver_ = options.card.driver;
    Load();
  }
  void Load() {
    ST_ASSERT_OK(card_->LoadXclbin(XclbinFor(driver_), kKernelName));
    buffers_.clear();
    for (uint32_t i = 0; i < kArguments; ++i) {
      if (i == kPoolWrite) {
        ST_ASSERT_OK(card_->SetArgument(i, *buffers_[kPoolRead]));  // one buffer, two arguments
        continue;
      }
      absl::StatusOr<std::unique_ptr<Buffer>> buffer = card_->Allocate(i, ArgumentBytes()[i]);
      ASSERT_TRUE(buffer.ok()) << buffer.status().ToString();
      buffers_.push_back(*std::move(buffer));
      ST_ASSERT_OK(card_->SetArgument(i, *buffers_.back()));
    }
  }
  void DropBuffers() { buffers_.clear(); }

  Card& card() { return *card_; }
  Buffer& buffer(ArgumentIndex index) { return *buffers_[index]; }
  template <class T>
  std::span<T> As(ArgumentIndex index) {
    const std::span<std::byte> host = buffers_[index]->host();
    return {reinterpret_cast<T*>(host.data()), host.size() / sizeof(T)};
  }
  absl::Status ToCard(ArgumentIndex index) {
    return buffers_[index]->Sync(SyncDirection::kToCard, 0, buffers_[index]->host().size());
  }
  absl::Status FromCard(ArgumentIndex index) {
    return buffers_[index]->Sync(SyncDirection::kFromCard, 0, buffers_[index]->host().size());
  }

  // Fills and sends everything: input[t][i] = t + i, weights[i] = 2, pool[i] = 0.5.
  void SendStep(uint32_t tokens, Behaviour behaviour = kCompute) {
    const auto descriptor = As<uint32_t>(kDescriptor);
    std::fill(descriptor.begin(), descriptor.end(), 0u);
    descriptor[2] = tokens;
    descriptor[3] = 1;
    descriptor[4] = 1;
    descriptor[kBehaviourWord] = behaviour;
    for (int t = 0; t < kStepTokens; ++t) {
      for (int i = 0; i < kWidth; ++i) As<float>(kInput)[t * kWidth + i] = static_cast<float>(t + i);
    }
    for (float& weight : As<float>(kWeights)) weight = 2;
    for (float& value : As<float>(kPoolRead)) value = 0.5f;
    for (uint32_t& word : As<uint32_t>(kStatus)) word = ~0u;
    for (float& value : As<float>(kOutput)) value = -1;
    for (const ArgumentIndex index : {kDescriptor, kStatus, kInput, kOutput, kWeights, kPoolRead}) {
      ST_ASSERT_OK(ToCard(index));
    }
  }
  void ExpectOutput(uint32_t tokens, float pool = 0.5f) {
    ST_ASSERT_OK(FromCard(kStatus));
    ST_ASSERT_OK(FromCard(kOutput));
    EXPECT_EQ(As<uint32_t>(kStatus)[0], 1u);
    for (uint32_t t = 0; t < kStepTokens; ++t) {
      for (uint32_t i = 0; i < kWidth; ++i) {
        const float expected = t < tokens ? static_cast<float>(t + i) * 2 + pool : -1;
        EXPECT_EQ(As<float>(kOutput)[t * kWidth + i], expected) << "token " << t << ", element " << i;
      }
    }
  }

 private:
  CardConfig::Driver driver_ = CardConfig::Driver::kEmulated;
  std::unique_ptr<Card> card_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
};

}  // namespace conformance
