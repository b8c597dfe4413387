// SPDX-License-Identifier: Apache-2.0
#include "compiler/simulation/history.h"

#include <utility>

namespace streamtensor::compiler {

Histories::Id Histories::New() {
  if (!unused_.empty()) {
    const Id id = unused_.back();
    unused_.pop_back();
    nodes_[static_cast<size_t>(id)] = Node();
    return id;
  }
  nodes_.emplace_back();
  return static_cast<Id>(nodes_.size()) - 1;
}

void Histories::Drop(Id id) {
  while (id != kNone) {
    Node& node = nodes_[static_cast<size_t>(id)];
    if (--node.holders > 0) return;
    if (node.sum >= 0) {
      sums_[static_cast<size_t>(node.sum)].clear();
      unused_sums_.push_back(node.sum);
    }
    unused_.push_back(id);
    id = node.before;
  }
}

Histories::Id Histories::Extend(Id id, int32_t cause, double cycles) {
  if (cycles == 0) return id;
  if (id != kNone) {
    Node& last = nodes_[static_cast<size_t>(id)];
    if (last.holders == 1 && last.sum < 0 && last.cause == cause) {
      last.cycles += cycles;
      return id;
    }
    if (last.length >= kMaxLength) {
      std::map<int32_t, double> sums = Sums(id);
      Drop(id);
      int32_t place = static_cast<int32_t>(sums_.size());
      if (unused_sums_.empty()) {
        sums_.emplace_back();
      } else {
        place = unused_sums_.back();
        unused_sums_.pop_back();
      }
      sums_[static_cast<size_t>(place)] = std::move(sums);
      id = New();
      nodes_[static_cast<size_t>(id)].sum = place;
      nodes_[static_cast<size_t>(id)].holders = 1;
    }
  }
  const Id next = New();
  Node& node = nodes_[static_cast<size_t>(next)];
  node.before = id;
  node.holders = 1;
  node.cause = cause;
  node.cycles = cycles;
  node.length = id == kNone ? 1 : nodes_[static_cast<size_t>(id)].length + 1;
  return next;
}

std::map<int32_t, double> Histories::Sums(Id id) const {
  std::map<int32_t, double> sums;
  for (; id != kNone; id = nodes_[static_cast<size_t>(id)].before) {
    const Node& node = nodes_[static_cast<size_t>(id)];
    if (node.sum >= 0) {
      for (const auto& [cause, cycles] : sums_[static_cast<size_t>(node.sum)]) sums[cause] += cycles;
    } else {
      sums[node.cause] += node.cycles;
    }
  }
  return sums;
}

}  // namespace streamtensor::compiler
