// SPDX-License-Identifier: Apache-2.0
// A design small enough to say what its report holds.
#include "compiler/report/report_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "base/child_process.h"
#include "compiler/platform/platform_folders.h"
#include "compiler/report/memory_data.h"
#include "compiler/report/report_page.h"
#include "compiler/report/timeline_data.h"
#include "compiler/schedule/device_costs.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;
using artifact::v1::Argument;
using ::testing::HasSubstr;

constexpr char kText[] = R"(
#include <hls_stream.h>
static void load(const int* in, hls::stream<int>& out) {
  for (int i = 0; i < 4096; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(in[i]);
  }
}
static void twice(hls::stream<int>& in, hls::stream<int>& out) {
  for (int i = 0; i < 4096; ++i) {
#pragma HLS PIPELINE II = 3
    out.write(2 * in.read());
  }
}
static void store(hls::stream<int>& in, int* result) {
  for (int i = 0; i < 4096; ++i) {
#pragma HLS PIPELINE II = 1
    result[i] = in.read();
  }
}
void top(const int* x, int* y) {
#pragma HLS INTERFACE mode = m_axi port = x bundle = bank0
#pragma HLS INTERFACE mode = m_axi port = y bundle = bank1
#pragma HLS DATAFLOW
  hls::stream<int, 16> loaded;
  hls::stream<int, 4> doubled;
  load(x, loaded);
  twice(loaded, doubled);
  store(doubled, y);
}
)";

void AddArgument(artifact::v1::Manifest& manifest, const char* name, Argument::Role role, int bank,
                 uint64_t bytes) {
  Argument& argument = *manifest.mutable_kernel()->add_arguments();
  argument.set_index(static_cast<uint32_t>(manifest.kernel().arguments_size() - 1));
  argument.set_name(name);
  argument.set_role(role);
  argument.set_bank(static_cast<uint32_t>(bank));
  argument.set_bytes(bytes);
}

artifact::v1::Manifest SmallManifest() {
  artifact::v1::Manifest manifest;
  manifest.set_model_name("<b>small</b>");
  manifest.set_compiler_version("test");
  manifest.set_platform("u55c");
  manifest.mutable_launch()->set_step_tokens(1);
  AddArgument(manifest, "x", Argument::ROLE_INPUT, 0, 16384);
  AddArgument(manifest, "y", Argument::ROLE_OUTPUT, 1, 16384);
  auto& quantisation = *manifest.mutable_quantisation();
  quantisation.set_format("w8a8");
  auto& product = *quantisation.add_products();
  product.set_weight("w");
  product.set_relative_error(0.25);
  return manifest;
}

class ReportDataTest : public testing::Test {
 protected:
  void SetUp() override {
    if (base::FindProgram("dot").empty()) GTEST_SKIP() << "the Debian package graphviz isn't installed";
  }
};

SizedDesign Scheduled(const artifact::v1::Manifest& manifest) {
  const fs::path file = fs::path(testing::TempDir()) / ("report_" + std::to_string(getpid()) + ".cpp");
  std::ofstream(file) << kText;
  const auto costs = schedule::ReadDeviceCosts(ST_SCHEDULE_COSTS);
  const auto platform = FindPlatform("u55c");
  EXPECT_TRUE(costs.ok() && platform.ok()) << costs.status() << platform.status();
  auto design = SizedDesign::Schedule(file.string(), ST_KERNELS, manifest, *platform, *costs);
  EXPECT_TRUE(design.ok()) << design.status();
  fs::remove(file);
  return *std::move(design);
}

const StepMix kOneRow = {{.tokens = 1, .context = 0, .logits = 0}};

llvm::json::Object DataOf(const SizedDesign& design) {
  auto data = ReportData(design, kOneRow, "program <1>");
  EXPECT_TRUE(data.ok()) << data.status();
  return data.ok() ? *std::move(data) : llvm::json::Object();
}

