// SPDX-License-Identifier: Apache-2.0
#include "compiler/simulation/chosen_constants.h"

#include <vector>

namespace streamtensor::compiler {

std::optional<std::set<uint64_t>> ChosenFrom(const schedule::ProcessCode& code,
                                             const std::map<int32_t, uint64_t>& fixed, int32_t chosen) {
  std::set<uint64_t> constants;
  std::set<int32_t> seen = {chosen};
  std::vector<int32_t> open = {chosen};
  const auto follow = [&](int32_t source) {
    if (seen.insert(source).second) open.push_back(source);
  };
  while (!open.empty()) {
    const int32_t at = open.back();
    open.pop_back();
    if (const auto found = fixed.find(at); found != fixed.end()) {
      constants.insert(found->second);
      continue;
    }
    bool is_made = false;
    for (const schedule::ControlStep& step : code.steps) {
      if (step.dest != at) continue;
      if (step.op != schedule::ControlOp::kSelect && step.op != schedule::ControlOp::kCopy)
        return std::nullopt;
      is_made = true;
      follow(step.op == schedule::ControlOp::kSelect ? step.b : step.a);
      if (step.op == schedule::ControlOp::kSelect) follow(step.c);
    }
    for (const schedule::ControlEdge& edge : code.edges) {
      for (const auto& [to, from] : edge.copies) {
        if (to != at) continue;
        is_made = true;
        follow(from);
      }
    }
    if (!is_made) return std::nullopt;
  }
  return constants;
}

}  // namespace streamtensor::compiler
