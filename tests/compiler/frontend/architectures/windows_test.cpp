// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/architectures/windows.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/compiler/frontend/memory_checkpoint.h"

namespace streamtensor::compiler {
namespace {

using Metadata = std::map<std::string, MemoryCheckpoint::Value>;
using Windows = std::vector<int64_t>;

absl::StatusOr<Windows> Read(WindowedLayers windowed, const Metadata& metadata,
                             CheckpointDialect dialect = CheckpointDialect::kHuggingFace) {
  MemoryCheckpoint checkpoint(dialect, "x");
  for (const auto& [key, value] : metadata) checkpoint.metadata[key] = value;
  return ReadWindows(Hyperparameters(checkpoint, "x"), 3, windowed);
}

const std::vector<std::string> kMixed = {"sliding_attention", "full_attention", "sliding_attention"};

TEST(ReadWindows, OfAllLayersOrThoseListed) {
  EXPECT_EQ(*Read(WindowedLayers::kAll, {}), Windows());
  EXPECT_EQ(*Read(WindowedLayers::kAll, {{"sliding_window", int64_t{9}}}), (Windows{9, 9, 9}));
  EXPECT_EQ(*Read(WindowedLayers::kAll, {{"sliding_window", int64_t{9}}, {"layer_types", kMixed}}),
            (Windows{9, 0, 9}));
  EXPECT_EQ(*Read(WindowedLayers::kAll, {{"sliding_window", int64_t{9}},
                                         {"layer_types", std::vector<std::string>(3, "full_attention")}}),
            Windows());
  EXPECT_EQ(*Read(WindowedLayers::kNone, {{"sliding_window", int64_t{9}}}), Windows());
}

TEST(ReadWindows, ByFlag) {
  EXPECT_EQ(*Read(WindowedLayers::kFlagged, {{"sliding_window", int64_t{9}}}), Windows());
  EXPECT_EQ(*Read(WindowedLayers::kFlagged, {{"sliding_window", int64_t{9}}, {"use_sliding_window", false}}),
            Windows());
  EXPECT_EQ(*Read(WindowedLayers::kFlagged, {{"sliding_window", int64_t{9}},
                                             {"use_sliding_window", true},
                                             {"max_window_layers", int64_t{1}}}),
            (Windows{0, 9, 9}));
  EXPECT_EQ(*Read(WindowedLayers::kFlagged, {{"sliding_window", int64_t{9}},
                                             {"use_sliding_window", true},
                                             {"max_window_layers", int64_t{28}}}),
            Windows());
}

TEST(ReadWindows, OfGguf) {
  EXPECT_EQ(
      *Read(WindowedLayers::kAll, {{"x.attention.sliding_window", int64_t{0}}}, CheckpointDialect::kGguf),
      Windows());
  EXPECT_EQ(
      *Read(WindowedLayers::kFlagged, {{"x.attention.sliding_window", int64_t{7}}}, CheckpointDialect::kGguf),
      (Windows{7, 7, 7}));
}

TEST(ReadWindows, OfAllButEveryNth) {
  const Metadata window = {{"sliding_window", int64_t{9}}};
  const auto with = [&](std::string key, MemoryCheckpoint::Value value) {
    Metadata metadata = window;
    metadata[std::move(key)] = std::move(value);
    return metadata;
  };
  EXPECT_EQ(*Read(WindowedLayers::kPeriodic, window), (Windows{9, 9, 9}));
  EXPECT_EQ(*Read(WindowedLayers::kPeriodic, with("sliding_window_pattern", int64_t{2})), (Windows{9, 0, 9}));
  EXPECT_EQ(*Read(WindowedLayers::kPeriodic, with("_sliding_window_pattern", int64_t{3})),
            (Windows{9, 9, 0}));
  EXPECT_EQ(*Read(WindowedLayers::kPeriodic, with("sliding_window_pattern", int64_t{1})), Windows());
  EXPECT_EQ(*Read(WindowedLayers::kPeriodic, with("layer_types", kMixed)), (Windows{9, 0, 9}));
  EXPECT_EQ(
      *Read(WindowedLayers::kPeriodic,
            {{"x.attention.sliding_window", int64_t{9}}, {"x.attention.sliding_window_pattern", int64_t{2}}},
            CheckpointDialect::kGguf),
      (Windows{9, 0, 9}));
}

TEST(ReadWindows, NamesWhatIsWrong) {
  const auto refusal = [](const Metadata& metadata) {
    return std::string(Read(WindowedLayers::kAll, metadata).status().message());
  };
  EXPECT_EQ(refusal({{"sliding_window", int64_t{0}}}),
            "metadata key 'sliding_window' is 0, expected 1 to 16777216");
  EXPECT_EQ(refusal({{"layer_types", kMixed}}),
            "metadata key 'layer_types' lists layers with a window, but 'sliding_window' is missing");
  EXPECT_EQ(
      refusal({{"sliding_window", int64_t{9}}, {"layer_types", std::vector<std::string>(2, kMixed[0])}}),
      "metadata key 'layer_types' lists 2 layers, expected 3");
  EXPECT_EQ(
      refusal({{"sliding_window", int64_t{9}}, {"layer_types", std::vector<std::string>(3, "chunked")}}),
      "layers with 'chunked' (layer_types) can't be compiled yet");
}

}  // namespace
}  // namespace streamtensor::compiler
