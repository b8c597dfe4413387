// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/row_count.h"

namespace streamtensor::compiler::dataflow {

std::optional<RowSymbol> ParseRowSymbol(llvm::StringRef name) {
  if (name == "T") return RowSymbol::kTokens;
  if (name == "W") return RowSymbol::kLogits;
  return std::nullopt;
}

llvm::StringRef RowSymbolName(RowSymbol symbol) {
  switch (symbol) {
    case RowSymbol::kTokens:
      return "T";
    case RowSymbol::kLogits:
      return "W";
    case RowSymbol::kNone:
      break;
  }
  return "";
}

RowCount RowsOfLoop(itensor::ITensorType type, unsigned loop) {
  if (!type.isSymbolic(loop)) return {RowSymbol::kNone, type.getTripBounds()[loop]};
  const std::optional<RowSymbol> symbol = ParseRowSymbol(type.getTripSymbols()[loop].getValue());
  assert(symbol && "the verifier of streams allows symbols of the step only");
  return {*symbol, 0};
}

mlir::FailureOr<RowCount> ParseRowCount(mlir::AsmParser& parser) {
  const llvm::SMLoc at = parser.getCurrentLocation();
  llvm::StringRef keyword;
  if (mlir::succeeded(parser.parseOptionalKeyword(&keyword))) {
    if (const std::optional<RowSymbol> symbol = ParseRowSymbol(keyword)) return RowCount{*symbol, 0};
    parser.emitError(at, "rows are T, W or a number, got ") << keyword;
    return mlir::failure();
  }
  int64_t fixed = 0;
  if (mlir::failed(parser.parseInteger(fixed))) return mlir::failure();
  if (fixed < 1) {
    parser.emitError(at, "rows must be at least 1, got ") << fixed;
    return mlir::failure();
  }
  return RowCount{RowSymbol::kNone, fixed};
}

void PrintRowCount(mlir::AsmPrinter& printer, const RowCount& rows) { printer << ToString(rows); }

std::string ToString(const RowCount& rows) {
  return rows.is_fixed() ? std::to_string(rows.fixed) : RowSymbolName(rows.symbol).str();
}

}  // namespace streamtensor::compiler::dataflow
