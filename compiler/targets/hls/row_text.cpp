// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/row_text.h"

namespace streamtensor::compiler::hls {

std::string RowSymbolText(const dataflow::RowCount& rows) {
  return rows.is_fixed() ? "st::ROWS_FIXED" : "st::ROWS_" + dataflow::RowSymbolName(rows.symbol).str();
}

std::string CountText(const dataflow::RowCount& rows) {
  switch (rows.symbol) {
    case dataflow::RowSymbol::kTokens:
      return "header.tokens";
    case dataflow::RowSymbol::kLogits:
      return "header.logits";
    case dataflow::RowSymbol::kNone:
      break;
  }
  return std::to_string(rows.fixed);
}

std::string WordsText(itensor::ITensorType type, unsigned outer) {
  int64_t fixed = type.getElementWords();
  std::string symbols;
  for (unsigned loop = outer; loop < type.getNumLoops(); ++loop) {
    if (type.isSymbolic(loop)) {
      symbols += " * " + CountText(dataflow::RowsOfLoop(type, loop));
    } else {
      fixed *= type.getTripBounds()[loop];
    }
  }
  return std::to_string(fixed) + symbols;
}

}  // namespace streamtensor::compiler::hls
