// SPDX-License-Identifier: Apache-2.0
#include "compiler/report/graph_layout.h"

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "base/child_process.h"
#include "base/run_child.h"
#include "base/status_macros.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace streamtensor::compiler {
namespace {

constexpr absl::Duration kMaxTime = absl::Minutes(2);
constexpr size_t kMaxCurvedEdges = 2000;
constexpr double kPointsPerInch = 72;

std::string DotText(const std::vector<LayoutNode>& nodes, const std::vector<LayoutEdge>& edges) {
  std::string text = absl::StrFormat(
      "digraph {\n  rankdir=LR; nodesep=0.24; ranksep=0.33; splines=%s;\n"
      "  node [shape=box, fixedsize=true, label=\"\"]; edge [label=\"\", arrowsize=0.6];\n",
      edges.size() > kMaxCurvedEdges ? "line" : "spline");
  for (size_t i = 0; i < nodes.size(); ++i) {
    absl::StrAppendFormat(&text, "  n%d [width=%.4f, height=%.4f, comment=\"%d\"];\n", i,
                          nodes[i].width / kPointsPerInch, nodes[i].height / kPointsPerInch, i);
  }
  for (size_t i = 0; i < edges.size(); ++i) {
    absl::StrAppendFormat(&text, "  n%d -> n%d [comment=\"%d\", constraint=%s];\n", edges[i].from,
                          edges[i].to, i, edges[i].leads_on ? "true" : "false");
  }
  return text + "}\n";
}

// "x,y" turned over.
std::optional<GraphLayout::Point> PointOf(const std::string& text, double height) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  double x = 0, y = 0;
  if (parts.size() != 2 || !absl::SimpleAtod(parts[0], &x) || !absl::SimpleAtod(parts[1], &y)) {
    return std::nullopt;
  }
  return GraphLayout::Point(x, height - y);
}

// "e,x,y x,y x,y ...": the tip, then the control points.
std::optional<std::vector<GraphLayout::Point>> PathOf(const std::string& text, double height) {
  std::vector<GraphLayout::Point> path;
  std::optional<GraphLayout::Point> tip;
  const std::vector<std::string> parts = absl::StrSplit(text, ' ', absl::SkipEmpty());
  for (const std::string& part : parts) {
    const bool is_tip = part.rfind("e,", 0) == 0;
    const std::optional<GraphLayout::Point> point = PointOf(is_tip ? part.substr(2) : part, height);
    if (!point) return std::nullopt;
    if (is_tip) {
      tip = point;
    } else {
      path.push_back(*point);
    }
  }
  if (path.size() % 3 != 1 || !tip) return std::nullopt;
  path.push_back(*tip);
  return path;
}

// Which node or edge of ours an object of dot's is.
std::optional<size_t> IndexOf(const llvm::json::Object& object, size_t count) {
  size_t index = 0;
  const auto comment = object.getString("comment");
  if (!comment || !absl::SimpleAtoi(comment->str(), &index)) return std::nullopt;
  return index < count ? std::optional(index) : std::nullopt;
}

absl::Status Unexpected(const std::string& what) {
  return absl::InternalError(absl::StrCat("dot prints no layout that is understood: ", what));
}

absl::StatusOr<GraphLayout> Parse(const std::string& json, size_t nodes, size_t edges) {
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(json);
  if (!value) return Unexpected(llvm::toString(value.takeError()));
  const llvm::json::Object* graph = value->getAsObject();
  const auto box = graph != nullptr ? graph->getString("bb") : std::nullopt;
  if (!box) return Unexpected("no bounding box");
  const std::vector<std::string> corners = absl::StrSplit(box->str(), ',');
  GraphLayout layout;
  if (corners.size() != 4 || !absl::SimpleAtod(corners[2], &layout.width) ||
      !absl::SimpleAtod(corners[3], &layout.height)) {
    return Unexpected(box->str());
  }
  layout.nodes.resize(nodes);
  layout.edges.resize(edges);
  size_t found = 0;
  for (const char* list : {"objects", "edges"}) {
    const llvm::json::Array* entries = graph->getArray(list);
    if (entries == nullptr) continue;
    const bool is_edge = std::string_view(list) == "edges";
    for (const llvm::json::Value& entry : *entries) {
      const llvm::json::Object* object = entry.getAsObject();
      const auto index = object != nullptr ? IndexOf(*object, is_edge ? edges : nodes) : std::nullopt;
      const auto position = object != nullptr ? object->getString("pos") : std::nullopt;
      if (!index || !position) return Unexpected(list);
      const std::string text = position->str();
      if (is_edge) {
        auto path = PathOf(text, layout.height);
        if (!path) return Unexpected(text);
        layout.edges[*index] = *std::move(path);
      } else {
        const auto point = PointOf(text, layout.height);
        if (!point) return Unexpected(text);
        layout.nodes[*index] = *point;
      }
      ++found;
    }
  }
  if (found != nodes + edges) return Unexpected(absl::StrCat(found, " of ", nodes + edges, " entries"));
  return layout;
}

}  // namespace

absl::StatusOr<GraphLayout> LayoutGraph(const std::vector<LayoutNode>& nodes,
                                        const std::vector<LayoutEdge>& edges) {
  if (nodes.empty()) return GraphLayout();
  const std::string dot = base::FindProgram("dot");
  if (dot.empty()) {
    return absl::NotFoundError(
        "dot isn't in PATH: it lays out the dataflow graph; install the Debian package graphviz");
  }
  llvm::SmallString<128> path;
  int descriptor = -1;
  if (llvm::sys::fs::createTemporaryFile("streamtensor", "dot", descriptor, path)) {
    return absl::InternalError("no temporary file can be made");
  }
  const llvm::FileRemover remover(path);
  {
    llvm::raw_fd_ostream file(descriptor, /*shouldClose=*/true);
    file << DotText(nodes, edges);
    file.close();
    if (file.has_error()) {
      file.clear_error();
      return absl::InternalError(absl::StrCat(path.str().str(), ": can't be written"));
    }
  }
  base::ChildOptions options;
  options.arguments = {dot, "-Tjson0", path.str().str()};
  options.own_group = true;
  std::string json;
  base::ChildRun run;
  run.max_time = kMaxTime;
  run.on_line = [&](std::string_view line) { json.append(line).push_back('\n'); };
  RETURN_IF_ERROR(base::RunChild(options, run));
  return Parse(json, nodes.size(), edges.size());
}

}  // namespace streamtensor::compiler
