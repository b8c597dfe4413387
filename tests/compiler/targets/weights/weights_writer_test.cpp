// SPDX-License-Identifier: Apache-2.0
// Packs random weights and unpacks them with a reader written from docs/architecture.md, section 4.
#include "compiler/targets/weights/weights_writer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace streamtensor::compiler {
namespace {

class RandomWeights : public WeightSource {
 public:
  explicit RandomWeights(unsigned seed) : random_(seed) {}

  void AddMatrix(const std::string& name, int64_t rows, int64_t groups, WeightElement q, bool minimum,
                 int64_t group = 32) {
    AddPart(name, WeightPart::kQ, {q, {rows, groups, group}}, q == WeightElement::kU4 ? 0xf : 0xff);
    // Finite.
    AddPart(name, WeightPart::kD, {WeightElement::kF16, {rows, groups}}, 0xbf);
    if (minimum) AddPart(name, WeightPart::kM, {WeightElement::kF16, {rows, groups}}, 0xbf);
  }
  void AddPart(const std::string& name, WeightPart part, WeightShape shape, uint8_t mask) {
    std::vector<uint8_t> bytes(shape.bytes());
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random_()) & mask;
    parts_[{name, part}] = {shape, std::move(bytes)};
  }
  const std::vector<uint8_t>& Bytes(const std::string& name, WeightPart part) const {
    return parts_.at({name, part}).second;
  }

  absl::StatusOr<WeightShape> Shape(std::string_view name, WeightPart part) const override {
    auto found = parts_.find({std::string(name), part});
    if (found == parts_.end()) return absl::NotFoundError("no weight " + std::string(name));
    return found->second.first;
  }
  absl::StatusOr<std::vector<uint8_t>> Read(std::string_view name, WeightPart part) const override {
    auto found = parts_.find({std::string(name), part});
    if (found == parts_.end()) return absl::NotFoundError("no weight " + std::string(name));
    return found->second.second;
  }

 private:
  std::mt19937 random_;
  std::map<std::pair<std::string, WeightPart>, std::pair<WeightShape, std::vector<uint8_t>>> parts_;
};

// The channels, all at the same place of their issues.
class ChannelReader {
 public:
  ChannelReader(std::vector<uint8_t> file, const WeightLayout& layout) : file_(std::move(file)) {
    for (const WeightSegment& segment : layout.channels) begins_.push_back(segment.file_offset);
  }

  int64_t channels() const { return static_cast<int64_t>(begins_.size()); }
  const uint8_t* At(int64_t channel, int64_t byte) const {
    return file_.data() + begins_[static_cast<size_t>(channel)] + position_ + byte;
  }
  void Advance(int64_t bytes) { position_ += bytes; }
  uint64_t position() const { return position_; }

 private:
  std::vector<uint8_t> file_;
  std::vector<uint64_t> begins_;
  uint64_t position_ = 0;
};

int Quant(const uint8_t* tile, bool u4, int row, int k) {
  if (u4) {
    const uint8_t byte = tile[64 * (k % 16 / 4) + 4 * row + k % 4];
    return k < 16 ? byte & 15 : byte >> 4;
  }
  return tile[64 * (k / 4) + 4 * row + k % 4];
}

float HalfAt(const std::vector<uint8_t>& halves, int64_t index) {
  _Float16 half;
  std::memcpy(&half, &halves[2 * index], 2);
  return static_cast<float>(half);
}

uint32_t ScaleLane(const uint8_t* tile, int tile_bytes, int row) {
  uint32_t lane = 0;
  std::memcpy(&lane, tile + tile_bytes - 64 + 4 * row, 4);
  return lane;
}

