// SPDX-License-Identifier: Apache-2.0
// Linear programs, by COIN-OR's Clp.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace streamtensor::sizing {

// Minimises a cost over variables within bounds, subject to rows that are at least something. Not
// thread-safe.
class LinearProgram {
 public:
  // Each from 0 upward, at no cost.
  explicit LinearProgram(size_t variables);

  void Bound(size_t variable, double least, double most);
  void AddCost(size_t variable, double cost) { cost_[variable] += cost; }
  // The sum of coefficient times variable, each at most once, is at least `least`.
  void AddRow(std::vector<std::pair<size_t, double>> terms, double least);
  size_t rows() const { return rows_.size(); }

  // The variables' values.
  //   INTERNAL  there is no optimum
  absl::StatusOr<std::vector<double>> Minimise() const;

 private:
  struct Row {
    std::vector<std::pair<size_t, double>> terms;
    double least;
  };
  std::vector<double> cost_, least_, most_;
  std::vector<Row> rows_;
};

}  // namespace streamtensor::sizing
