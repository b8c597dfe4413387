// SPDX-License-Identifier: Apache-2.0
// Small dataflow texts, whose cycles follow from their loops by hand.
#include "compiler/simulation/simulator.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>

#include "absl/strings/str_replace.h"
#include "compiler/schedule/device_costs.h"
#include "compiler/schedule/estimator.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

// A producer of II = 1, a FIFO of DEPTH, a consumer of II = SLOW.
constexpr char kTwoProcesses[] = R"(
#include <hls_stream.h>
static void produce(hls::stream<int>& out) {
  for (int i = 0; i < 100; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(i);
  }
}
static void consume(hls::stream<int>& in, hls::stream<int>& out) {
  for (int i = 0; i < 100; ++i) {
#pragma HLS PIPELINE II = SLOW
    out.write(in.read());
  }
}
static void finish(hls::stream<int>& in) {
  for (int i = 0; i < 100; ++i) {
#pragma HLS PIPELINE II = 1
    in.read();
  }
}
void top() {
#pragma HLS DATAFLOW
  hls::stream<int, DEPTH> made;
  hls::stream<int, 2> taken;
  produce(made);
  consume(made, taken);
  finish(taken);
}
)";

// Reads COUNT words of a memory each, in bursts.
constexpr char kTwoReaders[] = R"(
#include <hls_stream.h>
static void read_a(const int* a, hls::stream<int>& out) {
  for (int i = 0; i < 4096; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(a[i]);
  }
}
static void read_b(const int* b, hls::stream<int>& out) {
  for (int i = 0; i < 4096; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(b[i]);
  }
}
static void add(hls::stream<int>& a, hls::stream<int>& b, int* sums) {
  for (int i = 0; i < 4096; ++i) {
#pragma HLS PIPELINE II = 1
    sums[i] = a.read() + b.read();
  }
}
void top(const int* a, const int* b, int* sums) {
#pragma HLS INTERFACE mode = m_axi port = a bundle = a
#pragma HLS INTERFACE mode = m_axi port = b bundle = b
#pragma HLS INTERFACE mode = m_axi port = sums bundle = sums
#pragma HLS DATAFLOW
  hls::stream<int, 16> from_a;
  hls::stream<int, 16> from_b;
  read_a(a, from_a);
  read_b(b, from_b);
  add(from_a, from_b, sums);
}
)";

schedule::ScheduledDesign Schedule(const std::string& text) {
  const fs::path file = fs::path(testing::TempDir()) / ("simulator_" + std::to_string(getpid()) + ".cpp");
  std::ofstream(file) << text;
  const auto costs = schedule::ReadDeviceCosts(ST_SCHEDULE_COSTS);
  EXPECT_TRUE(costs.ok()) << costs.status();
  schedule::EstimateOptions options;
  options.clock_ns = 4;
  auto design = schedule::ScheduleDesign(file.string(), *costs, options);
  EXPECT_TRUE(design.ok()) << design.status();
  fs::remove(file);
  return design.ok() ? *std::move(design) : schedule::ScheduledDesign();
}

SimulationCosts Card() {
  SimulationCosts costs;
  costs.memory = {.bytes_per_cycle = 50, .latency_cycles = 90};
  costs.banks = 4;
  return costs;
}

SimulationResult Simulated(const schedule::ScheduledDesign& design, const SimulationCosts& costs,
                           const SimulationInput& input = {}) {
  auto result = Simulate(design.code, costs, input);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : SimulationResult();
}

void ExpectConserved(const SimulationResult& result) {
  double causes = 0;
  for (const Cause& cause : result.causes) causes += cause.cycles;
  EXPECT_NEAR(causes, result.cycles, 1e-6 * result.cycles);
  for (size_t p = 0; p < result.processes.size(); ++p) {
    const ProcessActivity& process = result.processes[p];
    double cycles = process.busy + process.memory_waits + result.cycles - process.ended;
    for (const ChannelActivity& channel : result.channels) {
      if (channel.sink == static_cast<int32_t>(p)) cycles += channel.reader_waited;
      if (channel.source == static_cast<int32_t>(p)) cycles += channel.writer_waited;
    }
    EXPECT_NEAR(cycles, result.cycles, 1e-6 * result.cycles) << "process " << p;
    EXPECT_NEAR(std::accumulate(process.in_region.begin(), process.in_region.end(), 0.0), process.busy, 1e-6)
        << p;
  }
}

