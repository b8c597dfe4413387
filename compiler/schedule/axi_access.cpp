// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/axi_access.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "llvm/Analysis/PostDominators.h"

namespace streamtensor::schedule {
namespace {

using Group = std::vector<const Node*>;

// Whether an access runs in each iteration of the region.
bool IsConditional(const Node& node, const Region& region, const ProcessContext& context) {
  return region.inner() && region.inner()->contains(node.instruction) &&
         !context.post_dominators.dominates(node.instruction->getParent(), region.inner()->getHeader());
}

bool FollowEachOther(const Group& group) {
  for (size_t i = 1; i < group.size(); ++i) {
    if (!group[i]->address.SameShape(group[0]->address)) return false;
    if (group[i]->address.constant != group[i - 1]->address.constant + group[i - 1]->bytes) return false;
  }
  return true;
}

// Why the words of consecutive iterations aren't a burst; empty if they are.
std::string NoBurst(const Group& group, const Region& region, const ProcessContext& context, int64_t span) {
  const LinearForm& address = group[0]->address;
  if (region.nest.empty()) return "no loop";
  for (const Node* node : group) {
    if (IsConditional(*node, region, context)) return "conditional";
  }
  if (!FollowEachOther(group)) return "accesses of an iteration aren't neighbours";
  for (const auto& [symbol, factor] : address.symbols) {
    if (!context.scev.isLoopInvariant(symbol, region.outer())) return "the address depends on data";
  }
  int64_t expected = span;
  for (auto level = region.nest.rbegin(); level != region.nest.rend(); ++level) {
    const int64_t step = address.Step(level->loop);
    if (step != expected && level->trip != 1) return absl::StrCat("stride of ", step, " bytes");
    if (level->trip == 0) return level + 1 == region.nest.rend() ? "" : "inner bound varies";
    expected *= level->trip;
  }
  return "";
}

}  // namespace

std::vector<AxiAccess> AxiAccesses(const Region& region, const LoopGraph& graph,
                                   const ProcessContext& context) {
  std::map<std::pair<const llvm::Value*, bool>, Group> groups;
  for (const Node& node : graph.nodes) {
    if (node.axi) groups[{node.object, node.kind == NodeKind::kStore}].push_back(&node);
  }
  const int64_t bus_bytes = context.costs.tool.axi_bits / 8;
  std::vector<AxiAccess> accesses;
  for (auto& [key, group] : groups) {
    std::sort(group.begin(), group.end(),
              [](const Node* a, const Node* b) { return a->address.constant < b->address.constant; });
    int64_t span = 0;
    for (const Node* node : group) span += node->bytes;
    AxiAccess access;
    access.port = ObjectName(key.first);
    access.write = key.second;
    access.accesses = static_cast<int64_t>(group.size());
    access.bytes = group[0]->bytes;
    access.reason = NoBurst(group, region, context, span);
    access.burst = access.reason.empty();
    const bool whole_words = access.burst || (FollowEachOther(group) && region.inner() &&
                                              group[0]->address.Step(region.inner()) % bus_bytes == 0 &&
                                              access.reason != "conditional");
    access.words = whole_words ? (span + bus_bytes - 1) / bus_bytes : access.accesses;
    accesses.push_back(std::move(access));
  }
  return accesses;
}

Bound AxiBound(const std::vector<AxiAccess>& accesses) {
  Bound bound;
  for (const AxiAccess& access : accesses) {
    if (access.words <= bound.ii) continue;
    bound = {access.words, Limit::kAxiPort,
             absl::StrCat("AXI port ", access.port, ": ", access.words, access.write ? " writes" : " reads",
                          " an iteration", access.burst ? "" : absl::StrCat(" (", access.reason, ")"))};
  }
  return bound;
}

}  // namespace streamtensor::schedule
