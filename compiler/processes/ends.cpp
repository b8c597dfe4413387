// SPDX-License-Identifier: Apache-2.0
#include "compiler/processes/ends.h"

#include "llvm/ADT/StringExtras.h"

namespace streamtensor::compiler::process {
namespace {

using dataflow::ChannelKind;
using dataflow::StreamOp;

std::string Describe(const ExpectedStreams& expected) {
  std::string text;
  for (ChannelKind kind : expected.first) {
    text += (text.empty() ? "" : ", ") + dataflow::stringifyChannelKind(kind).str();
  }
  if (expected.more) {
    text += (text.empty() ? "" : ", ") + dataflow::stringifyChannelKind(*expected.more).str() +
            (expected.least_more == 0 ? "*" : "+");
  }
  return text.empty() ? "none" : text;
}

std::string Describe(llvm::ArrayRef<StreamOp> streams) {
  std::string text;
  for (StreamOp stream : streams) {
    text += (text.empty() ? "" : ", ") + dataflow::stringifyChannelKind(stream.getKind()).str();
  }
  return text.empty() ? "none" : text;
}

bool Fits(const ExpectedStreams& expected, llvm::ArrayRef<StreamOp> streams) {
  const size_t first = expected.first.size();
  if (streams.size() < first + (expected.more ? expected.least_more : 0)) return false;
  if (!expected.more && streams.size() != first) return false;
  for (auto [index, stream] : llvm::enumerate(streams)) {
    if (StreamOp(stream).getKind() != (index < first ? expected.first[index] : *expected.more)) return false;
  }
  return true;
}

// An itensor as iterations of its outermost loop, where a number counts them, and what one of them holds.
struct Iterations {
  int64_t count = 1;
  llvm::SmallVector<dataflow::RowCount> inner;
  int64_t element_words = 0;
};

Iterations IterationsOf(itensor::ITensorType type) {
  Iterations iterations{1, TripCounts(type), type.getElementWords()};
  if (!iterations.inner.empty() && iterations.inner.front().is_fixed()) {
    iterations.count = iterations.inner.front().fixed;
    iterations.inner.erase(iterations.inner.begin());
  }
  return iterations;
}

}  // namespace

mlir::LogicalResult ExpectEnds(mlir::Operation* process, const dataflow::ProcessEnds& ends,
                               const ExpectedStreams& reads, const ExpectedStreams& writes,
                               llvm::ArrayRef<llvm::StringRef> roles) {
  if (!Fits(reads, ends.reads)) {
    return process->emitOpError("reads streams of these kinds: ")
           << Describe(reads) << "; got " << Describe(ends.reads);
  }
  if (!Fits(writes, ends.writes)) {
    return process->emitOpError("writes streams of these kinds: ")
           << Describe(writes) << "; got " << Describe(ends.writes);
  }
  llvm::SmallVector<llvm::StringRef> got;
  for (dataflow::MemoryOp memory : ends.memories) got.push_back(memory.getRole());
  if (llvm::ArrayRef(got) == roles) return mlir::success();
  return process->emitOpError("owns memories of these roles: ")
         << (roles.empty() ? "none" : llvm::join(roles, ", ")) << "; got "
         << (got.empty() ? "none" : llvm::join(got, ", "));
}

itensor::ITensorType TypeOf(StreamOp stream) { return llvm::cast<itensor::ITensorType>(*stream.getType()); }

static void Multiply(WordCount& words, const dataflow::RowCount& rows) {
  switch (rows.symbol) {
    case dataflow::RowSymbol::kTokens:
      ++words.tokens;
      break;
    case dataflow::RowSymbol::kLogits:
      ++words.logits;
      break;
    case dataflow::RowSymbol::kNone:
      words.fixed *= rows.fixed;
      break;
  }
}

WordCount WordsOfRows(const dataflow::RowCount& rows, int64_t words) {
  WordCount count{words};
  Multiply(count, rows);
  return count;
}

WordCount WordsOf(itensor::ITensorType type) {
  WordCount count{type.getElementWords()};
  for (unsigned loop = 0; loop < type.getNumLoops(); ++loop)
    Multiply(count, dataflow::RowsOfLoop(type, loop));
  return count;
}

std::string ToString(const WordCount& words) {
  std::string text = std::to_string(words.fixed);
  for (int i = 0; i < words.tokens; ++i) text += " * T";
  for (int i = 0; i < words.logits; ++i) text += " * W";
  return text;
}

mlir::LogicalResult ExpectWords(mlir::Operation* process, StreamOp stream, const WordCount& expected) {
  const WordCount words = WordsOf(TypeOf(stream));
  if (words == expected) return mlir::success();
  return process->emitOpError("moves ") << ToString(expected) << " words through @" << stream.getSymName()
                                        << ", which carries " << ToString(words) << " as " << TypeOf(stream);
}

llvm::SmallVector<dataflow::RowCount> TripCounts(itensor::ITensorType type) {
  llvm::SmallVector<dataflow::RowCount> counts;
  for (unsigned loop = 0; loop < type.getNumLoops(); ++loop) {
    const dataflow::RowCount count = dataflow::RowsOfLoop(type, loop);
    if (count.is_fixed() && !counts.empty() && counts.back().is_fixed()) {
      counts.back().fixed *= count.fixed;
    } else if (!count.is_fixed() || count.fixed > 1) {
      counts.push_back(count);
    }
  }
  return counts;
}

mlir::LogicalResult ExpectParts(mlir::Operation* process, StreamOp whole, llvm::ArrayRef<StreamOp> parts) {
  const Iterations all = IterationsOf(TypeOf(whole));
  int64_t count = 0;
  for (StreamOp part : parts) {
    const Iterations iterations = IterationsOf(TypeOf(part));
    if (iterations.inner != all.inner || iterations.element_words != all.element_words) {
      return process->emitOpError("moves parts of @")
             << whole.getSymName() << " that differ from it in the outermost trip count only; @"
             << part.getSymName() << " carries " << TypeOf(part) << ", @" << whole.getSymName() << " "
             << TypeOf(whole);
    }
    count += iterations.count;
  }
  if (count == all.count) return mlir::success();
  return process->emitOpError("moves parts of ")
         << count << " outermost iterations together; @" << whole.getSymName() << " has " << all.count;
}

mlir::FailureOr<RowLayout> ExpectRows(mlir::Operation* process, StreamOp stream) {
  const std::optional<RowLayout> layout = FindRowLayout(TypeOf(stream));
  if (layout) return *layout;
  return process->emitOpError("moves rows or row tiles of float32; @")
         << stream.getSymName() << " carries neither: " << TypeOf(stream);
}

mlir::LogicalResult ExpectWholeRows(mlir::Operation* process, StreamOp stream, const dataflow::RowCount& rows,
                                    int64_t width) {
  const mlir::FailureOr<RowLayout> layout = ExpectRows(process, stream);
  if (mlir::failed(layout)) return mlir::failure();
  if (layout->order == RowOrder::kRows && layout->rows == rows && layout->width == width) {
    return mlir::success();
  }
  return process->emitOpError("moves ")
         << dataflow::ToString(rows) << " whole rows of " << width << " float32 through @"
         << stream.getSymName() << ", which carries " << TypeOf(stream);
}

mlir::FailureOr<int64_t> ExpectRowWidth(dataflow::MemoryOp memory) {
  auto type = llvm::dyn_cast<mlir::RankedTensorType>(memory.getType().value_or(mlir::Type()));
  if (!type || type.getRank() < 1) return memory.emitOpError("needs the type of its rows");
  int64_t width = 1;
  for (int64_t size : type.getShape().drop_front()) {
    if (mlir::ShapedType::isDynamic(size)) return memory.emitOpError("has rows of unknown width: ") << type;
    width *= size;
  }
  return width;
}

}  // namespace streamtensor::compiler::process