// The scales of a row are its floats in its unit, to the nearest (the largest may be cut by half a unit
// more).
void ExpectScales(const std::vector<uint32_t>& lanes, const PackedWeight& weight, const RandomWeights& source,
                  const std::string& name, int64_t row, bool u4) {
  const auto groups = static_cast<int64_t>(lanes.size());
  const uint32_t exponent = (lanes[0] >> 12 & 15) | (lanes[0] >> 24 & 0xf0);
  const float unit = std::ldexp(1.0f, static_cast<int>(exponent) - 127);
  float largest = 0;
  for (int64_t group = 0; group < groups; ++group) {
    const int64_t index = row * groups + group;
    const float d = HalfAt(source.Bytes(name, WeightPart::kD), index);
    const float m = weight.has_minimum ? HalfAt(source.Bytes(name, WeightPart::kM), index) : 0.0f;
    const auto scale = static_cast<float>(static_cast<int32_t>(lanes[group] << 20) >> 20);
    const auto offset = static_cast<float>(static_cast<int32_t>(lanes[group] << 4) >> 20);
    ASSERT_LE(std::fabs(scale * unit - d), unit) << name << " " << row << " " << group;
    ASSERT_LE(std::fabs(offset * unit - (m + (u4 ? 8 * d : 0))), unit) << name << " " << row << " " << group;
    largest = std::max({largest, std::fabs(scale), std::fabs(offset) / 2});
  }
  ASSERT_GE(largest, 511) << name << " " << row;
}

// Checks every row, padding included, of the next issue.
void ExpectIssue(ChannelReader& reader, const PackedIssue& issue, int layer, const RandomWeights& source) {
  const bool u4 = issue.format == TileFormat::kU4;
  const int64_t shared = issue.scale_groups, tile_bytes = ((u4 ? 4 : 8) * shared + 1) * 64,
                channels = reader.channels();
  int64_t all_row_tiles = 0;
  for (const PackedWeight& weight : issue.weights) all_row_tiles += (weight.rows + 15) / 16;
  const int64_t parts =
      int64_t{1}
      << contract::CutIssue(channels, u4 ? 4 : 8, issue.groups, all_row_tiles, issue.scale_groups).split;
  ASSERT_EQ(channels % parts, 0);
  const int64_t row_tile_tiles = issue.groups / shared, part_tiles = (row_tile_tiles + parts - 1) / parts;
  // By row tile and tile of it.
  std::vector<const uint8_t*> tiles(static_cast<size_t>(all_row_tiles * row_tile_tiles));
  int64_t byte = 0;
  for (int64_t first = 0; first < all_row_tiles; first += channels / parts) {
    for (int64_t i = 0; i < part_tiles; ++i, byte += tile_bytes) {
      for (int64_t channel = 0; channel < channels; ++channel) {
        const int64_t row_tile = first + channel / parts, along = channel % parts * part_tiles + i;
        const uint8_t* const tile = reader.At(channel, byte);
        if (row_tile < all_row_tiles && along < row_tile_tiles) {
          tiles[static_cast<size_t>(row_tile * row_tile_tiles + along)] = tile;
        } else {
          for (int64_t at = 0; at < tile_bytes; ++at) ASSERT_EQ(tile[at], 0);
        }
      }
    }
  }
  reader.Advance(byte);
  int64_t first_tile = 0;
  for (size_t w = 0; w < issue.weights.size(); ++w) {
    const PackedWeight& weight = issue.weights[w];
    const std::string name = WeightName(weight.name, layer);
    const auto& q = source.Bytes(name, WeightPart::kQ);
    const int64_t row_tiles = (weight.rows + 15) / 16;
    for (int64_t row = 0; row < row_tiles * 16; ++row) {
      const int64_t row_tile =
          issue.alternate ? row / 16 * static_cast<int64_t>(issue.weights.size()) + static_cast<int64_t>(w)
                          : first_tile + row / 16;
      std::vector<uint32_t> lanes;
      for (int64_t along = 0; along < row_tile_tiles; ++along) {
        const uint8_t* tile = tiles[row_tile * row_tile_tiles + along];
        const int64_t elements = 32 * shared, index = (row * row_tile_tiles + along) * elements;
        const bool padding = row >= weight.rows;
        for (int k = 0; k < elements; ++k) {
          const uint8_t* const group = tile + k / 32 * 64 * (u4 ? 4 : 8);
          ASSERT_EQ(Quant(group, u4, row % 16, k % 32), padding ? 0 : q[index + k]) << name << " " << row;
        }
        lanes.push_back(ScaleLane(tile, static_cast<int>(tile_bytes), row % 16));
        if (padding) ASSERT_EQ(lanes.back(), 0u);
      }
      if (row < weight.rows) ExpectScales(lanes, weight, source, name, row, u4);
    }
    first_tile += row_tiles;
  }
}

