// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "compiler/dialects/dataflow/memory_role.h"
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
    if (!ParseRowSymbol(symbol.getName().getValue()))
      return emitOpError("bounds ") << symbol.getName()
                                    << ", which no step header carries; symbols are T and W";
    auto bound = dyn_cast<IntegerAttr>(symbol.getValue());
    if (!bound || bound.getInt() < 1 || bound.getInt() > contract::kMaxStepTokens)
      return emitOpError("symbol ") << symbol.getName() << " needs a bound of 1.." << contract::kMaxStepTokens
                                    << ", got " << symbol.getValue();
  }
  const auto max_pages = static_cast<int64_t>(getMaxPages());
  if (max_pages < 0 || max_pages > contract::kMaxSlotPages)
    return emitOpError("max_pages must be 0..") << contract::kMaxSlotPages << ", got " << max_pages;
  if (static_cast<int64_t>(getVocabulary()) < 0)
    return emitOpError("vocabulary must not be negative, got ") << static_cast<int64_t>(getVocabulary());
  return success();
}

namespace {

// Every stream joins exactly the two processes it names, and every process holds only ends that
// name it: what the text's dataflow region must be.
class EndsCheck {
 public:
  explicit EndsCheck(DesignOp design) : design_(design), symbols_(design) {}

  LogicalResult Run() {
    for (auto process : design_.getBody().getOps<ProcessOpInterface>()) {
      if (failed(TakeEnds(process, process.getReads(), true)) ||
          failed(TakeEnds(process, process.getWrites(), false)) || failed(TakeMemories(process)))
        return failure();
    }
    for (auto stream : design_.getBody().getOps<StreamOp>()) {
      const bool read = read_ends_.contains(stream.getSymName());
      if (!read || !write_ends_.contains(stream.getSymName()))
        return stream.emitOpError("has no process at its ") << (read ? "write" : "read") << " end";
      if (failed(CheckSymbols(stream))) return failure();
    }
    for (auto memory : design_.getBody().getOps<MemoryOp>())
      if (!memories_.contains(memory.getSymName())) return memory.emitOpError("belongs to no process");
    for (auto process : design_.getBody().getOps<ProcessOpInterface>())
      if (failed(process.verifyEnds(symbols_.EndsOf(process)))) return failure();
    return success();
  }

 private:
  LogicalResult TakeEnds(ProcessOpInterface process, ArrayAttr ends, bool reads) {
    llvm::StringSet<>& taken = reads ? read_ends_ : write_ends_;
    const StringRef what = reads ? "read" : "write";
    for (auto end : ends.getAsRange<FlatSymbolRefAttr>()) {
      StreamOp stream = symbols_.stream(end.getValue());
      if (!stream) return process->emitOpError("names no stream: ") << end;
      const StringRef owner = reads ? stream.getSink() : stream.getSource();
      if (owner != process.getSymName())
        return process->emitOpError("holds the ")
               << what << " end of " << end << ", which belongs to @" << owner;
      if (!taken.insert(end.getValue()).second)
        return process->emitOpError("holds the ") << what << " end of " << end << " twice";
    }
    return success();
  }

  LogicalResult TakeMemories(ProcessOpInterface process) {
    for (auto name : process.getMemories().getAsRange<FlatSymbolRefAttr>()) {
      if (!symbols_.memory(name.getValue())) return process->emitOpError("names no memory: ") << name;
      if (!memories_.insert(name.getValue()).second)
        return process->emitOpError("uses ")
               << name << ", which belongs to another process; a pointer has one owner";
    }
    return success();
  }

  // A type's bound is the design's: buffers and proofs go by it.
  LogicalResult CheckSymbols(StreamOp stream) {
    auto type = dyn_cast_or_null<itensor::ITensorType>(stream.getType().value_or(Type()));
    if (!type) return success();
    for (unsigned loop = 0; loop < type.getNumLoops(); ++loop) {
      if (!type.isSymbolic(loop)) continue;
      const StringRef symbol = type.getTripSymbols()[loop].getValue();
      if (type.getTripBounds()[loop] != design_.getBound(symbol))
        return stream.emitOpError("counts ") << symbol << " up to " << type.getTripBounds()[loop]
                                             << ", but the design's bound is " << design_.getBound(symbol);
    }
    return success();
  }

  DesignOp design_;
  DesignSymbols symbols_;
  llvm::StringSet<> read_ends_, write_ends_, memories_;
};

}  // namespace

LogicalResult DesignOp::verifyRegions() {
  for (Operation& op : getBody().front())
    if (!isa<StreamOp, MemoryOp, ProcessOpInterface>(op))
      return op.emitOpError("must not stand in a design; only streams, memories and processes may");
  return EndsCheck(*this).Run();
}

LogicalResult MemoryOp::verify() {
  if (!llvm::is_contained(kMemoryRoles, getRole())) {
    auto diagnostic = emitOpError("has unknown role \"") << getRole() << "\"; one of";
    for (StringRef role : kMemoryRoles) diagnostic << ' ' << role;
    return diagnostic;
  }
  // How many banks there are is the platform's to say (DataflowDialect::verifyOperationAttribute).
  if (getBank() && static_cast<int64_t>(*getBank()) < 0)
    return emitOpError("bank must be at least 0, got ") << static_cast<int64_t>(*getBank());
  if (getRole() == "constants" && (!getWeight() || !getPart() || !getType()))
    return emitOpError("of role constants needs the attributes weight, part and type");
  if ((getRole() == "input" || getRole() == "output" || getRole() == "logits") && !getType())
    return emitOpError("of role \"") << getRole() << "\" needs the type of its tensor";
  if (getRole() == "weights" && !getChannel()) return emitOpError("of weights needs its channel number");
  return success();
}

LogicalResult StreamOp::verify() {
  if (static_cast<int64_t>(getDepth()) < 1)
    return emitOpError("depth must be at least 1, got ") << getDepth();
  bool isWords = getKind() == ChannelKind::words;
  auto type = dyn_cast_or_null<itensor::ITensorType>(getType().value_or(Type()));
  if (isWords ? !type : getType().has_value())
    return emitOpError(isWords ? "of words needs the type of its itensor" : "of this kind has no type");
  if (type)
    for (unsigned loop = 0; loop < type.getNumLoops(); ++loop)
      if (type.isSymbolic(loop) && !ParseRowSymbol(type.getTripSymbols()[loop].getValue()))
        return emitOpError("counts ")
               << type.getTripSymbols()[loop] << ", which no step header carries; symbols are T and W";
  bool isPacket = getKind() == ChannelKind::blocks || getKind() == ChannelKind::frames;
  if (isPacket != getWords().has_value())
    return emitOpError(isPacket ? "of packets needs the attribute words" : "of this kind has no `words`");
  if (getWords() && static_cast<int64_t>(*getWords()) < 1)
    return emitOpError("words must be at least 1, got ") << *getWords();
  if (getSource() == getSink()) return emitOpError("joins @") << getSource() << " to itself";
  return success();
}

}  // namespace streamtensor::compiler::dataflow
