// SPDX-License-Identifier: Apache-2.0
// What tests of sizing share: prices, and random networks.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "compiler/platform/platform_folders.h"
#include "compiler/sizing/fifo_prices.h"

namespace streamtensor::sizing {

inline FifoPrices PricesOf(Objective objective,
                           schedule::FifoStorage storage = schedule::FifoStorage::kAuto) {
  const auto costs = schedule::ReadDeviceCosts(ST_SCHEDULE_COSTS);
  const auto platform = compiler::FindPlatform("u55c");
  EXPECT_TRUE(costs.ok()) << costs.status();
  EXPECT_TRUE(platform.ok()) << platform.status();
  return FifoPrices(*costs, *platform, objective, storage);
}

// Adds a FIFO.
inline int32_t Connect(Problem& problem, int32_t from, int32_t to, int64_t bits = 32) {
  const auto channel = static_cast<int32_t>(problem.fifos.size());
  problem.network.channels.push_back({"f" + std::to_string(channel), 1, from, to});
  problem.fifos.push_back({.bits = bits});
  return channel;
}

// Processes that pass blocks of elements on, each at a pace of its own, with a FIFO back from the last to the
// first if `feedback`. It completes at some depths.
inline Problem RandomProblem(std::mt19937_64& random, int32_t processes, int64_t elements, bool feedback) {
  Problem problem;
  problem.name = "random";
  for (int32_t p = 0; p < processes; ++p) problem.network.processes.push_back({"p" + std::to_string(p), {}});
  std::vector<std::vector<int32_t>> in(processes), out(processes);
  auto connect = [&](int32_t from, int32_t to) {
    const int32_t channel = Connect(problem, from, to, 1 + static_cast<int64_t>(random() % 40));
    out[from].push_back(channel);
    in[to].push_back(channel);
  };
  for (int32_t to = 1; to < processes; ++to) {
    connect(static_cast<int32_t>(random() % to), to);
    if (to > 1 && random() % 2 == 0) connect(static_cast<int32_t>(random() % to), to);
  }
  if (feedback) connect(processes - 1, 0);
  for (int32_t p = 0; p < processes; ++p) {
    const int64_t block = p == 0 ? 4 : int64_t{1} << random() % 3;
    const auto read = static_cast<double>(random() % 3), write = static_cast<double>(random() % 3);
    const auto work = static_cast<double>(random() % 6);
    compiler::ProgramBuilder builder(problem.network.processes[p]);
    builder.Loop(elements / block, [&] {
      auto reads = [&] {
        for (const int32_t channel : in[p]) builder.Read(channel, block, read);
      };
      if (p > 0) reads();
      builder.Compute(work);
      for (const int32_t channel : out[p]) builder.Write(channel, block, write);
      if (p == 0) reads();  // what comes back
    });
  }
  return problem;
}

}  // namespace streamtensor::sizing
