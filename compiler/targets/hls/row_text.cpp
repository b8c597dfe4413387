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

// `fixed` for each element.
static std::string ProductText(int64_t fixed, itensor::ITensorType type) {
  std::string symbols;
  for (unsigned loop = 0; loop < type.getNumLoops(); ++loop) {
    if (type.isSymbolic(loop)) {
      symbols += " * " + CountText(dataflow::RowsOfLoop(type, loop));
    } else {
      fixed *= type.getTripBounds()[loop];
    }
  }
  return std::to_string(fixed) + symbols;
}

std::string ElementsText(itensor::ITensorType type) { return ProductText(1, type); }
std::string WordsText(itensor::ITensorType type) { return ProductText(type.getElementWords(), type); }

}  // namespace streamtensor::compiler::hls
