// SPDX-License-Identifier: Apache-2.0
// The estimator on our own kernels, on mutants of them, and on bad input.
#include "compiler/schedule/estimator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "compiler/schedule/device_costs.h"

namespace streamtensor::schedule {
namespace {

namespace fs = std::filesystem;

constexpr char kEngine[] = R"(
#include "st/engine.h"
constexpr st::issue layer_issues[] = {{4, 18, 60, st::ROWS_T}, {8, 18, 30, st::ROWS_W}};
struct config {
  static constexpr int channels = 2;
  static constexpr int step_tokens = 16;
  static constexpr int max_groups = 48;
  static constexpr int layers = 30;
  static constexpr int fixed_rows = 0;
  static constexpr int unroll = 6;
  static constexpr int prologue_issues = 0;
  static constexpr st::issue prologue(int) { return st::issue(); }
  static constexpr int layer_issues = 2;
  static constexpr st::issue layer(int i) { return ::layer_issues[i]; }
  static constexpr int epilogue_issues = 0;
  static constexpr st::issue epilogue(int) { return st::issue(); }
};
void engine(hls::stream<st::header_word>& headers, hls::stream_of_blocks<st::word512[768]>& frames,
            hls::stream_of_blocks<st::weight_block, 8> (&weights)[2], hls::stream<st::word512>& results) {
  st::engine<config>(headers, frames, weights, results);
}
)";

constexpr char kFifoLoop[] = R"(
#include <hls_stream.h>
void copy(hls::stream<float>& in, hls::stream<float>& out, int n) {
  for (int i = 0; i < n; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(in.read() * 2.0f);
  }
}
)";

class EstimatorTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              (std::string("estimator.") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    fs::copy(ST_KERNELS_DIR "/st", folder_ / "st", fs::copy_options::recursive);
    options_.clock_ns = 4;
    options_.include_folders = {folder_.string(), ST_KERNELS_DIR};
    const absl::StatusOr<DeviceCosts> costs = ReadDeviceCosts(ST_SCHEDULE_COSTS);
    ASSERT_TRUE(costs.ok()) << costs.status();
    costs_ = *costs;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  absl::StatusOr<DesignEstimate> EstimateText(const std::string& text) const {
    return Estimate(Write("design.cpp", text), costs_, options_);
  }

  // The highest II of the text's only process.
  int64_t HighestIi(const std::string& text) const {
    const absl::StatusOr<DesignEstimate> design = EstimateText(text);
    EXPECT_TRUE(design.ok()) << design.status();
    if (!design.ok() || design->processes.size() != 1) return 0;
    int64_t ii = 0;
    for (const LoopEstimate& loop : design->processes[0].loops) ii = std::max(ii, loop.bound.ii);
    return ii;
  }

  // Replaces the first `old_text` in our copy of a kernel.
  void Mutate(const std::string& header, const std::string& old_text, const std::string& new_text) const {
    std::stringstream text;
    text << std::ifstream(folder_ / "st" / header).rdbuf();
    std::string mutated = text.str();
    const size_t at = mutated.find(old_text);
    ASSERT_NE(at, std::string::npos) << header << " has no " << old_text;
    mutated.replace(at, old_text.size(), new_text);
    std::ofstream(folder_ / "st" / header) << mutated;
  }

  fs::path folder_;
  DeviceCosts costs_;
  EstimateOptions options_;
};

TEST_F(EstimatorTest, UnpartitionedTilesRaiseTheEnginesIi) {
  const int64_t before = HighestIi(kEngine);
  Mutate("engine.h", "#pragma HLS ARRAY_PARTITION variable = block type = complete dim = 0\n", "");
  EXPECT_GT(HighestIi(kEngine), before);
}

