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

  fs::path folder_;
  DeviceCosts costs_;
  EstimateOptions options_;
};

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

// Vitis HLS shares a multiplier only among products of equal widths.
TEST_F(EstimatorTest, APriceOfEachWidth) {
  const auto dsps = [this](const std::string& products, int ii) {
    const absl::StatusOr<DesignEstimate> design = EstimateText(
        "#include <hls_stream.h>\nstruct three { short a, b; int c, d; };\n"
        "void multiply(hls::stream<three>& in, hls::stream<int>& out) {\n"
        "  for (int i = 0; i < 64; ++i) {\n#pragma HLS PIPELINE II = " +
        std::to_string(ii) + "\n    const three x = in.read();\n    out.write(" + products + ");\n  }\n}\n");
    EXPECT_TRUE(design.ok()) << design.status();
    return design.ok() ? design->processes.at(0).area.dsp : -1;
  };
  const int64_t narrow = dsps("x.a * x.b", 1), wide = dsps("x.c * x.d", 1);
  EXPECT_EQ(narrow, 1);
  EXPECT_GT(wide, narrow);
  EXPECT_EQ(dsps("(x.a * x.b) ^ (x.c * x.d)", 1), narrow + wide);
  EXPECT_EQ(dsps("(x.a * x.b) ^ (x.c * x.d)", 2), narrow + wide);
  EXPECT_EQ(dsps("(x.c * x.d) ^ ((x.c + 1) * (x.d + 5))", 2), wide) << "equal widths share";
}

// Of a word of which one lane is used later, only that lane waits.
TEST_F(EstimatorTest, PartsOfAWordWaitAlone) {
  const auto registers = [this](const std::string& later) {
    const absl::StatusOr<DesignEstimate> design = EstimateText(
        "#include <hls_stream.h>\nstruct word { float lane[16]; };\n"
        "void sum(hls::stream<word>& in, hls::stream<float>& out) {\n"
        "  for (int i = 0; i < 64; ++i) {\n#pragma HLS PIPELINE II = 1\n"
        "    const word x = in.read();\n    out.write(x.lane[0] * x.lane[0] + " +
        later + ");\n  }\n}\n");
    EXPECT_TRUE(design.ok()) << design.status();
    return design.ok() ? design->processes.at(0).area.ff : -1;
  };
  const int64_t none = registers("1.0f"), high = registers("x.lane[15]"), low = registers("x.lane[1]");
  EXPECT_EQ(high, low) << "the lane's place doesn't matter";
  EXPECT_GT(low, none);
  EXPECT_LE(low - none, 32 * 8) << "32 bits wait for a multiplier, not 512";
}

constexpr char kCountedCopy[] = R"(
#include <hls_stream.h>
struct word { unsigned field[7]; };
void copy(hls::stream<word>& headers, hls::stream<float>& in, hls::stream<float>& out) {
  const word header = headers.read();
  const int tokens = header.field[0] > 16u ? 16 : (int)header.field[0];
  const int logits = header.field[1] > (unsigned)tokens ? tokens : (int)header.field[1];
  for (int i = 0; i < tokens; ++i) {
#pragma HLS LOOP_FLATTEN off
    for (int j = 0; j < 48; ++j) {
#pragma HLS PIPELINE II = 1
      out.write(in.read());
    }
  }
  for (int i = 0; i < logits; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(in.read() * 2.0f);
  }
}
)";

TEST_F(EstimatorTest, CyclesAreAFormulaOfTheHeadersWords) {
  const absl::StatusOr<DesignEstimate> design = EstimateText(kCountedCopy);
  ASSERT_TRUE(design.ok()) << design.status();
  const ProcessEstimate& process = design->processes.at(0);
  ASSERT_EQ(process.loops.size(), 2u);
  EXPECT_EQ(process.loops[0].iterations.Constant(), 48);
  EXPECT_EQ(process.loops[1].iterations.Text(), "min(headers.0, headers.1)");
  EXPECT_NE(process.cycles.Text().find(" * headers.0"), std::string::npos) << process.cycles.Text();
  EXPECT_TRUE(process.symbols.empty()) << process.symbols.begin()->first;
}

