// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

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

// The same network with every loop written out and every element moved by itself: no round can be found in
// it.
Network WrittenOut(const Network& network) {
  Network plain{network.channels, {}};
  for (const Network::Process& process : network.processes) {
    Network::Process& to = plain.processes.emplace_back(Network::Process{process.name, {}});
    const std::function<void(size_t, size_t)> write_out = [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        const Network::Operation& operation = process.program[i];
        const bool is_loop = operation.kind == Kind::kLoop;
        const bool moves = operation.kind == Kind::kRead || operation.kind == Kind::kWrite;
        for (int64_t n = 0; n < (is_loop || moves ? operation.count : 1); ++n) {
          if (is_loop) {
            write_out(i + 1, operation.other);
          } else {
            to.program.push_back(operation);
            if (moves) to.program.back().count = 1;
          }
        }
        if (is_loop) i = operation.other;
      }
    };
    write_out(0, process.program.size());
  }
  return plain;
}

// A process that moves `elements` elements through each of `channels`, in loops and portions of any size.
void MoveThrough(ProgramBuilder& program, std::mt19937& random,
                 std::vector<std::pair<int32_t, Kind>> channels, int64_t elements) {
  std::shuffle(channels.begin(), channels.end(), random);
  std::vector<int64_t> divisors;
  for (int64_t d = 1; d <= elements; ++d) {
    if (elements % d == 0) divisors.push_back(d);
  }
  const int64_t rounds = divisors[random() % divisors.size()];
  program.Loop(rounds, [&] {
    if (rounds > 1 && rounds < elements && random() % 2 == 0)
      return MoveThrough(program, random, channels, elements / rounds);
    for (const auto& [channel, kind] : channels) {
      if (kind == Kind::kRead) program.Read(channel, elements / rounds);
      if (kind == Kind::kWrite) program.Write(channel, elements / rounds);
      if (kind != Kind::kOpen && kind != Kind::kTake) continue;
      program.Loop(elements / rounds, [&] {
        program.Add(kind, channel);
        program.Add(kind == Kind::kOpen ? Kind::kPublish : Kind::kRelease, channel);
      });
    }
  });
}

Network RandomNetwork(std::mt19937& random) {
  const int64_t elements = std::array{24, 60, 720}[random() % 3];
  const size_t processes = 2 + random() % 5;
  Network network;
  std::vector<std::vector<std::pair<int32_t, Kind>>> ends(processes);
  for (size_t channel = 0; channel < processes + random() % 4; ++channel) {
    size_t source = random() % processes, sink = random() % processes;
    if (source == sink) sink = (sink + 1) % processes;
    // Feedback is rare, or nothing ever moves.
    if (random() % 16 != 0 && source > sink) std::swap(source, sink);
    const bool slots = random() % 4 == 0;
    const auto index = static_cast<int32_t>(channel);
    network.channels.push_back({std::string("c").append(std::to_string(channel)),
                                1 + static_cast<int64_t>(random() % 40), static_cast<int32_t>(source),
                                static_cast<int32_t>(sink)});
    ends[source].emplace_back(index, slots ? Kind::kOpen : Kind::kWrite);
    ends[sink].emplace_back(index, slots ? Kind::kTake : Kind::kRead);
  }
  for (size_t p = 0; p < processes; ++p) {
    network.processes.push_back({std::string("p").append(std::to_string(p)), {}});
    ProgramBuilder program(network.processes[p]);
    // Now and then one that moves more or less than the others expect.
    MoveThrough(program, random, ends[p], random() % 40 == 0 ? elements / 2 : elements);
  }
  return network;
}

std::vector<int64_t> Depths(const Network& network) {
  std::vector<int64_t> depths;
  for (const Network::Channel& channel : network.channels) depths.push_back(channel.depth);
  return depths;
}

// Rounds that are made at once change nothing: networks with loops end as they do written out, in the same
// cycle, and grow to the same depths.
TEST(Network, LoopsEndAsTheyDoWrittenOut) {
  int completed = 0, cycles = 0, grown = 0;
  for (uint32_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    Network loops = RandomNetwork(random), plain = WrittenOut(loops);
    const NetworkRun run = RunNetwork(loops), expected = RunNetwork(plain);
    ASSERT_EQ(run.completed, expected.completed);
    ASSERT_EQ(run.left_in, expected.left_in);
    completed += run.completed;
    if (run.completed) continue;
    ASSERT_EQ(DescribeFailure(loops, run), DescribeFailure(plain, expected));
    cycles += !run.cycle.empty();
    const auto deepen = [](Network& network, const std::vector<Wait>& cycle) {
      for (const Wait& wait : cycle) {
        if (wait.full) return ++network.channels[wait.channel].depth < 2000;
      }
      return false;
    };
    ASSERT_EQ(RunNetwork(loops, deepen).completed, RunNetwork(plain, deepen).completed);
    ASSERT_EQ(Depths(loops), Depths(plain));
    grown += RunNetwork(loops).completed;
  }
  EXPECT_GT(completed, 300);
  EXPECT_GT(cycles, 300);
  EXPECT_GT(grown, 300);
}

// Time does not grow with the iterations of a loop: this would take days.
TEST(Network, AnyNumberOfIterationsIsRun) {
  constexpr int64_t kRows = int64_t{1} << 40, kWords = 1000;
  for (int64_t depth : {kWords - 2, kWords - 1}) {
    Network network = Reconvergent(kWords, depth);
    for (Network::Process& process : network.processes) {
      Network::Process rows{process.name, {}};
      ProgramBuilder(rows).Loop(kRows, [&] {
        const auto first = static_cast<int32_t>(rows.program.size());
        for (Network::Operation operation : process.program) {
          operation.other += first;
          rows.program.push_back(operation);
        }
      });
      process = rows;
    }
    EXPECT_EQ(RunNetwork(network).completed, depth == kWords - 1) << depth;
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
