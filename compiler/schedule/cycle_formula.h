// SPDX-License-Identifier: Apache-2.0
// Cycles as a sum of products of trip counts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace streamtensor::schedule {

// A polynomial of named trip counts. Sums and products saturate at the ends of int64_t.
class CycleFormula {
 public:
  CycleFormula(int64_t constant = 0) { AddTerm({}, constant); }  // NOLINT: numbers are formulas
  static CycleFormula Symbol(const std::string& name);

  CycleFormula& operator+=(const CycleFormula& other);
  friend CycleFormula operator*(const CycleFormula& a, const CycleFormula& b);

  // Nothing if it has a symbol.
  std::optional<int64_t> Constant() const;
  // As "7 + 3 * N12 * N14".
  std::string Text() const;

 private:
  void AddTerm(const std::vector<std::string>& symbols, int64_t factor);
  std::map<std::vector<std::string>, int64_t> terms_;  // by sorted symbols; no factor is 0
};

}  // namespace streamtensor::schedule