std::string TwoProcesses(int depth, int slow) {
  return absl::StrReplaceAll(kTwoProcesses,
                             {{"DEPTH", std::to_string(depth)}, {"SLOW", std::to_string(slow)}});
}

double CyclesOf(const SimulationResult& result, Cause::Kind kind) {
  double cycles = 0;
  for (const Cause& cause : result.causes) cycles += cause.kind == kind ? cause.cycles : 0;
  return cycles;
}

// One cycle to enter a loop. The producer's first write is in state 1, so at 2, and can be read at 4. The
// consumer reads in its state 1, once an interval; its writes are handed on in 2 again; the last process ends
// its pipeline and its loop.
TEST(Simulator, TwoProcessesTakeWhatTheirLoopsSay) {
  for (int slow : {1, 3, 7}) {
    const schedule::ScheduledDesign design = Schedule(TwoProcesses(2, slow));
    ASSERT_EQ(design.estimate.processes.size(), 3u);
    const SimulationResult result = Simulated(design, Card());
    const int64_t last = 4 + 99 * slow;  // when the consumer reads its last element
    const auto depth = [&](size_t process) { return design.estimate.processes[process].loops[0].depth; };
    ASSERT_EQ(depth(1), 2) << "reads and writes in state 1";
    // Its write is readable two later; the reader's iteration began a state before; a state and the exit
    // follow.
    EXPECT_EQ(result.cycles, last + 2 - 1 + (depth(2) - (depth(2) > 1 ? 1 : 0)) + 1) << "II = " << slow;
    ExpectConserved(result);
    EXPECT_EQ(result.channels[0].elements, 100);
    EXPECT_GE(CyclesOf(result, Cause::Kind::kInterval), 99 * slow);
    EXPECT_EQ(CyclesOf(result, Cause::Kind::kHandover), 2 * Card().handover_cycles) << "two FIFOs";
  }
}

TEST(Simulator, ASlowReaderFillsItsChannelAndHoldsTheWriter) {
  for (int depth : {2, 8, 64}) {
    const SimulationResult result = Simulated(Schedule(TwoProcesses(depth, 4)), Card());
    EXPECT_EQ(result.channels[0].most, depth);
    EXPECT_GT(result.channels[0].writer_waited, 0);
    EXPECT_LE(result.channels[0].mean, depth);
    EXPECT_GT(result.channels[0].mean, 0.4 * depth);
    ExpectConserved(result);
  }
  const SimulationResult fast = Simulated(Schedule(TwoProcesses(8, 1)), Card());
  EXPECT_EQ(fast.channels[0].writer_waited, 0);
  EXPECT_LE(fast.channels[0].most, 3) << "what is on its way";
}

TEST(Simulator, BordersOfDiesCostTheirCyclesOnce) {
  // Deep enough for what is on its way.
  const schedule::ScheduledDesign design = Schedule(absl::StrReplaceAll(
      TwoProcesses(16, 1), {{"hls::stream<int, 2> taken", "hls::stream<int, 16> taken"}}));
  SimulationInput input;
  const double together = Simulated(design, Card(), input).cycles;
  input.die_of = {0, 2, 1};
  const SimulationResult apart = Simulated(design, Card(), input);
  EXPECT_EQ(apart.cycles - together, 3 * Card().crossing_cycles) << "two borders, then one";
  EXPECT_EQ(CyclesOf(apart, Cause::Kind::kCrossing), 3 * Card().crossing_cycles);
}

