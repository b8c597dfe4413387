// SPDX-License-Identifier: Apache-2.0
// What the verifiers of kinds have in common: which ends a process holds, and how many words pass there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compiler/analysis/row_layout.h"
#include "compiler/dialects/dataflow/ProcessInterface.h"

namespace streamtensor::compiler::process {

// Streams of one direction: these kinds in this order, then at least `least_more` of kind `more`.
struct ExpectedStreams {
  llvm::SmallVector<dataflow::ChannelKind> first;
  std::optional<dataflow::ChannelKind> more = std::nullopt;
  size_t least_more = 1;
};

// Fails with a diagnostic when the process holds other streams or other memories than `roles`, in that order.
mlir::LogicalResult ExpectEnds(mlir::Operation* process, const dataflow::ProcessEnds& ends,
                               const ExpectedStreams& reads, const ExpectedStreams& writes,
                               llvm::ArrayRef<llvm::StringRef> roles = {});

// The itensor of a stream of words.
itensor::ITensorType TypeOf(dataflow::StreamOp stream);

// How many words pass by in any step: fixed * T^tokens * W^logits.
struct WordCount {
  int64_t fixed = 1;
  int tokens = 0, logits = 0;

  bool operator==(const WordCount& other) const {
    return fixed == other.fixed && tokens == other.tokens && logits == other.logits;
  }
};
// `rows` times `words` words.
WordCount WordsOfRows(const dataflow::RowCount& rows, int64_t words);
WordCount WordsOf(itensor::ITensorType type);
std::string ToString(const WordCount& words);

// Trip counts in the order of elements, outermost first. Loops of one trip are dropped and neighbours that
// numbers count are multiplied, as `itensor.cast` may do: the order of rows among elements is the same.
llvm::SmallVector<dataflow::RowCount> TripCounts(itensor::ITensorType type);

// Fails with a diagnostic when `stream` carries another number of words than `expected`.
mlir::LogicalResult ExpectWords(mlir::Operation* process, dataflow::StreamOp stream,
                                const WordCount& expected);
// ... when `parts`, one after another, are not `whole` cut along its outermost loop.
mlir::LogicalResult ExpectParts(mlir::Operation* process, dataflow::StreamOp whole,
                                llvm::ArrayRef<dataflow::StreamOp> parts);
// ... when it carries neither rows nor row tiles of float32.
mlir::FailureOr<RowLayout> ExpectRows(mlir::Operation* process, dataflow::StreamOp stream);
// ... when it carries anything but whole rows in order: `rows` of `width` float32.
mlir::LogicalResult ExpectWholeRows(mlir::Operation* process, dataflow::StreamOp stream,
                                    const dataflow::RowCount& rows, int64_t width);

// Scalars of a row of the memory's tensor; fails with a diagnostic if its type has no such rows.
mlir::FailureOr<int64_t> ExpectRowWidth(dataflow::MemoryOp memory);

inline constexpr dataflow::RowCount kTokens{dataflow::RowSymbol::kTokens, 0};
inline constexpr dataflow::RowCount kLogits{dataflow::RowSymbol::kLogits, 0};

}  // namespace streamtensor::compiler::process
