// SPDX-License-Identifier: Apache-2.0
// A number of rows: a symbol of the step, or a number that the compiler knows.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/dialects/itensor/ITensorDialect.h"
#include "llvm/ADT/Hashing.h"
#include "mlir/IR/OpImplementation.h"

namespace streamtensor::compiler::dataflow {

// The symbols that the step header carries: T, the tokens of the step, and W, those that want logits.
enum class RowSymbol : uint8_t { kNone, kTokens, kLogits };

// "T", "W"; nullopt: no symbol of the step.
std::optional<RowSymbol> ParseRowSymbol(llvm::StringRef name);
// "" for kNone.
llvm::StringRef RowSymbolName(RowSymbol symbol);

struct RowCount {
  RowSymbol symbol = RowSymbol::kNone;
  int64_t fixed = 0;  // where there is no symbol

  bool is_fixed() const { return symbol == RowSymbol::kNone; }
  bool operator==(const RowCount& other) const { return symbol == other.symbol && fixed == other.fixed; }
  bool operator!=(const RowCount& other) const { return !(*this == other); }
};

inline llvm::hash_code hash_value(const RowCount& rows) {
  return llvm::hash_combine(static_cast<int>(rows.symbol), rows.fixed);
}

// The trip count of `loop`. The type's symbols are those of the step, as StreamOp's verifier asks.
RowCount RowsOfLoop(itensor::ITensorType type, unsigned loop);

// As attributes spell it: T, W or a number above 0.
mlir::FailureOr<RowCount> ParseRowCount(mlir::AsmParser& parser);
void PrintRowCount(mlir::AsmPrinter& printer, const RowCount& rows);
// The same, for diagnostics.
std::string ToString(const RowCount& rows);

}  // namespace streamtensor::compiler::dataflow
