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

mlir::LogicalResult ExpectParts(mlir::Operation* process, StreamOp whole, llvm::ArrayRef<StreamOp> parts) {
  const WordCount all = WordsOf(TypeOf(whole));
  WordCount left = all;
  for (StreamOp part : parts) {
    const WordCount words = WordsOf(TypeOf(part));
    if (words.tokens != all.tokens || words.logits != all.logits) {
      return process->emitOpError("moves ")
             << ToString(words) << " words through @" << part.getSymName() << ", which are no part of the "
             << ToString(all) << " of @" << whole.getSymName();
    }
    left.fixed -= words.fixed;
  }
  if (left.fixed == 0) return mlir::success();
  WordCount sum = all;
  sum.fixed -= left.fixed;
  return process->emitOpError("moves ")
         << ToString(sum) << " words in parts, but @" << whole.getSymName() << " carries " << ToString(all);
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
