// SPDX-License-Identifier: Apache-2.0
// Where the nodes and edges of a graph are drawn, by Graphviz' `dot`.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace streamtensor::compiler {

// Lengths are points, x to the right and y down from the drawing's upper left corner.
struct LayoutNode {
  double width = 0, height = 0;
};

struct LayoutEdge {
  size_t from = 0, to = 0;  // nodes
  bool leads_on = true;     // `to` stands right of `from`; else this edge has no say
};

struct GraphLayout {
  using Point = std::pair<double, double>;
  double width = 0, height = 0;
  std::vector<Point> nodes;  // their centres
  // Of each edge the control points of joined cubic Bezier curves, from its start to the tip of its arrow:
  // 3n + 1 of them, and the tip.
  std::vector<std::vector<Point>> edges;
};

// Layers from left to right. Runs `dot`, for at most two minutes; equal graphs have equal layouts of one
// version of it. Graphs with more than 2000 edges get straight ones.
//  NOT_FOUND  `dot` isn't there; says what to install
//  INTERNAL   it fails, or what it prints is no layout of this graph
absl::StatusOr<GraphLayout> LayoutGraph(const std::vector<LayoutNode>& nodes,
                                        const std::vector<LayoutEdge>& edges);

}  // namespace streamtensor::compiler
