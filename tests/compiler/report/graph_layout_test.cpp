// SPDX-License-Identifier: Apache-2.0
#include "compiler/report/graph_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>

#include "base/child_process.h"

namespace streamtensor::compiler {
namespace {

using ::testing::HasSubstr;

class GraphLayoutTest : public testing::Test {
 protected:
  void SetUp() override {
    if (base::FindProgram("dot").empty()) GTEST_SKIP() << "the Debian package graphviz isn't installed";
  }
};

// Whether a point is within `margin` of a node's box.
bool IsAt(const GraphLayout& layout, const std::vector<LayoutNode>& nodes, size_t node,
          const GraphLayout::Point& point, double margin) {
  return std::abs(point.first - layout.nodes[node].first) <= nodes[node].width / 2 + margin &&
         std::abs(point.second - layout.nodes[node].second) <= nodes[node].height / 2 + margin;
}

TEST_F(GraphLayoutTest, EdgesRunFromBoxToBox) {
  const std::vector<LayoutNode> nodes = {{100, 40}, {120, 40}, {80, 40}, {100, 60}};
  // Two of the same ends, one that closes a loop, one from a node to itself.
  const std::vector<LayoutEdge> edges = {{0, 1}, {0, 1}, {1, 2}, {2, 0, false}, {3, 3}};
  const auto layout = LayoutGraph(nodes, edges);
  ASSERT_TRUE(layout.ok()) << layout.status();
  ASSERT_EQ(layout->nodes.size(), nodes.size());
  ASSERT_EQ(layout->edges.size(), edges.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    EXPECT_GE(layout->nodes[i].first, nodes[i].width / 2) << i;
    EXPECT_LE(layout->nodes[i].first, layout->width - nodes[i].width / 2 + 1) << i;
    EXPECT_GE(layout->nodes[i].second, nodes[i].height / 2 - 1) << i;
    EXPECT_LE(layout->nodes[i].second, layout->height - nodes[i].height / 2 + 1) << i;
  }
  EXPECT_LT(layout->nodes[0].first, layout->nodes[1].first) << "from left to right";
  EXPECT_LT(layout->nodes[1].first, layout->nodes[2].first);
  for (size_t i = 0; i < edges.size(); ++i) {
    ASSERT_EQ(layout->edges[i].size() % 3, 2u) << i;
    EXPECT_TRUE(IsAt(*layout, nodes, edges[i].from, layout->edges[i].front(), 2)) << i;
    EXPECT_TRUE(IsAt(*layout, nodes, edges[i].to, layout->edges[i].back(), 2)) << i;
  }
  EXPECT_NE(layout->edges[0], layout->edges[1]) << "two FIFOs of the same ends are two lines";
}

TEST_F(GraphLayoutTest, IsTheSameEachTime) {
  std::vector<LayoutNode> nodes(40, {100, 40});
  std::vector<LayoutEdge> edges;
  for (size_t i = 0; i + 1 < nodes.size(); ++i) edges.push_back({i, (i * 7 + 3) % nodes.size(), i % 5 != 0});
  const auto one = LayoutGraph(nodes, edges);
  const auto other = LayoutGraph(nodes, edges);
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(one->nodes, other->nodes);
  EXPECT_EQ(one->edges, other->edges);
}

TEST(GraphLayoutWithoutDotTest, SaysWhatToInstall) {
  EXPECT_TRUE(LayoutGraph({}, {}).ok()) << "nothing needs no layout";
  const char* path = getenv("PATH");
  const std::string before = path != nullptr ? path : "";
  ASSERT_EQ(setenv("PATH", "/nowhere", 1), 0);
  const auto layout = LayoutGraph({{100, 40}}, {});
  setenv("PATH", before.c_str(), 1);
  ASSERT_EQ(layout.status().code(), absl::StatusCode::kNotFound) << layout.status();
  EXPECT_THAT(std::string(layout.status().message()), HasSubstr("install the Debian package graphviz"));
}

}  // namespace
}  // namespace streamtensor::compiler
