// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "kernels/contract/limits.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace streamtensor::compiler::dataflow {

int64_t DesignOp::getBound(StringRef symbol) {
  auto bound = getSymbols().getAs<IntegerAttr>(symbol);
  return bound ? bound.getInt() : 0;
}

LogicalResult DesignOp::verify() {
  if (static_cast<int64_t>(getLayers()) < 0)
    return emitOpError("layers must not be negative, got ") << getLayers();
  for (NamedAttribute symbol : getSymbols()) {
    auto bound = dyn_cast<IntegerAttr>(symbol.getValue());
    if (!bound || bound.getInt() < 1 || bound.getInt() > 4096)
      return emitOpError("symbol ") << symbol.getName() << " needs a bound of 1..4096, got "
                                    << symbol.getValue();
  }
  return success();
}

// Every stream joins exactly the two processes it names, and every process holds only ends that
// name it: what the text's dataflow region must be.
LogicalResult DesignOp::verifyRegions() {
  llvm::StringMap<Operation*> symbols;
  for (Operation& op : getBody().front()) {
    if (!isa<StreamOp, MemoryOp, ProcessOp>(op))
      return op.emitOpError("must not stand in a design; only streams, memories and processes may");
    symbols[mlir::SymbolTable::getSymbolName(&op).getValue()] = &op;
  }
  llvm::StringSet<> readEnds, writeEnds, memories;
  for (auto process : getBody().getOps<ProcessOp>()) {
    auto takeEnds = [&](ArrayAttr ends, llvm::StringSet<>& taken, bool reads) -> LogicalResult {
      for (auto end : ends.getAsRange<FlatSymbolRefAttr>()) {
        auto stream = dyn_cast_or_null<StreamOp>(symbols.lookup(end.getValue()));
        if (!stream) return process.emitOpError("names no stream: ") << end;
        StringRef owner = reads ? stream.getSink() : stream.getSource();
        if (owner != process.getSymName())
          return process.emitOpError("holds the ")
                 << (reads ? "read" : "write") << " end of " << end << ", which belongs to @" << owner;
        if (!taken.insert(end.getValue()).second)
          return process.emitOpError("holds the ")
                 << (reads ? "read" : "write") << " end of " << end << " twice";
      }
      return success();
    };
    if (failed(takeEnds(process.getReads(), readEnds, true)) ||
        failed(takeEnds(process.getWrites(), writeEnds, false)))
      return failure();
    for (auto name : process.getMemories().getAsRange<FlatSymbolRefAttr>()) {
      if (!isa_and_nonnull<MemoryOp>(symbols.lookup(name.getValue())))
        return process.emitOpError("names no memory: ") << name;
      if (!memories.insert(name.getValue()).second)
        return process.emitOpError("uses ")
               << name << ", which belongs to another process; a pointer has one owner";
    }
  }
  for (auto stream : getBody().getOps<StreamOp>())
    if (!readEnds.contains(stream.getSymName()) || !writeEnds.contains(stream.getSymName()))
      return stream.emitOpError("has no process at its ")
             << (readEnds.contains(stream.getSymName()) ? "write" : "read") << " end";
  for (auto memory : getBody().getOps<MemoryOp>())
    if (!memories.contains(memory.getSymName())) return memory.emitOpError("belongs to no process");
  return success();
}

LogicalResult MemoryOp::verify() {
  static const llvm::StringSet<> roles = {"descriptor", "status", "logits", "weights",
                                          "constants",  "k_read", "v_read", "k_write",
                                          "v_write",    "input",  "output"};
  if (!roles.contains(getRole())) {
    auto diagnostic = emitOpError("has unknown role \"") << getRole() << "\"; one of";
    for (StringRef role : {"descriptor", "status", "logits", "weights", "constants", "k_read", "v_read",
                           "k_write", "v_write", "input", "output"})
      diagnostic << ' ' << role;
    return diagnostic;
  }
  if (getBank() && *getBank() >= contract::kMaxMemoryBanks)
    return emitOpError("bank must be 0..") << contract::kMaxMemoryBanks - 1 << ", got " << *getBank();
  if (getRole() == "constants" && (!getWeight() || !getPart() || !getType()))
    return emitOpError("of constants must name its weight, part and type");
  if ((getRole() == "input" || getRole() == "output" || getRole() == "logits") && !getType())
    return emitOpError("of role \"") << getRole() << "\" needs the type of its tensor";
  if (getRole() == "weights" && !getChannel()) return emitOpError("of weights needs its channel number");
  return success();
}