TEST_F(ReportDataTest, HoldsEachProcessAndChannel) {
  const SizedDesign design = Scheduled(SmallManifest());
  const llvm::json::Object data = DataOf(design);
  ASSERT_NE(data.getArray("calls"), nullptr);
  EXPECT_EQ(data.getArray("calls")->size(), 3u);
  const llvm::json::Object& graph = *data.getObject("graph");
  EXPECT_EQ(graph.getArray("nodes")->size(), 3u);
  ASSERT_EQ(graph.getArray("edges")->size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const llvm::json::Object& edge = *(*graph.getArray("edges"))[i].getAsObject();
    EXPECT_EQ(edge.getInteger("from"), static_cast<int64_t>(i));
    EXPECT_EQ(edge.getInteger("to"), static_cast<int64_t>(i) + 1);
    EXPECT_EQ(edge.getNumber("bytes"), 4 * 4096.0);
    EXPECT_EQ(edge.getBoolean("control"), false);
    EXPECT_THAT(edge.getString("path")->str(), HasSubstr("M"));
  }
  EXPECT_EQ(data.getObject("step")->getArray("processes")->size(), 3u);
  EXPECT_EQ(data.getObject("schedule")->getArray("processes")->size(), 3u);
  EXPECT_EQ(data.getObject("platform")->getArray("slrs")->size(), 3u);
  EXPECT_EQ(data.getObject("placement")->getArray("used")->size(), 3u);
  EXPECT_EQ(data.getArray("roofline")->size(), 1u) << "the design takes one row a step";
  const llvm::json::Object& artifact = *data.getObject("artifact");
  EXPECT_EQ(artifact.getString("model"), llvm::StringRef("<b>small</b>"));
  const llvm::json::Object& product =
      *(*artifact.getObject("quantisation")->getArray("products"))[0].getAsObject();
  EXPECT_EQ(product.getNumber("relative_error"), 0.25);
}

TEST_F(ReportDataTest, WhatTheArtifactDoesNotKnowIsLeftOut) {
  artifact::v1::Manifest manifest = SmallManifest();
  manifest.clear_quantisation();
  const llvm::json::Object data = DataOf(Scheduled(manifest));
  EXPECT_EQ(data.getObject("artifact")->get("quantisation"), nullptr);
  EXPECT_EQ(data.getObject("artifact")->get("decoder"), nullptr);
}

TEST_F(ReportDataTest, IsTheSameEachTime) {
  EXPECT_EQ(EmbeddedJson(DataOf(Scheduled(SmallManifest()))),
            EmbeddedJson(DataOf(Scheduled(SmallManifest()))));
}

TEST_F(ReportDataTest, TheTimelineAddsUp) {
  const SizedDesign design = Scheduled(SmallManifest());
  LaunchOptions options;
  options.timeline_cycles = 1;
  const auto launch = design.Launch(kOneRow, options);
  ASSERT_TRUE(launch.ok()) << launch.status();
  const llvm::json::Object timeline = TimelineData(design, launch->simulation, options.timeline_cycles);
  const llvm::json::Array& states = *timeline.getArray("states");
  const llvm::json::Array& spans = *timeline.getArray("spans");
  ASSERT_EQ(spans.size(), 3u);
  for (size_t call = 0; call < spans.size(); ++call) {
    double sum = 0, waits = 0;
    int64_t end = 0;
    const llvm::json::Array& list = *spans[call].getAsArray();
    ASSERT_EQ(list.size() % 3, 0u);
    for (size_t i = 0; i < list.size(); i += 3) {
      EXPECT_GE(*list[i].getAsInteger(), end) << "in order, and apart";
      end = *list[i].getAsInteger() + *list[i + 1].getAsInteger();
      EXPECT_LE(end, std::llround(launch->simulation.cycles));
      sum += static_cast<double>(*list[i + 1].getAsInteger());
      const llvm::json::Object& state =
          *states[static_cast<size_t>(*list[i + 2].getAsInteger())].getAsObject();
      if (state.getString("kind") != llvm::StringRef("computes")) {
        waits += static_cast<double>(*list[i + 1].getAsInteger());
      }
    }
    const ProcessActivity& activity = launch->simulation.processes[call];
    EXPECT_LE(sum, activity.ended + 1.0 * static_cast<double>(list.size())) << call;
    EXPECT_LE(waits, launch->simulation.cycles - activity.busy + 1.0 * static_cast<double>(list.size()))
        << call;
  }
  // The slow process fills the FIFO before it: its writer waits for room most of the time.
  double room = 0;
  const llvm::json::Array& load = *spans[0].getAsArray();
  for (size_t i = 0; i < load.size(); i += 3) {
    const llvm::json::Object& state = *states[static_cast<size_t>(*load[i + 2].getAsInteger())].getAsObject();
    if (state.getString("kind") == llvm::StringRef("output") &&
        state.getString("what") == llvm::StringRef("loaded"))
      room += static_cast<double>(*load[i + 1].getAsInteger());
  }
  EXPECT_GT(room, 0.5 * launch->simulation.cycles);
}