TEST_F(EstimatorTest, EachBankHasTwoPorts) {
  const auto text = [](int banks) {
    return std::string("void sum(int a[64], hls::stream<int>& out) {\n") +
           "#pragma HLS ARRAY_PARTITION variable = a type = cyclic factor = " + std::to_string(banks) +
           "\n  for (int i = 0; i < 64; i += 8) {\n#pragma HLS PIPELINE II = 1\n" +
           "    int sum = 0;\n    for (int j = 0; j < 8; ++j) sum += a[i + j];\n    out.write(sum);\n  "
           "}\n}\n";
  };
  for (const auto [banks, ii] : {std::pair(1, 4), std::pair(2, 2), std::pair(4, 1), std::pair(8, 1)}) {
    EXPECT_EQ(HighestIi("#include <hls_stream.h>\n" + text(banks)), ii) << banks << " banks";
  }
}

TEST_F(EstimatorTest, ACarriedSumRaisesTheIi) {
  ASSERT_EQ(HighestIi(kFifoLoop), 1);
  std::string carried = kFifoLoop;
  carried.replace(carried.find("  for"), 5, "  float sum = 0;\n  for");
  carried.replace(carried.find("out.write(in.read() * 2.0f)"), 27, "out.write(sum += in.read())");
  const absl::StatusOr<DesignEstimate> design = EstimateText(carried);
  ASSERT_TRUE(design.ok()) << design.status();
  const Bound& bound = design->processes.at(0).loops.at(0).bound;
  EXPECT_GT(bound.ii, 1);
  EXPECT_EQ(bound.limit, Limit::kCarriedValue);
  EXPECT_FALSE(bound.cause.empty());
}

TEST_F(EstimatorTest, ASecondReadOfAFifoRaisesTheIi) {
  std::string twice = kFifoLoop;
  twice.replace(twice.find("in.read() * 2.0f"), 16, "in.read() * in.read()");
  const absl::StatusOr<DesignEstimate> design = EstimateText(twice);
  ASSERT_TRUE(design.ok()) << design.status();
  const Bound& bound = design->processes.at(0).loops.at(0).bound;
  EXPECT_EQ(bound.ii, 2);
  EXPECT_EQ(bound.limit, Limit::kFifoPort);
}

TEST_F(EstimatorTest, AFasterClockDeepensALoop) {
  const auto depth = [this] { return EstimateText(kFifoLoop)->processes.at(0).loops.at(0).depth; };
  options_.clock_ns = 5;
  const int64_t slow = depth();
  options_.clock_ns = 2.5;
  EXPECT_GT(depth(), slow);
}

TEST_F(EstimatorTest, RefusesTextThatClangRefuses) {
  const absl::Status status = EstimateText("void f() { int x = ; }\n").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_NE(status.message().find("expected expression"), absl::string_view::npos) << status;
}

TEST_F(EstimatorTest, RefusesAMissingTop) {
  options_.top = "no_such_function";
  const absl::Status status = EstimateText(kFifoLoop).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  EXPECT_NE(status.message().find("no_such_function"), absl::string_view::npos) << status;
}

TEST_F(EstimatorTest, RefusesRecursion) {
  const absl::Status status =
      EstimateText(
          "int f(int n) { return n < 2 ? 1 : n * f(n - 1) + f(n - 2); }\nint g(int n) { return f(n); }\n")
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
}

TEST_F(EstimatorTest, RefusesAClockOfZero) {
  options_.clock_ns = 0;
  EXPECT_EQ(EstimateText(kFifoLoop).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(EstimatorTest, RefusesBadCostFiles) {
  EXPECT_EQ(ReadDeviceCosts((folder_ / "absent.yaml").string()).status().code(), absl::StatusCode::kNotFound);
  for (const char* text :
       {"", "family: ultrascale_plus\n", "- 1\n", "family: [", "family: x\nunknown: 1\n"}) {
    const absl::Status status = ReadDeviceCosts(Write("costs.yaml", text)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text << status;
  }
}

}  // namespace
}  // namespace streamtensor::schedule
