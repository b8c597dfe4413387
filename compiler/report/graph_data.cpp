// SPDX-License-Identifier: Apache-2.0
#include "compiler/report/graph_data.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "compiler/report/graph_layout.h"

namespace streamtensor::compiler {
namespace {

using llvm::json::Array;
using llvm::json::Object;

constexpr double kNodeHeight = 46;
constexpr double kLeastWidth = 100, kMostWidth = 260;
constexpr double kCharacterWidth = 7.2, kPadding = 24;

// A step's header is a word and one for each token; a FIFO that carries no more, and no wider ones, controls.
constexpr int64_t kHeaderBits = 256;

double BytesOf(const schedule::CodeChannel& channel, int64_t words, const ChannelActivity& activity) {
  return static_cast<double>(activity.elements) * static_cast<double>(channel.bits) / 8 *
         static_cast<double>(words);
}

// By instance: elements of a block, else 1.
std::vector<int64_t> WordsOfChannels(const SizedDesign& design) {
  std::vector<int64_t> words;
  for (const schedule::Channel& channel : design.estimate().channels) {
    words.insert(words.end(), static_cast<size_t>(channel.instances), channel.blocks ? channel.words : 1);
  }
  return words;
}

std::string SvgPath(const std::vector<GraphLayout::Point>& points) {
  std::string path;
  for (size_t i = 0; i + 1 < points.size(); ++i) {
    const char* command = i == 0 ? "M" : i == 1 ? "C" : " ";
    absl::StrAppendFormat(&path, "%s%.1f,%.1f", command, points[i].first, points[i].second);
  }
  if (!points.empty()) absl::StrAppendFormat(&path, "L%.1f,%.1f", points.back().first, points.back().second);
  return path;
}

}  // namespace

absl::StatusOr<Object> GraphData(const SizedDesign& design, const SimulationResult& simulation,
                                 int64_t tokens) {
  const std::vector<int64_t> words = WordsOfChannels(design);
  std::vector<double> bytes(simulation.channels.size());
  for (size_t c = 0; c < bytes.size(); ++c) {
    bytes[c] = BytesOf(design.code().channels[c], words[c], simulation.channels[c]);
  }
  const auto is_control = [&](size_t c) {
    return simulation.channels[c].elements <= 1 + tokens && design.code().channels[c].bits <= kHeaderBits;
  };

  std::vector<LayoutNode> nodes;
  for (size_t call = 0; call < design.code().calls.size(); ++call) {
    const auto length = static_cast<double>(design.ProcessName(static_cast<int32_t>(call)).size());
    nodes.push_back({std::clamp(length * kCharacterWidth + kPadding, kLeastWidth, kMostWidth), kNodeHeight});
  }
  std::vector<LayoutEdge> edges;
  std::vector<size_t> drawn;  // channels
  for (size_t c = 0; c < simulation.channels.size(); ++c) {
    const ChannelActivity& channel = simulation.channels[c];
    if (channel.source < 0 || channel.sink < 0 || is_control(c)) continue;
    // The text has its processes in an order that data takes, but for what closes a loop.
    edges.push_back({static_cast<size_t>(channel.source), static_cast<size_t>(channel.sink),
                     channel.source < channel.sink});
    drawn.push_back(c);
  }
  ASSIGN_OR_RETURN(const GraphLayout layout, LayoutGraph(nodes, edges));

  std::vector<std::string> paths(simulation.channels.size());
  for (size_t i = 0; i < drawn.size(); ++i) paths[drawn[i]] = SvgPath(layout.edges[i]);
  Array node_list, edge_list;
  const auto tenths = [](double length) { return std::round(10 * length) / 10; };
  for (size_t call = 0; call < nodes.size(); ++call) {
    node_list.push_back(Object{{"x", tenths(layout.nodes[call].first)},
                               {"y", tenths(layout.nodes[call].second)},
                               {"width", tenths(nodes[call].width)},
                               {"height", nodes[call].height}});
  }
  for (size_t c = 0; c < simulation.channels.size(); ++c) {
    Object edge{{"from", simulation.channels[c].source},
                {"to", simulation.channels[c].sink},
                {"bytes", bytes[c]},
                {"control", paths[c].empty()}};
    if (!paths[c].empty()) edge["path"] = std::move(paths[c]);
    edge_list.push_back(std::move(edge));
  }
  return Object{{"width", tenths(layout.width)},
                {"height", tenths(layout.height)},
                {"nodes", std::move(node_list)},
                {"edges", std::move(edge_list)}};
}

}  // namespace streamtensor::compiler