TEST(Simulator, MemoryThatIsSlowerOrRefreshesOrIsSharedCostsCycles) {
  const schedule::ScheduledDesign design = Schedule(kTwoReaders);
  SimulationInput input;
  input.bank_of = {{"a", 0}, {"b", 1}, {"sums", 2}};
  const SimulationResult base = Simulated(design, Card(), input);
  ExpectConserved(base);
  EXPECT_EQ(base.memories[0].bytes_read, 4 * 4096);
  EXPECT_EQ(base.memories[2].bytes_written, 4 * 4096);

  // 4 bytes a cycle are asked for: at 2 a bank takes twice as long.
  SimulationCosts slow = Card();
  slow.memory.bytes_per_cycle = 2;
  const SimulationResult slower = Simulated(design, slow, input);
  EXPECT_NEAR(slower.cycles - base.cycles, 4096, 200);
  EXPECT_GT(CyclesOf(slower, Cause::Kind::kBandwidth), 3500);
  ExpectConserved(slower);

  SimulationCosts refreshing = slow;
  refreshing.memory.refresh_interval = 1000;
  refreshing.memory.refresh_cycles = 100;
  const SimulationResult refreshed = Simulated(design, refreshing, input);
  EXPECT_NEAR(refreshed.cycles / slower.cycles, 1 / 0.9, 0.02);
  EXPECT_GT(CyclesOf(refreshed, Cause::Kind::kRefresh), 500);
  ExpectConserved(refreshed);

  // Both masters on one bank.
  input.bank_of["b"] = 0;
  const SimulationResult shared = Simulated(design, slow, input);
  EXPECT_NEAR(shared.cycles - base.cycles, 3 * 4096, 400) << "a word of each passes in 4 cycles";
  EXPECT_GT(CyclesOf(shared, Cause::Kind::kShared), 3500);
  ExpectConserved(shared);

  SimulationCosts far = Card();
  far.memory.latency_cycles += 500;
  EXPECT_NEAR(Simulated(design, far, {.bank_of = {{"a", 0}, {"b", 1}, {"sums", 2}}}).cycles - base.cycles,
              500, 20);
}

TEST(Simulator, ALaunchIsTheSameEachTime) {
  const schedule::ScheduledDesign design = Schedule(kTwoReaders);
  SimulationInput input;
  input.timeline_cycles = 10;
  const SimulationResult one = Simulated(design, Card(), input), two = Simulated(design, Card(), input);
  EXPECT_EQ(one.cycles, two.cycles);
  ASSERT_EQ(one.causes.size(), two.causes.size());
  for (size_t i = 0; i < one.causes.size(); ++i) EXPECT_EQ(one.causes[i].cycles, two.causes[i].cycles);
  ASSERT_FALSE(one.timeline.empty());
  for (size_t i = 0; i < one.timeline.size(); ++i) {
    EXPECT_LT(one.timeline[i].begin, one.timeline[i].end);
    if (i > 0 && one.timeline[i].call == one.timeline[i - 1].call) {
      EXPECT_LE(one.timeline[i - 1].end, one.timeline[i].begin) << "spans of a process overlap";
    }
  }
}

TEST(Simulator, ADeadlockNamesWhoWaits) {
  // The consumer wants more than there is.
  const std::string text = absl::StrReplaceAll(
      TwoProcesses(2, 1), {{"i < 100; ++i) {\n#pragma HLS PIPELINE II = 1\n    in.read",
                            "i < 101; ++i) {\n#pragma HLS PIPELINE II = 1\n    in.read"}});
  const auto result = Simulate(Schedule(text).code, Card(), {});
  ASSERT_FALSE(result.ok());
  EXPECT_NE(std::string(result.status().message()).find("finish waits for empty FIFO 'taken'"),
            std::string::npos)
      << result.status();
}

// A count that comes through a FIFO from a memory that is known.
TEST(Simulator, CountsComeFromKnownMemory) {
  const schedule::ScheduledDesign design = Schedule(R"(
#include <hls_stream.h>
static void tell(const int* count, hls::stream<int>& out) { out.write(count[1]); }
static void repeat(hls::stream<int>& in, hls::stream<int>& out) {
  const int n = in.read();
  for (int i = 0; i < n; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(i);
  }
}
static void drain(hls::stream<int>& in, const int* count) {
  for (int i = 0; i < count[1]; ++i) {
#pragma HLS PIPELINE II = 1
    in.read();
  }
}
void top(const int* count, const int* again) {
#pragma HLS INTERFACE mode = m_axi port = count bundle = count
#pragma HLS INTERFACE mode = m_axi port = again bundle = again
#pragma HLS DATAFLOW
  hls::stream<int, 2> told;
  hls::stream<int, 2> words;
  tell(count, told);
  repeat(told, words);
  drain(words, again);
}
)");
  for (uint8_t count : {uint8_t{0}, uint8_t{5}, uint8_t{200}}) {
    SimulationInput input;
    input.known_memory = {{"count", {9, 0, 0, 0, count, 0, 0, 0}}, {"again", {9, 0, 0, 0, count, 0, 0, 0}}};
    const SimulationResult result = Simulated(design, Card(), input);
    EXPECT_EQ(result.channels[1].elements, count);
    EXPECT_TRUE(result.assumed.empty());
    ExpectConserved(result);
  }
}

}  // namespace
}  // namespace streamtensor::compiler
