// SPDX-License-Identifier: Apache-2.0
#include "compiler/processes/ProcessDialect.h"

#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

namespace streamtensor::compiler::process {
namespace {

mlir::FailureOr<RowOrder> ParseRowOrder(mlir::AsmParser& parser) {
  const llvm::SMLoc at = parser.getCurrentLocation();
  llvm::StringRef keyword;
  if (mlir::failed(parser.parseKeyword(&keyword))) return mlir::failure();
  for (RowOrder order : {RowOrder::kRows, RowOrder::kTiles}) {
    if (keyword == ToString(order)) return order;
  }
  parser.emitError(at, "an order is rows or tiles, got ") << keyword;
  return mlir::failure();
}

void PrintRowOrder(mlir::AsmPrinter& printer, RowOrder order) { printer << ToString(order); }

template <typename Element>
mlir::FailureOr<llvm::SmallVector<Element>> ParseList(mlir::AsmParser& parser) {
  llvm::SmallVector<Element> list;
  const auto parse_element = [&]() -> mlir::ParseResult {
    mlir::FailureOr<Element> element = mlir::FieldParser<Element>::parse(parser);
    if (mlir::failed(element)) return mlir::failure();
    list.push_back(*element);
    return mlir::success();
  };
  if (mlir::failed(parser.parseCommaSeparatedList(mlir::AsmParser::Delimiter::Square, parse_element))) {
    return mlir::failure();
  }
  return list;
}

template <typename Element>
void PrintList(mlir::AsmPrinter& printer, llvm::ArrayRef<Element> list) {
  printer << '[';
  llvm::interleaveComma(list, printer,
                        [&](const Element& element) { printer.printStrippedAttrOrType(element); });
  printer << ']';
}
void PrintList(mlir::AsmPrinter& printer, llvm::ArrayRef<int64_t> list) {
  printer << '[';
  llvm::interleaveComma(list, printer, [&](int64_t element) { printer << element; });
  printer << ']';
}

}  // namespace
}  // namespace streamtensor::compiler::process

using namespace mlir;

#include "compiler/processes/ProcessDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/processes/ProcessAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "compiler/processes/Processes.cpp.inc"

namespace streamtensor::compiler::process {

void ProcessDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "compiler/processes/ProcessAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "compiler/processes/Processes.cpp.inc"
      >();
}

}  // namespace streamtensor::compiler::process
