// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/design_builder.h"

#include "compiler/processes/ProcessDialect.h"

namespace streamtensor::compiler {

using namespace mlir;
using dataflow::ChannelKind;

namespace {

// Control streams hold two elements: the writer goes on while a process is busy with the first.
constexpr int64_t kControlDepth = 2;

ArrayAttr SymbolRefs(MLIRContext* context, ArrayRef<std::string> names) {
  SmallVector<Attribute> refs;
  for (const std::string& name : names) refs.push_back(FlatSymbolRefAttr::get(context, name));
  return ArrayAttr::get(context, refs);
}

}  // namespace

std::string DesignBuilder::Unique(std::string hint) {
  int count = ++taken_[hint];
  if (count == 1) return hint;
  return Unique(hint + "_" + std::to_string(count));
}

DesignBuilder::Process& DesignBuilder::AddProcess(StringRef hint, OperationName kind,
                                                  std::optional<dataflow::Section> section) {
  processes_.push_back(std::make_unique<Process>(Unique(hint.str()), kind, section));
  return *processes_.back();
}

std::string DesignBuilder::AddStream(Process& source, Process& sink, ChannelKind kind, Type type,
                                     int64_t words, int64_t depth) {
  std::string name = Unique(source.name + "_to_" + sink.name);
  streams_.push_back({name, source.name, sink.name, kind, type, words, depth});
  source.writes.push_back(name);
  sink.reads.push_back(name);
  return name;
}

std::string DesignBuilder::AddMemory(Process& owner, StringRef hint, StringRef role,
                                     ArrayRef<NamedAttribute> attributes) {
  std::string name = Unique(hint.str());
  memories_.push_back({name, role.str(), {attributes.begin(), attributes.end()}});
  owner.memories.push_back(name);
  return name;
}

void DesignBuilder::AddNamedStream(const std::string& name, Process& source, Process& sink,
                                   ChannelKind kind) {
  const std::string unique = Unique(name);
  streams_.push_back({unique, source.name, sink.name, kind, {}, 0, kControlDepth});
  source.writes.push_back(unique);
  // The header's stream is the first that a process reads, the page table's the next.
  auto at = kind == ChannelKind::header  ? sink.reads.begin()
            : kind == ChannelKind::pages ? sink.reads.begin() + 1
                                         : sink.reads.end();
  sink.reads.insert(at, unique);
}

// header -> fan-out -> every process; done tokens -> status.
void DesignBuilder::AddControl() {
  const std::vector<Process*> workers = [&] {
    std::vector<Process*> all;
    for (auto& process : processes_) all.push_back(process.get());
    return all;
  }();
  Process& header = AddProcess<process::HeaderOp>("header");
  Process& fan_out = AddProcess<process::FanOutOp>("header_fan_out");
  Process& status = AddProcess<process::WriteStatusOp>("write_status");
  AddMemory(header, "descriptor", "descriptor");
  AddMemory(status, "status", "status");
  for (Process* worker : workers) {
    if (worker->takes_header)
      AddNamedStream("header_to_" + worker->name, fan_out, *worker, ChannelKind::header);
  }
  AddNamedStream("header_words", header, fan_out, ChannelKind::header);
  AddNamedStream("header_status", fan_out, status, ChannelKind::header);
  for (Process* worker : workers) {
    if (worker->reads_pages) AddNamedStream("page_table", header, *worker, ChannelKind::pages);
  }
  for (Process* worker : workers) {
    if (worker->sends_done) AddNamedStream("done_" + worker->name, *worker, status, ChannelKind::done);
  }
}

dataflow::DesignOp DesignBuilder::Write(ModuleOp module, StringRef name, int64_t layers,
                                        DictionaryAttr symbols, int64_t max_pages, int64_t vocabulary) {
  AddControl();
  Location loc = module.getLoc();
  builder_.setInsertionPointToEnd(module.getBody());
  auto design = builder_.create<dataflow::DesignOp>(loc, name, layers, symbols, max_pages, vocabulary);
  builder_.setInsertionPointToStart(&design.getBody().emplaceBlock());
  for (Memory& memory : memories_) {
    memory.attributes.push_back(builder_.getNamedAttr("sym_name", builder_.getStringAttr(memory.name)));
    memory.attributes.push_back(builder_.getNamedAttr("role", builder_.getStringAttr(memory.role)));
    OperationState state(loc, dataflow::MemoryOp::getOperationName());
    state.addAttributes(memory.attributes);
    builder_.create(state);
  }
  for (const Stream& stream : streams_) {
    builder_.create<dataflow::StreamOp>(
        loc, stream.name, stream.kind, stream.depth, stream.source, stream.sink,
        stream.type ? TypeAttr::get(stream.type) : TypeAttr(),
        stream.words ? builder_.getI64IntegerAttr(stream.words) : IntegerAttr(),
        /*minimum=*/IntegerAttr(), /*role=*/StringAttr());
  }
  for (auto& process : processes_) WriteProcess(*process);
  return design;
}

void DesignBuilder::WriteProcess(Process& process) {
  MLIRContext* context = builder_.getContext();
  OperationState state(builder_.getUnknownLoc(), process.kind);
  state.addAttributes(process.attributes);
  state.addAttribute("sym_name", builder_.getStringAttr(process.name));
  state.addAttribute("reads", SymbolRefs(context, process.reads));
  state.addAttribute("writes", SymbolRefs(context, process.writes));
  state.addAttribute("memories", SymbolRefs(context, process.memories));
  if (process.section && llvm::is_contained(process.kind.getAttributeNames(), "section"))
    state.addAttribute("section", dataflow::SectionAttr::get(context, *process.section));
  if (process.fill) state.addRegion();
  Operation* op = builder_.create(state);
  if (process.fill) process.fill(op);
}

}  // namespace streamtensor::compiler