TEST_F(ReportDataTest, ALongTimelineLosesItsShortestSpans) {
  const SizedDesign design = Scheduled(SmallManifest());
  SimulationResult result;
  result.processes.resize(3);
  result.channels.resize(2);
  double at = 0;
  for (size_t i = 0; i < 2 * kMaxReportSpans; ++i) {
    Span span;
    span.call = 0;
    span.memory = true;
    span.begin = at;
    span.end = at + (i % 4 == 0 ? 100 : 10);
    at = span.end;
    result.timeline.push_back(span);
  }
  result.cycles = at;
  const llvm::json::Object timeline = TimelineData(design, result, 1);
  EXPECT_EQ((*timeline.getArray("spans"))[0].getAsArray()->size(), 3 * kMaxReportSpans / 2);
  EXPECT_EQ(timeline.getNumber("resolution"), 11) << "and the page says which";
}

TEST_F(ReportDataTest, PoolsTakeWhatOtherBuffersLeave) {
  artifact::v1::Manifest manifest = SmallManifest();
  const uint64_t bank = uint64_t{512} << 20;
  AddArgument(manifest, "weights", Argument::ROLE_WEIGHTS, 2, bank + 4096);  // two banks
  AddArgument(manifest, "k_read", Argument::ROLE_K_READ, 4, uint64_t{1} << 20);
  AddArgument(manifest, "v_read", Argument::ROLE_V_READ, 30, uint64_t{1} << 20);
  AddArgument(manifest, "k_write", Argument::ROLE_K_WRITE, 4, uint64_t{1} << 20);
  AddArgument(manifest, "table", Argument::ROLE_CONSTANTS, 30, uint64_t{24} << 20);
  const SizedDesign design = Scheduled(manifest);
  SimulationResult result;
  result.cycles = 100;
  result.bank_busy = {50, 0};
  const llvm::json::Object memory = MemoryData(design, result);
  const llvm::json::Array& buffers = *memory.getArray("buffers");
  ASSERT_EQ(buffers.size(), 6u) << "the second pointer to the keys is no buffer";
  const auto buffer = [&](size_t i) { return *buffers[i].getAsObject(); };
  EXPECT_EQ(buffer(2).getInteger("banks"), 2);
  EXPECT_EQ(buffer(3).getInteger("banks"), 26) << "up to the values";
  EXPECT_EQ(buffer(4).getInteger("banks"), 2);
  // Two banks of 512 pages, less the table: the pool of keys has no more.
  EXPECT_EQ(buffer(4).getInteger("pages"), 1000);
  EXPECT_EQ(buffer(3).getInteger("pages"), 1000);
  EXPECT_EQ(buffer(5).getInteger("banks"), 1) << "a small buffer lies in the first bank alone";
  EXPECT_EQ((*memory.getArray("bank_busy"))[0].getAsNumber(), 0.5);
}

}  // namespace
}  // namespace streamtensor::compiler
