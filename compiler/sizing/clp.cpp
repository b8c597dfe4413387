// SPDX-License-Identifier: Apache-2.0
#include "compiler/sizing/clp.h"

#include <ClpSimplex.hpp>
#include <CoinError.hpp>
#include <CoinPackedMatrix.hpp>
#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"

namespace streamtensor::sizing {

LinearProgram::LinearProgram(size_t variables)
    : cost_(variables, 0), least_(variables, 0), most_(variables, COIN_DBL_MAX) {}

void LinearProgram::Bound(size_t variable, double least, double most) {
  least_[variable] = least;
  most_[variable] = most;
}

void LinearProgram::AddRow(std::vector<std::pair<size_t, double>> terms, double least) {
  rows_.push_back({std::move(terms), least});
}

absl::StatusOr<std::vector<double>> LinearProgram::Minimise() const {
  // Clp stops at absolute tolerances; prices of single bits lie below them.
  double most_cost = 0;
  for (const double cost : cost_) most_cost = std::max(most_cost, std::abs(cost));
  std::vector<double> cost = cost_;
  if (most_cost > 0) {
    for (double& of : cost) of *= 1000 / most_cost;
  }
  std::vector<int> row_index, column_index;
  std::vector<double> element, row_least, row_most(rows_.size(), COIN_DBL_MAX);
  for (size_t row = 0; row < rows_.size(); ++row) {
    row_least.push_back(rows_[row].least);
    for (const auto& [variable, coefficient] : rows_[row].terms) {
      row_index.push_back(static_cast<int>(row));
      column_index.push_back(static_cast<int>(variable));
      element.push_back(coefficient);
    }
  }
  try {
    CoinPackedMatrix matrix(false, row_index.data(), column_index.data(), element.data(),
                            static_cast<CoinBigIndex>(element.size()));
    matrix.setDimensions(static_cast<int>(rows_.size()), static_cast<int>(cost.size()));
    ClpSimplex simplex;
    simplex.setLogLevel(0);
    simplex.loadProblem(matrix, least_.data(), most_.data(), cost.data(), row_least.data(), row_most.data());
    simplex.dual();
    if (simplex.status() != 0) {
      return absl::InternalError(absl::StrCat("Clp ended with status ", simplex.status(), " on ",
                                              rows_.size(), " rows and ", cost.size(), " variables"));
    }
    const double* solution = simplex.primalColumnSolution();
    return std::vector<double>(solution, solution + cost.size());
  } catch (const CoinError& error) {
    return absl::InternalError(absl::StrCat("Clp: ", error.message()));
  }
}

}  // namespace streamtensor::sizing
