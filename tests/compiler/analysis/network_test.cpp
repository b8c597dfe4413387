// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/network.h"

#include <gtest/gtest.h>

namespace streamtensor::compiler {
namespace {

using Kind = Network::Operation::Kind;

// fork copies n elements to `store` (kept whole before it answers) and to `skip`; add takes an answer, then a
// skipped element, n times. So `skip` must hold n - 1 elements beside the one that add asks for next.
Network Reconvergent(int64_t n, int64_t skip_depth) {
  Network network;
  network.channels = {{"to_store", 1, 0, 1}, {"skip", skip_depth, 0, 2}, {"answer", 1, 1, 2}};
  network.processes = {{"fork", {}}, {"store", {}}, {"add", {}}};
  ProgramBuilder fork(network.processes[0]), store(network.processes[1]), add(network.processes[2]);
  fork.Loop(n, [&] {
    fork.Write(0);
    fork.Write(1);
  });
  store.Read(0, n);
  store.Write(2, n);
  add.Loop(n, [&] {
    add.Read(2);
    add.Read(1);
  });
  return network;
}

TEST(Network, TheBoundCompletesAndOneLessNamesTheCycle) {
  for (int64_t n = 2; n <= 16; ++n) {
    Network enough = Reconvergent(n, n - 1);
    EXPECT_TRUE(RunNetwork(enough).completed) << n;
    if (n == 2) continue;
    Network less = Reconvergent(n, n - 2);
    const NetworkRun run = RunNetwork(less);
    EXPECT_FALSE(run.completed) << n;
    EXPECT_EQ(
        DescribeFailure(less, run),
        "fork -> waits for full FIFO 'skip' (depth " + std::to_string(n - 2) +
            ") -> add -> waits for empty FIFO 'answer' (depth 1) -> store -> waits for empty FIFO 'to_store' "
            "(depth 1) -> fork");
  }
}

// A carry and a layer that reads a row of four words before it writes one back.
Network Carried(int64_t layers, int64_t back_depth) {
  constexpr int64_t kWords = 4;
  Network network;
  network.channels = {{"initial", 1, 0, 1}, {"body", 1, 1, 2}, {"back", back_depth, 2, 1}, {"last", 1, 1, 3}};
  network.processes = {{"load", {}}, {"carry", {}}, {"layer", {}}, {"store", {}}};
  ProgramBuilder load(network.processes[0]), carry(network.processes[1]), layer(network.processes[2]),
      store(network.processes[3]);
  const auto copy = [&](int32_t from, int32_t to) {
    carry.Loop(kWords, [&] {
      carry.Read(from);
      carry.Write(to);
    });
  };
  load.Write(0, kWords);
  copy(0, 1);
  carry.Loop(layers - 1, [&] { copy(2, 1); });
  copy(2, 3);
  layer.Loop(layers, [&] {
    layer.Read(1, kWords);
    layer.Write(2, kWords);
  });
  store.Read(3, kWords);
  return network;
}

// docs/proofs/fifo-depths.md: one layer alone does not show it.
TEST(Network, ACycleCanSpanTwoLayers) {
  Network one = Carried(1, 1);
  EXPECT_TRUE(RunNetwork(one).completed);
  for (int64_t layers = 2; layers <= 8; ++layers) {
    Network stops = Carried(layers, 1);
    EXPECT_EQ(
        DescribeFailure(stops, RunNetwork(stops)),
        "carry -> waits for full FIFO 'body' (depth 1) -> layer -> waits for full FIFO 'back' (depth 1) "
        "-> carry")
        << layers;
    Network completes = Carried(layers, 2);
    EXPECT_TRUE(RunNetwork(completes).completed) << layers;
  }
}

TEST(Network, GrowsInPlaceToTheSameDepth) {
  Network network = Reconvergent(16, 1);
  const NetworkRun run = RunNetwork(network, [](Network& grown, const std::vector<Wait>& cycle) {
    for (const Wait& wait : cycle) {
      if (wait.full) ++grown.channels[wait.channel].depth;
    }
    return true;
  });
  EXPECT_TRUE(run.completed);
  EXPECT_EQ(network.channels[1].depth, 15);
}

// A slot counts as taken from the moment that the writer opens it until the reader releases it.
TEST(Network, AFrameIsHeldWhileItIsReadAndFilled) {
  for (int64_t slots : {1, 2}) {
    Network network;
    network.channels = {{"frames", slots, 0, 1}, {"results", 1, 1, 0}};
    network.processes = {{"fill", {}}, {"engine", {}}};
    ProgramBuilder fill(network.processes[0]), engine(network.processes[1]);
    fill.Add(Kind::kOpen, 0);
    fill.Add(Kind::kPublish, 0);
    fill.Add(Kind::kOpen, 0);  // the next frame, before any result of the first is read
    fill.Add(Kind::kPublish, 0);
    fill.Read(1, 4);
    engine.Loop(2, [&] {
      engine.Add(Kind::kTake, 0);
      engine.Write(1, 2);
      engine.Add(Kind::kRelease, 0);
    });
    const NetworkRun run = RunNetwork(network);
    EXPECT_EQ(run.completed, slots == 2);
    if (slots == 1) {
      EXPECT_EQ(DescribeFailure(network, run),
                "fill -> waits for full FIFO 'frames' (depth 1) -> engine -> waits for full FIFO 'results' "
                "(depth 1) -> "
                "fill");
    }
  }
}

TEST(Network, WaitingForAnEndedProcessIsNoCycle) {
  Network network;
  network.channels = {{"x", 1, 0, 1}};
  network.processes = {{"source", {}}, {"sink", {}}};
  ProgramBuilder(network.processes[0]).Write(0);
  ProgramBuilder(network.processes[1]).Read(0, 2);
  const NetworkRun run = RunNetwork(network);
  EXPECT_FALSE(run.completed);
  EXPECT_TRUE(run.cycle.empty());
}

TEST(Network, EmptyLoopsAreSkipped) {
  Network network = Reconvergent(0, 1);
  EXPECT_TRUE(RunNetwork(network).completed);
}

TEST(Network, WhatIsLeftInAChannelIsAFailure) {
  Network network;
  network.channels = {{"x", 2, 0, 1}};
  network.processes = {{"source", {}}, {"sink", {}}};
  ProgramBuilder(network.processes[0]).Write(0, 3);
  ProgramBuilder(network.processes[1]).Read(0, 2);
  const NetworkRun run = RunNetwork(network);
  EXPECT_FALSE(run.completed);
  EXPECT_EQ(DescribeFailure(network, run), "FIFO 'x' holds elements at the end");
}

}  // namespace
}  // namespace streamtensor::compiler
