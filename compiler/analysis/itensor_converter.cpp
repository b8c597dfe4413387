// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/itensor_converter.h"

#include <algorithm>

namespace streamtensor::compiler {

using itensor::ITensorType;

namespace {

bool sameLoop(ITensorType a, ITensorType b, unsigned loop) {
  return a.getTripBounds()[loop] == b.getTripBounds()[loop] &&
         a.getTripSymbols()[loop] == b.getTripSymbols()[loop] &&
         a.getDimOfLoop(loop) == b.getDimOfLoop(loop) &&
         (a.getDimOfLoop(loop) < 0 || a.getSteps()[loop] == b.getSteps()[loop]);
}

// What the loops from `first` on cover of each data dimension.
llvm::SmallVector<int64_t> extentsFrom(ITensorType type, int64_t first) {
  llvm::SmallVector<int64_t> extents(type.getElementShape());
  for (unsigned dim = 0; dim < type.getDataRank(); ++dim)
    for (unsigned loop : type.getLoopsOfDim(dim))
      if (loop >= first) extents[dim] += (type.getTripBounds()[loop] - 1) * type.getSteps()[loop];
  return extents;
}

// The symbols that count each dimension: the same number of rows only when they are the same.
bool sameSymbols(ITensorType a, ITensorType b) {
  auto symbolsOf = [](ITensorType type, unsigned dim) {
    llvm::SmallVector<llvm::StringRef> symbols;
    for (unsigned loop : type.getLoopsOfDim(dim))
      if (type.isSymbolic(loop)) symbols.push_back(type.getTripSymbols()[loop].getValue());
    llvm::sort(symbols);
    return symbols;
  };
  for (unsigned dim = 0; dim < a.getDataRank(); ++dim)
    if (symbolsOf(a, dim) != symbolsOf(b, dim)) return false;
  return true;
}

}  // namespace

int64_t ConverterBuffer::size() const {
  int64_t product = 1;
  for (int64_t extent : shape) product *= extent;
  return product;
}

std::optional<ConverterBuffer> ConverterBufferFor(ITensorType source, ITensorType result,
                                                  int64_t shared_loops) {
  if (source.getElementType() != result.getElementType() || source.getDataShape() != result.getDataShape() ||
      source.getDataBounds() != result.getDataBounds() || !sameSymbols(source, result))
    return std::nullopt;
  if (shared_loops < 0 || shared_loops > std::min(source.getNumLoops(), result.getNumLoops()))
    return std::nullopt;
  for (int64_t loop = 0; loop < shared_loops; ++loop)
    if (!sameLoop(source, result, loop)) return std::nullopt;
  ConverterBuffer buffer{extentsFrom(source, shared_loops), shared_loops};
  if (buffer.shape != extentsFrom(result, shared_loops)) return std::nullopt;
  return buffer;
}

std::optional<ConverterBuffer> InferConverter(ITensorType source, ITensorType result) {
  for (int64_t shared = std::min(source.getNumLoops(), result.getNumLoops()); shared >= 0; --shared)
    if (auto buffer = ConverterBufferFor(source, result, shared)) return buffer;
  return std::nullopt;
}

}  // namespace streamtensor::compiler