std::vector<uint8_t> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(file), {});
}

PackingPlan TestPlan(RandomWeights* source) {
  PackingPlan plan;
  plan.layers = 3;
  PackedIssue qkv{TileFormat::kU4, 5, {{"blk.{layer}.q", 48, true}, {"blk.{layer}.k", 24, true}}, false};
  PackedIssue gate_up{
      TileFormat::kU4, 5, {{"blk.{layer}.gate", 80, false}, {"blk.{layer}.up", 80, true}}, true};
  PackedIssue down{TileFormat::kI8, 7, {{"blk.{layer}.down", 33, false}}, false};
  PackedIssue wide{TileFormat::kU4, 8, {{"blk.{layer}.wide", 40, true}}, false, 4};
  plan.layer = {qkv, gate_up, down, wide};
  plan.prologue = {{TileFormat::kU4, 1, {{"first", 1, false}}, false}};
  plan.epilogue = {{TileFormat::kI8, 5, {{"head", 100, false}}, false}};
  plan.constants = {{"table", WeightPart::kValue, WeightElement::kF32, 77, 1},
                    {"blk.{layer}.norm", WeightPart::kValue, WeightElement::kF32, 40, 3},
                    {"embedding", WeightPart::kQ, WeightElement::kI8, 9 * 5 * 32, 1}};
  for (int layer = 0; layer < 3; ++layer) {
    const std::string block = absl::StrCat("blk.", layer);
    source->AddMatrix(block + ".q", 48, 5, WeightElement::kU4, true);
    source->AddMatrix(block + ".k", 24, 5, WeightElement::kU4, true);
    source->AddMatrix(block + ".gate", 80, 5, WeightElement::kU4, false);
    source->AddMatrix(block + ".up", 80, 5, WeightElement::kU4, true);
    source->AddMatrix(block + ".down", 33, 7, WeightElement::kI8, false);
    source->AddMatrix(block + ".wide", 40, 2, WeightElement::kU4, true, 128);
    source->AddPart(block + ".norm", WeightPart::kValue, {WeightElement::kF32, {40}}, 0xff);
  }
  source->AddMatrix("first", 1, 1, WeightElement::kU4, false);
  source->AddMatrix("head", 100, 5, WeightElement::kI8, false);
  source->AddMatrix("embedding", 9, 5, WeightElement::kI8, false);
  source->AddPart("table", WeightPart::kValue, {WeightElement::kF32, {7, 11}}, 0xff);
  return plan;
}

