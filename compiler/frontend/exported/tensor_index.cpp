// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/exported/tensor_index.h"

#include <algorithm>

namespace streamtensor::compiler {

std::optional<TensorIndex> Sum(const TensorIndex& a, const TensorIndex& b) {
  if (a.is_zero()) return b;
  if (b.is_zero()) return a;
  if (a.computed || b.computed) return std::nullopt;
  TensorIndex sum = a;
  if (__builtin_add_overflow(a.constant, b.constant, &sum.constant)) return std::nullopt;
  for (const TensorIndex::Term& term : b.terms) {
    auto same = std::find_if(sum.terms.begin(), sum.terms.end(),
                             [&](const TensorIndex::Term& other) { return other.loop == term.loop; });
    if (same == sum.terms.end()) {
      sum.terms.push_back(term);
    } else if (__builtin_add_overflow(same->coefficient, term.coefficient, &same->coefficient)) {
      return std::nullopt;
    }
  }
  std::stable_sort(
      sum.terms.begin(), sum.terms.end(),
      [](const TensorIndex::Term& x, const TensorIndex::Term& y) { return x.coefficient > y.coefficient; });
  return sum;
}

std::optional<TensorIndex> Times(const TensorIndex& index, int64_t factor) {
  if (index.is_zero() || factor == 1) return index;
  if (index.computed) return std::nullopt;
  TensorIndex product = index;
  if (__builtin_mul_overflow(index.constant, factor, &product.constant)) return std::nullopt;
  for (TensorIndex::Term& term : product.terms) {
    if (__builtin_mul_overflow(term.coefficient, factor, &term.coefficient)) return std::nullopt;
  }
  return product;
}

std::optional<IndexSplit> Divide(const TensorIndex& index, int64_t inner, llvm::ArrayRef<int64_t> extents,
                                 std::optional<LoopSplit>* split) {
  if (inner == 1) return IndexSplit{index, {}};
  if (index.computed || inner < 1) return std::nullopt;
  IndexSplit result;
  result.quotient.constant = index.constant / inner;
  result.remainder.constant = index.constant % inner;
  int64_t most = result.remainder.constant;  // of the remainder's values
  for (const TensorIndex::Term& term : index.terms) {
    const int64_t extent = extents[term.loop];
    if (term.coefficient % inner == 0) {
      result.quotient.terms.push_back({term.coefficient / inner, term.loop});
    } else if (term.coefficient <= inner && (extent - 1) <= (inner - 1) / term.coefficient) {
      result.remainder.terms.push_back(term);
      most += term.coefficient * (extent - 1);
    } else {
      if (inner % term.coefficient == 0 && extent % (inner / term.coefficient) == 0 &&
          inner > term.coefficient) {
        *split = LoopSplit{term.loop, inner / term.coefficient};
      }
      return std::nullopt;
    }
  }
  if (most >= inner) return std::nullopt;
  return result;
}

std::optional<std::vector<IndexDigit>> Digits(const TensorIndex& index, int64_t size,
                                              llvm::ArrayRef<int64_t> extents, mlir::MLIRContext* context) {
  if (index.computed || index.constant < 0) return std::nullopt;
  std::vector<IndexDigit> digits;  // innermost first
  int64_t place = 1;
  // A constant digit for the values between `place` and `next`.
  const auto fill_up_to = [&](int64_t next) {
    if (next % place != 0) return false;
    if (next > place)
      digits.push_back(
          {next / place, mlir::getAffineConstantExpr(index.constant / place % (next / place), context)});
    place = next;
    return true;
  };
  for (auto term = index.terms.rbegin(); term != index.terms.rend(); ++term) {
    const int64_t extent = extents[term->loop];
    if (extent == 1) continue;
    if (!fill_up_to(term->coefficient)) return std::nullopt;
    if (index.constant / place % extent != 0) return std::nullopt;
    digits.push_back({extent, mlir::getAffineDimExpr(term->loop, context)});
    if (__builtin_mul_overflow(place, extent, &place) || place > size) return std::nullopt;
  }
  if (!fill_up_to(size)) return std::nullopt;
  if (index.constant >= size) return std::nullopt;
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace streamtensor::compiler
