// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "compiler/dialects/itensor/ITensorDialect.h"
#include "kernels/contract/word.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;

#define GET_TYPEDEF_CLASSES
#include "compiler/dialects/itensor/ITensorTypes.cpp.inc"

namespace streamtensor::compiler::itensor {

void ITensorDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "compiler/dialects/itensor/ITensorTypes.cpp.inc"
      >();
}

namespace {

// The loops a map result sums, or nullopt when it is anything but a sum of loops (or 0).
std::optional<SmallVector<unsigned>> loopsOf(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    if (constant.getValue() == 0) return SmallVector<unsigned>{};
    return std::nullopt;
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) return SmallVector<unsigned>{dim.getPosition()};
  if (expr.getKind() != AffineExprKind::Add) return std::nullopt;
  auto binary = cast<AffineBinaryOpExpr>(expr);
  auto left = loopsOf(binary.getLHS()), right = loopsOf(binary.getRHS());
  if (!left || !right) return std::nullopt;
  left->append(*right);
  llvm::sort(*left);
  return left;
}

}  // namespace

ITensorType ITensorType::get(ArrayRef<int64_t> elementShape, Type elementType, ArrayRef<int64_t> trips,
                             ArrayRef<int64_t> steps, AffineMap map) {
  SmallVector<StringAttr> symbols(trips.size(), StringAttr::get(elementType.getContext(), ""));
  return get(elementType.getContext(), elementShape, elementType, trips, symbols, steps, map);
}

LogicalResult ITensorType::verify(function_ref<InFlightDiagnostic()> emitError,
                                  ArrayRef<int64_t> elementShape, Type elementType,
                                  ArrayRef<int64_t> tripBounds, ArrayRef<StringAttr> tripSymbols,
                                  ArrayRef<int64_t> steps, AffineMap map) {
  if (!elementType.isIntOrFloat())
    return emitError() << "element type must be an integer or a float, got " << elementType;
  for (int64_t extent : elementShape)
    if (extent < 1) return emitError() << "element extents must be at least 1, got " << extent;
  if (tripBounds.size() != steps.size())
    return emitError() << tripBounds.size() << " trip counts but " << steps.size() << " steps";
  if (tripSymbols.size() != tripBounds.size())
    return emitError() << "internal: " << tripSymbols.size() << " symbols for " << tripBounds.size()
                       << " loops";
  for (int64_t bound : tripBounds)
    if (bound < 1) return emitError() << "trip counts must be at least 1, got " << bound;
  for (int64_t step : steps)
    if (step < 1) return emitError() << "steps must be at least 1, got " << step;
  if (map.getNumDims() != steps.size() || map.getNumSymbols() != 0)
    return emitError() << "the map must take the " << steps.size() << " loops and nothing else, got "
                       << AffineMapAttr::get(map);
  if (map.getNumResults() != elementShape.size())
    return emitError() << "the map must have a result for each of the " << elementShape.size()
                       << " data dimensions, got " << map.getNumResults();
  SmallVector<bool> used(steps.size(), false);
  for (AffineExpr expr : map.getResults()) {
    auto loops = loopsOf(expr);
    if (!loops)
      return emitError() << "a map result must be a loop, a sum of loops or 0, got "
                         << AffineMapAttr::get(AffineMap::get(steps.size(), 0, expr));
    for (unsigned loop : *loops) {
      if (used[loop]) return emitError() << "loop d" << loop << " advances more than one data dimension";
      used[loop] = true;
    }
  }
  return success();
}

Type ITensorType::parse(AsmParser& parser) {
  SmallVector<int64_t> shape, bounds, steps;
  SmallVector<StringAttr> symbols;
  Type elementType;
  AffineMap map;
  auto parseTrip = [&]() -> ParseResult {
    StringRef name;
    if (succeeded(parser.parseOptionalKeyword(&name))) {
      if (parser.parseKeyword("max")) return failure();
    }
    symbols.push_back(parser.getBuilder().getStringAttr(name));
    return parser.parseInteger(bounds.emplace_back());
  };
  auto parseStep = [&]() -> ParseResult { return parser.parseInteger(steps.emplace_back()); };
  auto location = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
      parser.parseType(elementType) || parser.parseComma() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseTrip) || parser.parseStar() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseStep) || parser.parseComma() ||
      parser.parseAffineMap(map) || parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(location); }, parser.getContext(), ArrayRef<int64_t>(shape),
                    elementType, ArrayRef<int64_t>(bounds), ArrayRef<StringAttr>(symbols),
                    ArrayRef<int64_t>(steps), map);
}

