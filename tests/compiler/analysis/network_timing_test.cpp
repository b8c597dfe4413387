// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/network_timing.h"

#include <gtest/gtest.h>

namespace streamtensor::compiler {
namespace {

// A writer and a reader of one channel, each with an interval of its own.
Network Pair(int64_t elements, int64_t depth, double write_cycles, double read_cycles) {
  Network network;
  network.channels = {{"x", depth, 0, 1}};
  network.processes = {{"writer", {}}, {"reader", {}}};
  ProgramBuilder(network.processes[0]).Write(0, elements, write_cycles);
  ProgramBuilder(network.processes[1]).Read(0, elements, read_cycles);
  return network;
}

TEST(NetworkTiming, ReaderFollowsOneHandoverBehind) {
  TimingOptions options;
  options.handover_cycles = 2;
  // Written at 1, 2, ... 10; read from 3 on.
  const NetworkTiming timing = TimeNetwork(Pair(10, 100, 1, 1), options);
  EXPECT_TRUE(timing.completed);
  EXPECT_EQ(timing.cycles, 13);
  EXPECT_EQ(timing.moved, 10);
  EXPECT_EQ(timing.channels[0].writer_waited, 0);
}

TEST(NetworkTiming, AFullChannelHoldsItsWriter) {
  // The reader takes 4 cycles an element, so a writer with one slot is as slow, plus the handover.
  const NetworkTiming timing = TimeNetwork(Pair(10, 1, 1, 4), {});
  EXPECT_EQ(timing.cycles, 10 * (1 + 2 + 4));
  EXPECT_EQ(timing.channels[0].writer_waited, 9 * (2 + 4));
}

TEST(NetworkTiming, RecordsWhenElementsPass) {
  TimingOptions options;
  options.record = true;
  const NetworkTiming timing = TimeNetwork(Pair(3, 1, 1, 4), options);
  EXPECT_EQ(timing.curves[0].claimed, (std::vector<double>{0, 7, 14}));
  EXPECT_EQ(timing.curves[0].readable, (std::vector<double>{3, 10, 17}));
  EXPECT_EQ(timing.curves[0].taken, (std::vector<double>{3, 10, 17}));
  EXPECT_EQ(timing.curves[0].freed, (std::vector<double>{7, 14, 21}));
}

TEST(NetworkTiming, APipelineHoldsWhatTheFifoCannot) {
  TimingOptions options;
  options.pipelines = {{.latency_cycles = 20, .in_flight = 20}};
  // One slot is enough for an element a cycle if elements in flight need none.
  Network network = Pair(100, 3, 1, 1);
  EXPECT_EQ(TimeNetwork(network, options).cycles, 99 + 20 + 2 + 1);
  EXPECT_EQ(TimeNetwork(network, options).channels[0].writer_waited, 0);
  // With room for two in flight, an element leaves every tenth cycle.
  options.pipelines[0].in_flight = 2;
  EXPECT_GT(TimeNetwork(network, options).cycles, 100 * 20 / 2);
}

TEST(NetworkTiming, APipelineThatIsFullHoldsItsWriter) {
  TimingOptions options;
  options.pipelines = {{.latency_cycles = 5, .in_flight = 5}};
  const NetworkTiming timing = TimeNetwork(Pair(100, 2, 1, 3), options);
  EXPECT_TRUE(timing.completed);
  EXPECT_EQ(timing.cycles, 5 + 2 + 300);
  EXPECT_GT(timing.channels[0].writer_waited, 150);
}

TEST(NetworkTiming, PausesStopTheirProcessAlone) {
  TimingOptions options;
  options.pauses = {{.first_cycle = 4, .interval_cycles = 10, .length_cycles = 3}};
  // Work at 0..4, 7..14, 17..24, ...: of every 10 cycles 7.
  const NetworkTiming timing = TimeNetwork(Pair(70, 100, 1, 0), options);
  EXPECT_EQ(timing.processes[0].ended, 100);
  EXPECT_EQ(timing.processes[0].computed, 70);
  // What ends when a pause begins isn't late.
  EXPECT_EQ(TimeNetwork(Pair(4, 100, 1, 0), options).processes[0].ended, 4);
  // A long operation is interrupted as often as it takes.
  EXPECT_EQ(TimeNetwork(Pair(1, 1, 70, 0), options).processes[0].ended, 100);
}

TEST(NetworkTiming, JitterIsTheSameAtEveryDepth) {
  TimingOptions options;
  options.jitter = {{.seed = 7, .chance = 0.3, .cycles = 5}};
  const NetworkTiming deep = TimeNetwork(Pair(1000, 1000, 1, 1), options);
  const NetworkTiming shallow = TimeNetwork(Pair(1000, 1, 1, 1), options);
  EXPECT_EQ(deep.processes[0].computed, shallow.processes[0].computed);
  EXPECT_NEAR(deep.processes[0].computed, 1000 + 1000 * 0.3 * 2.5, 100);
  EXPECT_GT(shallow.cycles, deep.cycles);
  options.jitter[0].seed = 8;
  EXPECT_NE(TimeNetwork(Pair(1000, 1000, 1, 1), options).cycles, deep.cycles);
}

TEST(NetworkTiming, SaysWhatDoesNotComplete) {
  Network network = Pair(4, 8, 1, 1);
  ProgramBuilder(network.processes[1]).Read(0);  // the fifth of four
  EXPECT_FALSE(TimeNetwork(network, {}).completed);
  TimingOptions options;
  options.most_cycles = 50;
  EXPECT_FALSE(TimeNetwork(Pair(60, 8, 1, 1), options).completed);
  options.most_cycles = 63;
  EXPECT_TRUE(TimeNetwork(Pair(60, 8, 1, 1), options).completed);
}

}  // namespace
}  // namespace streamtensor::compiler
