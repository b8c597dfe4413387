// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/network.h"

#include <algorithm>
#include <cctype>

#include "compiler/targets/hls/literals.h"
#include "kernels/contract/tiles.h"
#include "llvm/ADT/StringSet.h"

namespace streamtensor::compiler::hls {
namespace {

bool IsTaken(llvm::StringRef name) {
  static const llvm::StringSet<> taken = {
      "alignas", "alignof", "and", "asm", "auto", "bool", "break", "case", "catch", "char", "class", "compl",
      "const", "constexpr", "continue", "decltype", "default", "delete", "do", "double", "else", "enum",
      "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if", "inline", "int",
      "long", "mutable", "namespace", "new", "not", "operator", "or", "private", "protected", "public",
      "register", "return", "short", "signed", "sizeof", "static", "struct", "switch", "template", "this",
      "throw", "true", "try", "typedef", "typename", "union", "unsigned", "using", "virtual", "void",
      "volatile", "while", "xor", "main", "st", "hls", "std", "half", "linux", "unix",
      // Made by the emitter beside the IR's processes and streams.
      "header_words", "page_table", "header_fan_out", "header_status", "write_status"};
  return taken.contains(name);
}

}  // namespace

std::string RowCount::SymbolText() const { return symbol.empty() ? "st::ROWS_FIXED" : "st::ROWS_" + symbol; }

std::string RowCount::CountText() const {
  return symbol.empty() ? std::to_string(fixed) : *ExtentText(symbol);
}

std::optional<std::string> ExtentText(llvm::StringRef symbol) {
  if (symbol == "T") return "header.tokens";
  if (symbol == "W") return "header.logits";
  return std::nullopt;
}

std::optional<RowCount> ParseRows(mlir::Attribute attribute) {
  if (auto number = llvm::dyn_cast_or_null<mlir::IntegerAttr>(attribute)) {
    return RowCount{"", number.getInt()};
  }
  if (auto symbol = llvm::dyn_cast_or_null<mlir::StringAttr>(attribute)) {
    if (ExtentText(symbol.getValue())) return RowCount{symbol.getValue().str(), 0};
  }
  return std::nullopt;
}

RowCount RowsOfLoop(itensor::ITensorType type, unsigned loop) {
  if (type.isSymbolic(loop)) return RowCount{type.getTripSymbols()[loop].getValue().str(), 0};
  return RowCount{"", type.getTripBounds()[loop]};
}

std::optional<RowLayout> FindRowLayout(itensor::ITensorType type) {
  if (!type.getElementType().isF32() || type.repeats()) return std::nullopt;
  const auto element = type.getElementShape();
  // All but the first data dimension make up a row.
  if (element.empty() || element[0] != 1) return std::nullopt;
  const llvm::SmallVector<int64_t> bounds = type.getDataBounds();
  int64_t width = 1;
  for (int64_t size : llvm::ArrayRef(bounds).drop_front()) width *= size;

  // Loops that do not run are of no account, but the row loop may be one of them.
  llvm::SmallVector<unsigned> loops;
  for (unsigned i = 0; i < type.getNumLoops(); ++i) {
    if (type.isSymbolic(i) || type.getTripBounds()[i] != 1) loops.push_back(i);
  }
  RowLayout layout;
  layout.width = width;
  layout.rows = RowCount{"", 1};
  auto walks_rows = [&](unsigned loop) { return type.getDimOfLoop(loop) == 0 && type.getSteps()[loop] == 1; };
  if (loops.empty() || (loops.size() == 1 && walks_rows(loops[0]) && type.getElementSize() == width)) {
    if (type.getElementSize() != width) return std::nullopt;
    if (!loops.empty()) layout.rows = RowsOfLoop(type, loops[0]);
    layout.order = RowOrder::kRows;
    return layout;
  }
  if (bounds.size() != 2 || element[1] != contract::kTileRows) return std::nullopt;
  auto walks_tiles = [&](unsigned loop) {
    return type.getDimOfLoop(loop) == 1 && type.getSteps()[loop] == contract::kTileRows &&
           !type.isSymbolic(loop);
  };
  if (loops.size() == 1 && walks_tiles(loops[0])) {
    // One row: both orders are the same.
    layout.order = RowOrder::kRows;
    return layout;
  }
  if (loops.size() != 2) return std::nullopt;
  if (walks_tiles(loops[0]) && walks_rows(loops[1])) {
    layout.order = RowOrder::kTiles;
    layout.rows = RowsOfLoop(type, loops[1]);
    return layout;
  }
  if (walks_rows(loops[0]) && walks_tiles(loops[1])) {
    layout.order = RowOrder::kRows;
    layout.rows = RowsOfLoop(type, loops[0]);
    return layout;
  }
  return std::nullopt;
}

mlir::FailureOr<Network> Network::Create(dataflow::DesignOp design) {
  Network network;
  network.design_ = design;
  network.bound_t_ = std::max<int64_t>(design.getBound("T"), 1);
  network.bound_w_ = design.getBound("W");
  if (auto vocabulary = design->getAttrOfType<mlir::IntegerAttr>("vocabulary")) {
    network.vocabulary_ = vocabulary.getInt();
  }
  for (mlir::Operation& op : design.getBody().front()) {
    if (auto stream = llvm::dyn_cast<dataflow::StreamOp>(op)) {
      network.streams_.push_back(stream);
      network.stream_by_name_[stream.getSymName()] = stream;
    } else if (auto memory = llvm::dyn_cast<dataflow::MemoryOp>(op)) {
      network.memories_.push_back(memory);
      network.memory_by_name_[memory.getSymName()] = memory;
    } else if (auto process = llvm::dyn_cast<dataflow::ProcessOp>(op)) {
      network.processes_.push_back(process);
    }
  }
  for (dataflow::MemoryOp memory : network.memories_) {
    if (!memory.getIndex()) return memory.emitOpError("has no argument index; assign-channels gives it one");
  }
  std::sort(network.memories_.begin(), network.memories_.end(),
            [](dataflow::MemoryOp a, dataflow::MemoryOp b) { return *a.getIndex() < *b.getIndex(); });
  for (auto [index, memory] : llvm::enumerate(network.memories_)) {
    if (*memory.getIndex() != static_cast<uint64_t>(index)) {
      return memory.emitOpError("has argument index ")
             << *memory.getIndex() << " where " << index << " is next";
    }
  }
  for (llvm::StringRef role : {"descriptor", "status"}) {
    const auto count = llvm::count_if(network.memories_,
                                      [&](dataflow::MemoryOp memory) { return memory.getRole() == role; });
    if (count != 1) return design.emitOpError("needs one memory of role ") << role << ", has " << count;
  }
  for (dataflow::ProcessOp process : network.processes_) {
    if (process.getKind() != dataflow::ProcessKind::engine) continue;
    if (network.engine_) return process.emitOpError("is a second engine; one is emitted");
    network.engine_ = process;
    for (mlir::Attribute name : process.getReads()) {
      dataflow::StreamOp stream = network.stream(name);
      if (stream.getKind() == dataflow::ChannelKind::blocks) network.weight_streams_.push_back(stream);
      if (stream.getKind() == dataflow::ChannelKind::frames) {
        network.frame_words_ = static_cast<int64_t>(*stream.getWords());
      }
    }
  }
  return network;
}

dataflow::StreamOp Network::stream(mlir::Attribute name) const {
  return stream_by_name_.lookup(llvm::cast<mlir::FlatSymbolRefAttr>(name).getValue());
}

dataflow::MemoryOp Network::memory(mlir::Attribute name) const {
  return memory_by_name_.lookup(llvm::cast<mlir::FlatSymbolRefAttr>(name).getValue());
}

std::string Network::Name(llvm::StringRef symbol) const {
  std::string name;
  for (char c : symbol) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) name = "n" + name;
  if (IsTaken(name) || dataflow::DesignOp(design_).getSymName() == name) name += "_";
  return name;
}

std::optional<std::string> PointerType(dataflow::MemoryOp memory) {
  const llvm::StringRef role = memory.getRole();
  if (role == "descriptor" || role == "weights" || role == "k_read" || role == "v_read") {
    return "const st::word512*";
  }
  if (role == "status") return "st::word512*";
  if (role == "k_write" || role == "v_write") return "uint16_t*";
  if (role == "logits" || role == "output") return "float*";
  if (role == "input") return "const float*";
  auto type = llvm::dyn_cast_or_null<mlir::RankedTensorType>(memory.getType().value_or(mlir::Type()));
  if (!type) return std::nullopt;
  const std::optional<std::string> element = CppType(type.getElementType());
  if (!element) return std::nullopt;
  return "const " + *element + "*";
}

}  // namespace streamtensor::compiler::hls