void ITensorType::print(AsmPrinter& printer) const {
  printer << '<';
  for (int64_t extent : getElementShape()) printer << extent << 'x';
  printer << getElementType() << ", [";
  llvm::interleaveComma(llvm::seq<unsigned>(0, getNumLoops()), printer, [&](unsigned loop) {
    if (isSymbolic(loop)) printer << getTripSymbols()[loop].getValue() << " max ";
    printer << getTripBounds()[loop];
  });
  printer << "]*[";
  llvm::interleaveComma(getSteps(), printer);
  printer << "], ";
  getMap().print(printer.getStream());
  printer << '>';
}

SmallVector<unsigned> ITensorType::getLoopsOfDim(unsigned dim) const {
  return *loopsOf(getMap().getResult(dim));
}

int64_t ITensorType::getDimOfLoop(unsigned loop) const {
  for (unsigned dim = 0; dim < getDataRank(); ++dim)
    if (llvm::is_contained(getLoopsOfDim(dim), loop)) return dim;
  return -1;
}

bool ITensorType::repeats() const {
  for (unsigned loop = 0; loop < getNumLoops(); ++loop)
    if (getDimOfLoop(loop) < 0 && (isSymbolic(loop) || getTripBounds()[loop] > 1)) return true;
  return false;
}

SmallVector<int64_t> ITensorType::getDataShape() const {
  SmallVector<int64_t> shape = getDataBounds();
  for (unsigned dim = 0; dim < getDataRank(); ++dim)
    for (unsigned loop : getLoopsOfDim(dim))
      if (isSymbolic(loop)) shape[dim] = ShapedType::kDynamic;
  return shape;
}

SmallVector<int64_t> ITensorType::getDataBounds() const {
  SmallVector<int64_t> shape(getElementShape());
  for (unsigned dim = 0; dim < getDataRank(); ++dim)
    for (unsigned loop : getLoopsOfDim(dim)) shape[dim] += (getTripBounds()[loop] - 1) * getSteps()[loop];
  return shape;
}

RankedTensorType ITensorType::getDataType() const {
  return RankedTensorType::get(getDataShape(), getElementType());
}

RankedTensorType ITensorType::getElementTensorType() const {
  return RankedTensorType::get(getElementShape(), getElementType());
}

int64_t ITensorType::getElementSize() const {
  return std::accumulate(getElementShape().begin(), getElementShape().end(), int64_t{1}, std::multiplies<>());
}

int64_t ITensorType::getMaxElements() const {
  return std::accumulate(getTripBounds().begin(), getTripBounds().end(), int64_t{1}, std::multiplies<>());
}

int64_t ITensorType::getElementWords() const {
  return (getElementSize() * getElementType().getIntOrFloatBitWidth() + contract::kWordBits - 1) /
         contract::kWordBits;
}

ITensorType ITensorType::getCanonical() const {
  struct Loop {
    int64_t trips;
    StringAttr symbol;
    int64_t step;
    int64_t dim;
  };
  SmallVector<Loop> loops;
  for (unsigned k = 0; k < getNumLoops(); ++k) {
    Loop inner{getTripBounds()[k], getTripSymbols()[k], getSteps()[k], getDimOfLoop(k)};
    if (inner.dim < 0) inner.step = 1;
    if (inner.trips == 1 && !isSymbolic(k)) continue;
    // An inner loop that walks exactly one step of the outer one continues it.
    if (!loops.empty() && loops.back().symbol.getValue().empty() && !isSymbolic(k) &&
        loops.back().dim == inner.dim && (inner.dim < 0 || loops.back().step == inner.trips * inner.step)) {
      loops.back().trips *= inner.trips;
      loops.back().step = inner.step;
      continue;
    }
    loops.push_back(inner);
  }
  SmallVector<int64_t> bounds, steps;
  SmallVector<StringAttr> symbols;
  SmallVector<AffineExpr> results(getDataRank(), getAffineConstantExpr(0, getContext()));
  for (auto [position, loop] : llvm::enumerate(loops)) {
    bounds.push_back(loop.trips);
    symbols.push_back(loop.symbol);
    steps.push_back(loop.step);
    if (loop.dim >= 0) results[loop.dim] = results[loop.dim] + getAffineDimExpr(position, getContext());
  }
  return get(getContext(), getElementShape(), getElementType(), bounds, symbols, steps,
             AffineMap::get(loops.size(), 0, results, getContext()));
}

}  // namespace streamtensor::compiler::itensor
