// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/cycle_formula.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "llvm/Support/MathExtras.h"

namespace streamtensor::schedule {
namespace {

int64_t Saturated(int64_t value, bool overflow, bool negative) {
  if (!overflow) return value;
  return negative ? INT64_MIN : INT64_MAX;
}

}  // namespace

CycleFormula CycleFormula::Symbol(const std::string& name) {
  CycleFormula formula;
  formula.AddTerm({name}, 1);
  return formula;
}

CycleFormula& CycleFormula::operator+=(const CycleFormula& other) {
  for (const auto& [symbols, factor] : other.terms_) AddTerm(symbols, factor);
  return *this;
}

CycleFormula operator*(const CycleFormula& a, const CycleFormula& b) {
  CycleFormula product;
  for (const auto& [a_symbols, a_factor] : a.terms_) {
    for (const auto& [b_symbols, b_factor] : b.terms_) {
      std::vector<std::string> symbols = a_symbols;
      symbols.insert(symbols.end(), b_symbols.begin(), b_symbols.end());
      std::sort(symbols.begin(), symbols.end());
      int64_t factor = 0;
      const bool overflow = llvm::MulOverflow(a_factor, b_factor, factor);
      product.AddTerm(symbols, Saturated(factor, overflow, (a_factor < 0) != (b_factor < 0)));
    }
  }
  return product;
}

std::optional<int64_t> CycleFormula::Constant() const {
  if (terms_.empty()) return 0;
  if (terms_.size() > 1 || !terms_.begin()->first.empty()) return std::nullopt;
  return terms_.begin()->second;
}

std::string CycleFormula::Text() const {
  if (terms_.empty()) return "0";
  std::string text;
  for (const auto& [symbols, factor] : terms_) {
    const std::string product = absl::StrJoin(symbols, " * ");
    if (text.empty()) {
      text = factor == 1 && !product.empty() ? product : absl::StrCat(factor);
    } else {
      text += factor < 0 ? " - " : " + ";
      const uint64_t size = factor < 0 ? -static_cast<uint64_t>(factor) : static_cast<uint64_t>(factor);
      if (size == 1) {
        text += product;
        continue;
      }
      text += absl::StrCat(size);
    }
    if (!product.empty() && !(text == product)) text += " * " + product;
  }
  return text;
}

void CycleFormula::AddTerm(const std::vector<std::string>& symbols, int64_t factor) {
  if (factor == 0) return;
  int64_t& term = terms_[symbols];
  int64_t sum = 0;
  const bool overflow = llvm::AddOverflow(term, factor, sum);
  term = Saturated(sum, overflow, factor < 0);
  if (term == 0) terms_.erase(symbols);
}

}  // namespace streamtensor::schedule
