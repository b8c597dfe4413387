// SPDX-License-Identifier: Apache-2.0
#include "compiler/sizing/graph_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_replace.h"

namespace streamtensor::sizing {
namespace {

constexpr char kScale[] = R"(
name: scale
source: an example
sizes: {rows: 4, columns: 8}
fifos:
  - {name: x, bits: 32, from: load, to: scale}
  - {name: y, bits: 16, from: scale, to: store}
processes:
  - {name: load, memory: true, program: [{loop: rows*columns, ii: 1, do: [{write: x}]}]}
  - {name: scale, latency: 5, interval: 2, program: [{loop: 4*8, ii: 2, do: [{read: x}, {write: y}]}]}
  - {name: store, memory: true, program: [{loop: rows*columns/2, ii: 1, do: [{loop: 2, do: [{read: y}]}]}, {loop: 7, ii: 3}]}
)";

TEST(GraphFile, IsReadAsWritten) {
  const auto problem = ParseGraph(kScale, "scale.yaml");
  ASSERT_TRUE(problem.ok()) << problem.status();
  EXPECT_EQ(problem->name, "scale");
  EXPECT_EQ(problem->fifos[1].bits, 16);
  EXPECT_EQ(problem->memory_processes, (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(UnboundedDepths(*problem), (Depths{32, 32}));
  EXPECT_EQ(problem->timing.pipelines[1].latency_cycles, 5);
  EXPECT_EQ(problem->timing.pipelines[1].in_flight, 3);
  EXPECT_EQ(problem->timing.pipelines[0].in_flight, 0);
  Judge judge(*problem);
  // Two cycles an element; the last leaves the pipeline 5 cycles after its start and the store does 22 cycles
  // more.
  const double handover = problem->timing.handover_cycles;
  EXPECT_EQ(judge.unbounded_cycles(), handover + 31 * 2 + 5 + handover + 1 + 7 * 3);
}

void ExpectError(const std::string& from, const std::string& to, const std::string& error) {
  const std::string text = absl::StrReplaceAll(kScale, {{from, to}});
  ASSERT_NE(text, kScale) << from;
  const auto problem = ParseGraph(text, "scale.yaml");
  ASSERT_FALSE(problem.ok()) << to;
  EXPECT_NE(problem.status().message().find(error), std::string::npos) << problem.status();
}

TEST(GraphFile, SaysWhatIsWrong) {
  ExpectError("from: load", "from: loads", "no process \"loads\"");
  ExpectError("{read: x}", "{read: z}", "no FIFO \"z\"");
  ExpectError("{read: x}", "{read: y}", "another process reads FIFO \"y\"");
  ExpectError("{write: x}", "{write: x, read: x}", "must be one of");
  ExpectError("{write: x}", "{writes: x}", "writes");
  ExpectError("name: y", "name: x", "a second FIFO \"x\"");
  ExpectError("name: store,", "name: load,", "a second process \"load\"");
  ExpectError("loop: 4*8", "loop: 4*7", "32 elements are written and 28 read");
  ExpectError("loop: 4*8", "loop: 4*height", "must be a product of sizes and numbers");
  ExpectError("loop: 4*8", "loop: 4*", "must be a product of sizes and numbers");
  ExpectError("loop: rows*columns/2", "loop: rows*columns/3", "without remainders");
  ExpectError("loop: rows*columns, ii", "loop: 99999*99999*99999*99999, ii",
              "must be a product of sizes and numbers");
  ExpectError("bits: 16", "bits: 0", "bits");
  ExpectError("latency: 5", "latency: .inf", "latency");
  ExpectError("sizes: {rows: 4, columns: 8}", "sizes: [4, 8]", "map");
  ExpectError("source: an example", "", "source");
  // Each waits for the other at any depth.
  ExpectError("  - {name: load, memory: true, program: [{loop: rows*columns, ii: 1, do: [{write: x}]}]}",
              "  - {name: load, program: [{read: z}, {loop: rows*columns, ii: 1, do: [{write: x}]}]}",
              "no FIFO \"z\"");
}

TEST(GraphFile, RejectsWhatDeadlocksAtAnyDepth) {
  const auto problem = ParseGraph(R"(
name: stuck
source: an example
fifos: [{name: x, bits: 1, from: a, to: b}, {name: y, bits: 1, from: b, to: a}]
processes: [{name: a, program: [{read: y}, {write: x}]}, {name: b, program: [{read: x}, {write: y}]}]
)",
                                  "stuck.yaml");
  ASSERT_FALSE(problem.ok());
  EXPECT_NE(problem.status().message().find("deadlocks at any depth: a -> waits for empty FIFO 'y'"),
            std::string::npos)
      << problem.status();
}

// A loop in each other, and so on.
TEST(GraphFile, BoundsItsNesting) {
  std::string program = "{write: x}";
  for (int i = 0; i < 100; ++i) program = "{loop: 1, do: [" + program + "]}";
  ExpectError("{loop: rows*columns, ii: 1, do: [{write: x}]}", program, "loops in each other");
}

TEST(GraphFile, AllGraphsOfTheFolderAreReadable) {
  int graphs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ST_GRAPHS_DIR)) {
    const auto problem = ReadGraph(entry.path());
    ASSERT_TRUE(problem.ok()) << problem.status();
    EXPECT_EQ(problem->name, entry.path().stem());
    ++graphs;
  }
  EXPECT_GE(graphs, 14);
}

}  // namespace
}  // namespace streamtensor::sizing
