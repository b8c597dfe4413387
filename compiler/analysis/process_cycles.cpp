// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/process_cycles.h"

#include "llvm/ADT/TypeSwitch.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace streamtensor::compiler {
namespace {

constexpr uint64_t kLanes = 16;        // float32 in a word
constexpr uint64_t kLoopLatency = 12;  // of a pipelined loop: its first result
constexpr uint64_t kAddInterval = 4;   // a float sum into one register
constexpr uint64_t kTileLoad = 9;      // words of a tile, read before its rows
constexpr uint64_t kPageRows = 32;
constexpr uint64_t kHalvesAWord = 32;

uint64_t LinalgCycles(mlir::linalg::LinalgOp op) {
  const auto sizes = op.getStaticLoopRanges();
  const auto iterators = op.getIteratorTypesArray();
  uint64_t trips = 1;
  int innermost = -1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (mlir::ShapedType::isDynamic(sizes[i])) return 0;
    trips *= static_cast<uint64_t>(sizes[i]);
    if (sizes[i] != 1) innermost = static_cast<int>(i);
  }
  if (innermost < 0) return 1;
  if (iterators[innermost] != mlir::utils::IteratorType::parallel) return trips * kAddInterval + kLoopLatency;
  const bool reduces = llvm::is_contained(iterators, mlir::utils::IteratorType::reduction);
  if (sizes[innermost] % static_cast<int64_t>(kLanes) == 0) trips /= kLanes;
  return trips * (reduces ? kAddInterval : 1) + kLoopLatency;
}

int64_t TripCount(mlir::scf::ForOp loop, const StepSymbols& symbols) {
  auto bound = [&](mlir::Value value) -> int64_t {
    if (const std::optional<int64_t> constant = mlir::getConstantIntValue(value)) return *constant;
    auto extent = value.getDefiningOp<dataflow::ExtentOp>();
    return extent ? symbols.Of(extent.getSymbol(), 1) : 1;
  };
  const int64_t step = std::max<int64_t>(bound(loop.getStep()), 1);
  return std::max<int64_t>((bound(loop.getUpperBound()) - bound(loop.getLowerBound()) + step - 1) / step, 0);
}

}  // namespace

uint64_t StreamWords(itensor::ITensorType type, const StepSymbols& symbols) {
  uint64_t words = static_cast<uint64_t>(type.getElementWords());
  for (unsigned loop = 0; loop < type.getNumLoops(); ++loop) {
    const llvm::StringRef symbol = type.isSymbolic(loop) ? type.getTripSymbols()[loop].getValue() : "";
    words *= static_cast<uint64_t>(symbols.Of(symbol, type.getTripBounds()[loop]));
  }
  return words;
}

uint64_t KernelCycles(mlir::Block& body, const StepSymbols& symbols) {
  uint64_t cycles = 0;
  for (mlir::Operation& operation : body) {
    cycles +=
        llvm::TypeSwitch<mlir::Operation*, uint64_t>(&operation)
            .Case([&](mlir::scf::ForOp loop) {
              return static_cast<uint64_t>(TripCount(loop, symbols)) * KernelCycles(*loop.getBody(), symbols);
            })
            .Case([](mlir::linalg::FillOp) { return 1; })
            .Case([](mlir::linalg::LinalgOp op) { return LinalgCycles(op); })
            .Case([](itensor::ReadOp op) { return op.getSource().getType().getElementWords(); })
            .Case([](itensor::WriteOp op) { return op.getDest().getType().getElementWords(); })
            .Default([](mlir::Operation*) { return 0; });
  }
  return cycles;
}

uint64_t TileCycles(int64_t rows) { return kTileLoad + static_cast<uint64_t>(rows); }

uint64_t AttentionCycles(int64_t query_heads, int64_t kv_heads, int64_t head_dim, int64_t tokens) {
  const auto q = static_cast<uint64_t>(query_heads), kv = static_cast<uint64_t>(kv_heads),
             d = static_cast<uint64_t>(head_dim), t = static_cast<uint64_t>(tokens);
  const uint64_t copies = t * (2 * q + 2 * kv) * d / kLanes;
  // Each token sees its own rows of the step: half of them on average.
  const uint64_t seen = (t + 1) / 2;
  const uint64_t a_head = seen + seen * kAddInterval + 2 * seen + d + 4 * kLoopLatency;
  return copies + t * q * a_head;
}

uint64_t AttentionPageCycles(int64_t query_heads, int64_t kv_heads, int64_t head_dim) {
  const auto q = static_cast<uint64_t>(query_heads), kv = static_cast<uint64_t>(kv_heads),
             d = static_cast<uint64_t>(head_dim);
  const uint64_t load = 2 * (kPageRows * d / kHalvesAWord + kLoopLatency);
  // Scores a row a cycle, two passes of the softmax, values into one accumulator a column.
  const uint64_t compute = kPageRows + 2 * kPageRows + kPageRows * kAddInterval;
  return kv * load + q * compute;
}

}  // namespace streamtensor::compiler
