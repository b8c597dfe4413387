// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/design_index.h"

#include <algorithm>
#include <cctype>

#include "compiler/targets/hls/literals.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

namespace streamtensor::compiler::hls {
namespace {

// Words of C++, what its headers define, and the arrays of ConstantPool.
bool IsTaken(llvm::StringRef name) {
  static const llvm::StringSet<> taken = {
      "alignas", "alignof",   "and",     "asm",       "auto",   "bool",      "break",    "case",
      "catch",   "char",      "class",   "compl",     "const",  "constexpr", "continue", "decltype",
      "default", "delete",    "do",      "double",    "else",   "enum",      "explicit", "export",
      "extern",  "false",     "float",   "for",       "friend", "goto",      "if",       "inline",
      "int",     "long",      "mutable", "namespace", "new",    "not",       "operator", "or",
      "private", "protected", "public",  "register",  "return", "short",     "signed",   "sizeof",
      "static",  "struct",    "switch",  "template",  "this",   "throw",     "true",     "try",
      "typedef", "typename",  "union",   "unsigned",  "using",  "virtual",   "void",     "volatile",
      "while",   "xor",       "main",    "st",        "hls",    "std",       "half",     "linux",
      "unix",    "bitand",    "bitor",   "nullptr",   "typeid", "noexcept",  "int8_t",   "int16_t",
      "int32_t", "int64_t",   "uint8_t", "uint16_t",  "size_t", "uint32_t",  "uint64_t"};
  if (taken.contains(name)) return true;
  return name.consume_front("literal") && !name.empty() && llvm::all_of(name, llvm::isDigit);
}

}  // namespace

DesignIndex::DesignIndex(dataflow::DesignOp design)
    : design_(design),
      symbols_(design),
      bound_t_(std::max<int64_t>(design.getBound("T"), 1)),
      bound_w_(design.getBound("W")) {
  for (mlir::Operation& op : design.getBody().front()) {
    if (auto stream = llvm::dyn_cast<dataflow::StreamOp>(op)) {
      streams_.push_back(stream);
    } else if (auto memory = llvm::dyn_cast<dataflow::MemoryOp>(op)) {
      memories_.push_back(memory);
    } else if (auto process = llvm::dyn_cast<dataflow::ProcessOpInterface>(op)) {
      processes_.push_back(process);
    }
  }
}

mlir::FailureOr<DesignIndex> DesignIndex::Create(dataflow::DesignOp design) {
  DesignIndex index(design);
  if (mlir::failed(index.CheckMemories()) || mlir::failed(index.FindPackets())) return mlir::failure();
  return index;
}

mlir::LogicalResult DesignIndex::CheckMemories() {
  for (dataflow::MemoryOp memory : memories_) {
    if (!memory.getIndex()) return memory.emitOpError("has no argument index; assign-channels gives it one");
    if (!memory.getBank()) return memory.emitOpError("has no memory bank; assign-channels gives it one");
  }
  std::sort(memories_.begin(), memories_.end(),
            [](dataflow::MemoryOp a, dataflow::MemoryOp b) { return *a.getIndex() < *b.getIndex(); });
  for (auto [index, memory] : llvm::enumerate(memories_)) {
    if (*memory.getIndex() != static_cast<uint64_t>(index)) {
      return memory.emitOpError("has argument index ")
             << *memory.getIndex() << " where " << index << " is next";
    }
  }
  for (llvm::StringRef role : {"descriptor", "status"}) {
    const auto count =
        llvm::count_if(memories_, [&](dataflow::MemoryOp memory) { return memory.getRole() == role; });
    if (count != 1) return design_.emitOpError("needs one memory of role ") << role << ", has " << count;
  }
  return mlir::success();
}

// Frames and weight blocks, of which the text has one type and one array.
mlir::LogicalResult DesignIndex::FindPackets() {
  for (dataflow::ProcessOpInterface process : processes_) {
    const dataflow::ProcessEnds ends = symbols_.EndsOf(process);
    for (dataflow::StreamOp stream : ends.reads_of(dataflow::ChannelKind::frames)) {
      const auto words = static_cast<int64_t>(*stream.getWords());
      if (frame_words_ != 0 && frame_words_ != words) {
        return stream.emitOpError("has frames of ")
               << words << " words, another of " << frame_words_ << "; they have one type";
      }
      frame_words_ = words;
    }
    const auto blocks = ends.reads_of(dataflow::ChannelKind::blocks);
    if (blocks.empty()) continue;
    if (!weight_streams_.empty()) {
      return process->emitOpError("is the second process that takes packed weights; one is emitted");
    }
    weight_streams_.assign(blocks.begin(), blocks.end());
  }
  return mlir::success();
}

std::string DesignIndex::Name(llvm::StringRef symbol) const {
  std::string name;
  for (char c : symbol) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) name = "n" + name;
  if (IsTaken(name) || dataflow::DesignOp(design_).getSymName() == name) name += "_";
  return name;
}

std::string DesignIndex::StreamText(dataflow::StreamOp stream) const {
  const auto found = llvm::find(weight_streams_, stream);
  if (found == weight_streams_.end()) return Name(stream.getSymName());
  return "weights[" + std::to_string(found - weight_streams_.begin()) + "]";
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
