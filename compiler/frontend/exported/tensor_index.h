// SPDX-License-Identifier: Apache-2.0
// An index into one dimension of a tensor, from the loops of the operation that reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Value.h"

namespace streamtensor::compiler {

// constant + sum of coefficient * loop, or a value that the operation's body computes.
struct TensorIndex {
  struct Term {
    int64_t coefficient;  // >= 1
    unsigned loop;
    bool operator==(const Term&) const = default;
  };
  int64_t constant = 0;
  llvm::SmallVector<Term, 2> terms;  // coefficients descending
  mlir::Value computed = {};

  static TensorIndex Constant(int64_t value) { return {.constant = value, .terms = {}}; }
  static TensorIndex Loop(unsigned loop) { return {.constant = 0, .terms = {{1, loop}}}; }
  static TensorIndex Computed(mlir::Value value) { return {.constant = 0, .terms = {}, .computed = value}; }

  bool operator==(const TensorIndex&) const = default;
  bool is_zero() const { return constant == 0 && terms.empty() && !computed; }
  bool is_constant() const { return terms.empty() && !computed; }
  // Exactly one loop.
  bool is_loop() const {
    return !computed && constant == 0 && terms.size() == 1 && terms[0].coefficient == 1;
  }
};

// nullopt where a computed index meets anything but zero, or a product overflows.
std::optional<TensorIndex> Sum(const TensorIndex& a, const TensorIndex& b);
std::optional<TensorIndex> Times(const TensorIndex& index, int64_t factor);  // factor >= 1

// A loop that must become two, the inner one of `inner` iterations, before an index can be written.
struct LoopSplit {
  unsigned loop;
  int64_t inner;
};

struct IndexSplit {
  TensorIndex quotient;
  TensorIndex remainder;
};

// index / inner and index % inner, where each loop has `extents[loop]` iterations; none by an inner of 0,
// which is the size of a tensor that holds nothing. Without a result, `split` says which loop stands in the
// way, if splitting it would help.
std::optional<IndexSplit> Divide(const TensorIndex& index, int64_t inner, llvm::ArrayRef<int64_t> extents,
                                 std::optional<LoopSplit>* split);

// One digit of an index in mixed radix: a loop or a constant, and how many values it has.
struct IndexDigit {
  int64_t size;
  mlir::AffineExpr value;
};

// The digits of an index into a dimension of `size`, outermost first. nullopt where it has none: of computed
// indices and of ranges that straddle.
std::optional<std::vector<IndexDigit>> Digits(const TensorIndex& index, int64_t size,
                                              llvm::ArrayRef<int64_t> extents, mlir::MLIRContext* context);

}  // namespace streamtensor::compiler