constexpr char kTwoProcesses[] = R"(
#include <hls_stream.h>
#include <hls_streamofblocks.h>
typedef float row[1024];
void produce(hls::stream_of_blocks<row>& rows, hls::stream<float>& words) {
  hls::write_lock<row> lock(rows);
  row& to = lock;
  for (int i = 0; i < 1024; ++i) {
#pragma HLS PIPELINE II = 1
    to[i] = i;
    words.write(i);
  }
}
void consume(hls::stream_of_blocks<row>& rows, hls::stream<float>& words, hls::stream<float>& out) {
  hls::read_lock<row> lock(rows);
  const row& from = lock;
  for (int i = 0; i < 1024; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(from[i] + words.read());
  }
}
void top(hls::stream<float>& out) {
#pragma HLS DATAFLOW
  hls::stream_of_blocks<row> rows;
  hls::stream<float, 2000> words;
  produce(rows, words);
  consume(rows, words, out);
}
)";

TEST_F(EstimatorTest, ChannelsBelongToTheArea) {
  const absl::StatusOr<DesignEstimate> design = EstimateText(kTwoProcesses);
  ASSERT_TRUE(design.ok()) << design.status();
  ASSERT_EQ(design->channels.size(), 2u);
  const Channel& rows = design->channels[0];
  EXPECT_TRUE(rows.blocks);
  EXPECT_EQ(rows.words, 1024);
  EXPECT_EQ(rows.bits, 32);
  EXPECT_EQ(rows.depth, 2);
  EXPECT_EQ(rows.area.bram18, 4);
  const Channel& words = design->channels[1];
  EXPECT_FALSE(words.blocks);
  EXPECT_EQ(words.depth, 2000);
  EXPECT_EQ(words.area.bram18, 4);
  int64_t bram18 = rows.area.bram18 + words.area.bram18;
  for (const ProcessEstimate& process : design->processes) bram18 += process.area.bram18;
  EXPECT_EQ(design->area.bram18, bram18);
}

TEST_F(EstimatorTest, AChannelLiesWhereItsPragmaSays) {
  std::string text = kTwoProcesses;
  const std::string declared = "  hls::stream<float, 2000> words;\n";
  text.insert(text.find(declared) + declared.size(),
              "#pragma HLS BIND_STORAGE variable = words type = fifo impl = uram\n");
  const absl::StatusOr<DesignEstimate> design = EstimateText(text);
  ASSERT_TRUE(design.ok()) << design.status();
  EXPECT_EQ(design->channels[0].area.uram, 0);
  EXPECT_EQ(design->channels[1].area.uram, 1);
  EXPECT_EQ(design->channels[1].area.bram18, 0);
}

// What INTERFACE says of the top function's pointers holds in the processes that use them.
TEST_F(EstimatorTest, APointerOfTheTopIsAMasterOfItsProcess) {
  constexpr char kText[] = R"(
#include "hls_stream.h"
static void load(const int* numbers, int n, hls::stream<int>& out) {
  for (int i = 0; i < n; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(numbers[i]);
  }
}
static void store(hls::stream<int>& in, int n, int* sums) {
  for (int i = 0; i < n; ++i) {
#pragma HLS PIPELINE II = 1
    sums[i] = in.read();
  }
}
void top(const int* numbers, int n, int* sums) {
#pragma HLS INTERFACE mode = m_axi port = numbers bundle = bank3
#pragma HLS INTERFACE mode = m_axi port = sums bundle = bank7
#pragma HLS DATAFLOW
  hls::stream<int> words;
  load(numbers, n, words);
  store(words, n, sums);
}
)";
  const absl::StatusOr<DesignEstimate> design = EstimateText(kText);
  ASSERT_TRUE(design.ok()) << design.status();
  ASSERT_EQ(design->ports.size(), 2u);
  EXPECT_EQ(design->ports[0].name, "numbers");
  EXPECT_EQ(design->ports[0].bundle, "bank3");
  EXPECT_EQ(design->ports[0].processes, std::vector<std::string>{"load"});
  EXPECT_EQ(design->ports[1].bundle, "bank7");
  ASSERT_EQ(design->channels.size(), 1u);
  EXPECT_EQ(design->channels[0].processes, (std::vector<std::string>{"load", "store"}));
  for (const ProcessEstimate& process : design->processes) {
    ASSERT_EQ(process.loops.size(), 1u);
    ASSERT_EQ(process.loops[0].axi.size(), 1u) << process.name;
    EXPECT_TRUE(process.loops[0].axi[0].burst);
    EXPECT_GT(process.storage.ff, 0) << "its adapter";
  }
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