LogicalResult StreamOp::verify() {
  if (static_cast<int64_t>(getDepth()) < 1)
    return emitOpError("depth must be at least 1, got ") << getDepth();
  bool isWords = getKind() == ChannelKind::words;
  if (isWords != (getType() && isa<itensor::ITensorType>(*getType())))
    return emitOpError(isWords ? "of words needs the type of its itensor" : "of this kind has no type");
  bool isPacket = getKind() == ChannelKind::blocks || getKind() == ChannelKind::frames;
  if (isPacket != getWords().has_value())
    return emitOpError(isPacket ? "of packets needs the words of one" : "of this kind has no `words`");
  if (getWords() && static_cast<int64_t>(*getWords()) < 1)
    return emitOpError("words must be at least 1, got ") << *getWords();
  if (getSource() == getSink()) return emitOpError("joins @") << getSource() << " to itself";
  return success();
}

LogicalResult ProcessOp::verify() {
  bool isKernel = getKind() == ProcessKind::kernel;
  if (isKernel == getBody().empty())
    return emitOpError(isKernel ? "of kind kernel needs its body" : "has a body, but is no kernel");
  bool isAll = getSection() == Section::all;
  for (auto [name, list] : {std::pair<StringRef, std::optional<ArrayAttr>>{"prologue", getPrologue()},
                            {"layer", getLayer()},
                            {"epilogue", getEpilogue()}})
    if (isAll != list.has_value())
      return emitOpError(isAll ? "of section all needs a list `" : "of one section has no list `")
             << name << "`";
  if (!isKernel) return success();

  auto design = (*this)->getParentOfType<DesignOp>();
  size_t reads = 0;
  SmallVector<Type> written;
  Block& block = getBody().front();
  auto emitArgument = [&](size_t index, Type expected) {
    return emitOpError("argument ") << index << " of the body must be " << expected;
  };
  for (auto end : getReads().getAsRange<FlatSymbolRefAttr>()) {
    auto stream = design.lookupSymbol<StreamOp>(end);
    if (!stream) return emitOpError("names no stream: ") << end;
    if (stream.getKind() == ChannelKind::header) continue;
    if (reads >= block.getNumArguments() || block.getArgument(reads).getType() != stream.getType())
      return emitArgument(reads, stream.getType().value_or(Type()));
    ++reads;
  }
  for (auto end : getWrites().getAsRange<FlatSymbolRefAttr>()) {
    auto stream = design.lookupSymbol<StreamOp>(end);
    if (!stream || !stream.getType()) return emitOpError("names no stream of words: ") << end;
    written.push_back(*stream.getType());
  }
  size_t next = reads;
  for (auto name : getMemories().getAsRange<FlatSymbolRefAttr>()) {
    auto memory = design.lookupSymbol<MemoryOp>(name);
    if (!memory || !memory.getType()) return emitOpError("names no memory with a type: ") << name;
    if (next >= block.getNumArguments() || block.getArgument(next).getType() != memory.getType())
      return emitArgument(next, *memory.getType());
    ++next;
  }
  size_t fields = getFields() ? getFields()->size() : 0;
  for (size_t i = 0; i < fields; ++i, ++next)
    if (next >= block.getNumArguments() || !isa<RankedTensorType>(block.getArgument(next).getType()))
      return emitOpError("argument ") << next << " of the body must be the tensor of a field";
  if (next + 1 != block.getNumArguments() || !block.getArgument(next).getType().isIndex())
    return emitOpError("the last of ") << next + 1 << " arguments of the body must be the layer, an index";
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getValues().getTypes() != TypeRange(written))
    return emitOpError("body must yield one itensor for each write, of the stream's type");
  return success();
}

}  // namespace streamtensor::compiler::dataflow