TEST(WeightsWriter, UnpacksToTheSameValues) {
  const unsigned seed = 42;
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  RandomWeights source(seed);
  PackingPlan plan = TestPlan(&source);
  for (int channels : {1, 2, 3, 32}) {
    plan.channels = channels;
    absl::StatusOr<WeightLayout> layout = LayOutWeights(plan);
    ASSERT_TRUE(layout.ok()) << layout.status();
    const std::string path = ::testing::TempDir() + "/weights_writer_test.bin";
    double last = 0;
    const absl::Status status = WriteWeights(path, plan, *layout, source, 2, [&](double done) {
      EXPECT_GE(done, last);
      last = done;
    });
    ASSERT_TRUE(status.ok()) << status;
    std::vector<uint8_t> file = ReadFile(path);
    ASSERT_EQ(file.size(), layout->file_bytes);

    for (const WeightSegment& segment : layout->channels) {
      EXPECT_EQ(segment.file_offset % 4096, 0u);
      EXPECT_GE(segment.bytes, 4096u);
    }
    for (size_t i = 0; i < plan.constants.size(); ++i) {
      const PackedConstant& constant = plan.constants[i];
      EXPECT_EQ(layout->constants[i].file_offset % 4096, 0u);
      std::vector<uint8_t> expected;
      for (int64_t layer = 0; layer < constant.layers; ++layer) {
        const auto& part = source.Bytes(WeightName(constant.name, layer), constant.part);
        expected.insert(expected.end(), part.begin(), part.end());
      }
      const auto at = file.begin() + static_cast<int64_t>(layout->constants[i].file_offset);
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), at)) << constant.name;
    }

    ChannelReader reader(std::move(file), *layout);
    for (const PackedIssue& issue : plan.prologue) ExpectIssue(reader, issue, 0, source);
    for (int layer = 0; layer < 3; ++layer) {
      for (const PackedIssue& issue : plan.layer) ExpectIssue(reader, issue, layer, source);
    }
    for (const PackedIssue& issue : plan.epilogue) ExpectIssue(reader, issue, 0, source);
    for (size_t i = 0; i < layout->channels.size(); ++i) {
      EXPECT_EQ(reader.position(), layout->channels[i].used_bytes);
    }
    std::filesystem::remove(path);
  }
}

TEST(WeightsWriter, NamesWhatDoesNotFit) {
  RandomWeights source(1);
  PackingPlan plan = TestPlan(&source);
  const std::string path = ::testing::TempDir() + "/weights_writer_errors.bin";
  auto write = [&](const PackingPlan& changed) {
    absl::StatusOr<WeightLayout> layout = LayOutWeights(changed);
    if (!layout.ok()) return layout.status();
    return WriteWeights(path, changed, *layout, source, 2, nullptr);
  };
  auto message = [&](auto change) {
    PackingPlan changed = plan;
    change(changed);
    return std::string(write(changed).message());
  };
  EXPECT_NE(message([](PackingPlan& p) { p.layer[1].weights[1].rows = 64; }).find("have 80 and 64 rows"),
            std::string::npos);
  EXPECT_NE(message([](PackingPlan& p) { p.layer[0].weights[0].rows = 64; }).find("weight blk.0.q, part q"),
            std::string::npos);
  EXPECT_NE(message([](PackingPlan& p) { p.layer[0].format = TileFormat::kI8; }).find("blk.0.q, part q"),
            std::string::npos);
  EXPECT_NE(message([](PackingPlan& p) { p.layer[0].scale_groups = 2; }).find("2 of 5 groups share a scale"),
            std::string::npos);
  EXPECT_NE(message([](PackingPlan& p) { p.layer[3].scale_groups = 2; }).find("blk.0.wide, part d"),
            std::string::npos);
  EXPECT_NE(message([](PackingPlan& p) { p.epilogue[0].weights[0].name = "tail"; }).find("tail"),
            std::string::npos);
  EXPECT_NE(message([](PackingPlan& p) { p.constants[0].elements = 78; }).find("table"), std::string::npos);
  EXPECT_NE(message([](PackingPlan& p) { p.channels = 0; }).find("channel"), std::string::npos);
  EXPECT_EQ(LayOutWeights({.channels = 1}).status().message(),
            "channels carry weights, but no issue takes any");
  EXPECT_EQ(LayOutWeights({.channels = 0})->file_bytes, 0);
  EXPECT_EQ(WriteWeights("/nonexistent/weights.bin", plan, *LayOutWeights(plan), source, 1, nullptr).code(),
            absl::StatusCode::kUnavailable);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace streamtensor::compiler
