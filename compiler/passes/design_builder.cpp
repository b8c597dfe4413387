// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/design_builder.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace streamtensor::compiler {

using namespace mlir;

namespace {

// Header streams hold two words: the fan-out goes on while a process is busy with the first.
constexpr int64_t kHeaderDepth = 2;

}  // namespace

std::string DesignBuilder::unique(std::string hint) {
  int count = ++taken_[hint];
  if (count == 1) return hint;
  return unique(hint + "_" + std::to_string(count));
}

DesignBuilder::Process& DesignBuilder::AddProcess(StringRef hint, dataflow::ProcessKind kind,
                                                  dataflow::Section section) {
  auto process = std::make_unique<Process>();
  process->name = unique(hint.str());
  process->kind = kind;
  process->section = section;
  processes_.push_back(std::move(process));
  return *processes_.back();
}

std::string DesignBuilder::AddStream(Process& source, Process& sink, dataflow::ChannelKind kind, Type type,
                                     int64_t words, int64_t depth) {
  std::string name = unique(source.name + "_to_" + sink.name);
  streams_.push_back({name, source.name, sink.name, kind, type, words, depth});
  source.writes.push_back(name);
  sink.reads.push_back(name);
  return name;
}

std::string DesignBuilder::AddMemory(Process& owner, StringRef hint, StringRef role,
                                     ArrayRef<NamedAttribute> attributes) {
  std::string name = unique(hint.str());
  memories_.push_back({name, role.str(), {attributes.begin(), attributes.end()}});
  owner.memories.push_back(name);
  return name;
}

ArrayAttr DesignBuilder::symbolRefs(const std::vector<std::string>& names) {
  SmallVector<Attribute> refs;
  for (const std::string& name : names) refs.push_back(FlatSymbolRefAttr::get(builder_.getContext(), name));
  return builder_.getArrayAttr(refs);
}

dataflow::DesignOp DesignBuilder::Write(ModuleOp module, StringRef name, int64_t layers,
                                        DictionaryAttr symbols, int64_t max_pages, int64_t vocabulary) {
  Location loc = module.getLoc();
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  auto design = b.create<dataflow::DesignOp>(loc, name, layers, symbols, max_pages, vocabulary);
  b.setInsertionPointToStart(&design.getBody().emplaceBlock());

  Process& header = AddProcess("header", dataflow::ProcessKind::header, dataflow::Section::prologue);
  header.takes_header = false;
  AddMemory(header, "descriptor", "descriptor");
  AddMemory(header, "status", "status");
  llvm::StringMap<std::string> header_streams;
  for (auto& process : processes_) {
    if (!process->takes_header) continue;
    std::string stream = unique("header_to_" + process->name);
    header.writes.push_back(stream);
    streams_.push_back(
        {stream, header.name, process->name, dataflow::ChannelKind::header, {}, 0, kHeaderDepth});
    header_streams[process->name] = stream;
  }
  for (Memory& memory : memories_) {
    memory.attributes.push_back(b.getNamedAttr("sym_name", b.getStringAttr(memory.name)));
    memory.attributes.push_back(b.getNamedAttr("role", b.getStringAttr(memory.role)));
    OperationState state(loc, dataflow::MemoryOp::getOperationName());
    state.addAttributes(memory.attributes);
    b.create(state);
  }
  for (const Stream& stream : streams_) {
    b.create<dataflow::StreamOp>(loc, stream.name, stream.kind, stream.depth, stream.source, stream.sink,
                                 stream.type ? TypeAttr::get(stream.type) : TypeAttr(),
                                 stream.words ? b.getI64IntegerAttr(stream.words) : IntegerAttr(),
                                 /*minimum=*/IntegerAttr(), /*role=*/StringAttr());
  }
  for (auto& process : processes_) writeProcess(b, *process, header_streams[process->name]);
  return design;
}

void DesignBuilder::writeProcess(OpBuilder& b, Process& process, StringRef header_stream) {
  std::vector<std::string> reads = process.reads;
  if (!header_stream.empty()) reads.insert(reads.begin(), header_stream.str());
  bool is_all = process.section == dataflow::Section::all;
  auto list = [&](const std::vector<Attribute>& ops) { return is_all ? b.getArrayAttr(ops) : ArrayAttr(); };
  SmallVector<StringRef> fields(process.fields.begin(), process.fields.end());
  auto op = b.create<dataflow::ProcessOp>(
      b.getUnknownLoc(), process.name, process.kind, process.section, symbolRefs(reads),
      symbolRefs(process.writes), symbolRefs(process.memories),
      fields.empty() ? ArrayAttr() : b.getStrArrayAttr(fields), list(process.prologue), list(process.layer),
      list(process.epilogue), process.config);
  if (process.body) writeBody(op, process);
}

// The kernel's body with its arguments in the process' order: streams, memories, fields, layer.
void DesignBuilder::writeBody(dataflow::ProcessOp op, Process& process) {
  dataflow::KernelOp kernel = process.body;
  Block& block = op.getBody().emplaceBlock();
  IRMapping mapping;
  auto rank = [&](Value input) {
    if (isa<itensor::ITensorType>(input.getType())) return 0;
    if (input.getType().isIndex()) return 3;
    auto argument = dyn_cast<BlockArgument>(input);
    auto function = dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
    return function.getArgAttr(argument.getArgNumber(), dataflow::kFieldAttr) ? 2 : 1;
  };
  Value layer;
  for (int wanted = 0; wanted < 4; ++wanted)
    for (auto [input, argument] : llvm::zip_equal(kernel.getInputs(), kernel.getBody().getArguments())) {
      if (rank(input) != wanted) continue;
      Value added = block.addArgument(argument.getType(), argument.getLoc());
      if (wanted == 3) layer = added;
      mapping.map(argument, added);
    }
  if (!layer) block.addArgument(IndexType::get(op.getContext()), op.getLoc());
  OpBuilder b = OpBuilder::atBlockEnd(&block);
  for (Operation& inner : kernel.getBody().front()) b.clone(inner, mapping);
}

}  // namespace streamtensor::compiler
