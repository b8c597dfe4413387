// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/directives.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Metadata.h"

namespace streamtensor::schedule {
namespace {

constexpr char kObjectName[] = "st.name";

// The option `key` of a pragma's text, as in "array_partition variable=a dim=2 complete".
class Options {
 public:
  Options(llvm::StringRef text, int64_t symbolic) : symbolic_(symbolic) {
    text.split(words_, ' ', -1, false);
  }
  llvm::StringRef directive() const { return words_.empty() ? "" : words_[0]; }
  // As an option or as the value of one; a variable may be called like an option.
  bool Has(llvm::StringRef word) const {
    for (llvm::StringRef w : words_) {
      if (w == word || (w.split('=').second == word && !w.starts_with("variable="))) return true;
    }
    return false;
  }
  std::optional<llvm::StringRef> Text(llvm::StringRef key) const {
    for (llvm::StringRef w : words_) {
      const auto [name, value] = w.split('=');
      if (name == key) return value;
    }
    return std::nullopt;
  }
  int64_t Number(llvm::StringRef key, int64_t absent) const {
    const std::optional<llvm::StringRef> text = Text(key);
    if (!text) return absent;
    int64_t value = 0;
    return text->getAsInteger(10, value) ? symbolic_ : value;
  }

 private:
  llvm::SmallVector<llvm::StringRef> words_;
  const int64_t symbolic_;
};

// The object's number of array dimensions; 1 if it is not an array of known shape.
int64_t Dimensions(const llvm::Value* object) {
  llvm::Type* type = nullptr;
  if (auto* local = llvm::dyn_cast<llvm::AllocaInst>(object)) type = local->getAllocatedType();
  if (auto* global = llvm::dyn_cast<llvm::GlobalVariable>(object)) type = global->getValueType();
  int64_t dimensions = 0;
  while (auto* array = llvm::dyn_cast_or_null<llvm::ArrayType>(type)) {
    ++dimensions;
    type = array->getElementType();
  }
  return std::max<int64_t>(dimensions, 1);
}

Partition PartitionOf(const Options& options, const llvm::Value* object) {
  Partition partition;
  partition.dimension = options.Number("dim", 1);
  partition.factor = options.Number("factor", 0);
  if (options.Has("cyclic")) partition.kind = Partition::Kind::kCyclic;
  if (options.Has("block")) partition.kind = Partition::Kind::kBlock;
  if (partition.kind == Partition::Kind::kComplete && Dimensions(object) == 1) partition.dimension = 0;
  return partition;
}

void ApplyToLoop(const Options& options, llvm::Loop& loop) {
  if (options.directive() == "pipeline") {
    if (options.Has("off")) {
      SetLoopDirective(loop, kLoopNoPipeline);
    } else {
      SetLoopDirective(loop, kLoopPipeline, options.Number("ii", 0));
    }
  } else if (options.directive() == "unroll") {
    const int64_t factor = options.Number("factor", 0);
    if (factor > 1) SetLoopDirective(loop, kLoopUnroll, factor);
    if (factor == 0) SetLoopDirective(loop, kLoopUnrollFull);
  } else if (options.directive() == "loop_flatten" && options.Has("off")) {
    SetLoopDirective(loop, kLoopNoFlatten);
  }
}

void ApplyToObject(const Options& options, const llvm::Value* object, ObjectDirectives& directives) {
  if (options.directive() == "array_partition") {
    directives.partitions.push_back(PartitionOf(options, object));
  } else if (options.directive() == "interface") {
    directives.axi |= options.Has("m_axi");
    directives.outstanding = std::max({directives.outstanding, options.Number("num_read_outstanding", 0),
                                       options.Number("num_write_outstanding", 0)});
    directives.burst_beats = std::max({directives.burst_beats, options.Number("max_read_burst_length", 0),
                                       options.Number("max_write_burst_length", 0)});
  } else if (options.directive() == "bind_storage") {
    directives.copies |= options.Has("ram_1wnr");
    directives.uram |= options.Has("uram");
  } else if (options.directive() == "stream") {
    directives.depth = options.Number("depth", 0);
  } else if (options.directive() == "dependence" && !options.Has("intra")) {
    directives.independent |= options.Has("false");
    directives.distance = std::max(directives.distance, options.Number("distance", 0));
  }
}

}  // namespace

std::string ObjectName(const llvm::Value* object) {
  if (auto* instruction = llvm::dyn_cast<llvm::Instruction>(object)) {
    if (const llvm::MDNode* node = instruction->getMetadata(kObjectName)) {
      return llvm::cast<llvm::MDString>(node->getOperand(0))->getString().str();
    }
  }
  return object->hasName() ? object->getName().str() : "unnamed";
}

void SetObjectName(llvm::Instruction& object, llvm::StringRef name) {
  llvm::LLVMContext& context = object.getContext();
  object.setMetadata(kObjectName, llvm::MDNode::get(context, llvm::MDString::get(context, name)));
}

const ObjectDirectives& DirectiveTable::Find(const llvm::Function& function,
                                             const llvm::Value* object) const {
  static const ObjectDirectives none;
  const auto found = objects_.find({&function, ObjectName(object)});
  return found == objects_.end() ? none : found->second;
}

void SetLoopDirective(llvm::Loop& loop, llvm::StringRef key, std::optional<int64_t> value) {
  llvm::LLVMContext& context = loop.getHeader()->getContext();
  llvm::SmallVector<llvm::Metadata*> items = {nullptr};
  if (const llvm::MDNode* old = loop.getLoopID()) {
    for (unsigned i = 1; i < old->getNumOperands(); ++i) {
      const auto* item = llvm::dyn_cast<llvm::MDNode>(old->getOperand(i));
      const auto* name =
          item && item->getNumOperands() != 0 ? llvm::dyn_cast<llvm::MDString>(item->getOperand(0)) : nullptr;
      // clang -O1 disables unrolling of each loop.
      if (name && (name->getString() == key || name->getString() == "llvm.loop.unroll.disable")) continue;
      items.push_back(old->getOperand(i));
    }
  }
  llvm::SmallVector<llvm::Metadata*> added = {llvm::MDString::get(context, key)};
  if (value) {
    added.push_back(llvm::ConstantAsMetadata::get(
        llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), static_cast<uint64_t>(*value))));
  }
  items.push_back(llvm::MDNode::get(context, added));
  llvm::MDNode* id = llvm::MDNode::getDistinct(context, items);
  id->replaceOperandWith(0, id);
  loop.setLoopID(id);
}

std::optional<int64_t> LoopDirective(const llvm::Loop& loop, llvm::StringRef key) {
  const llvm::MDNode* id = loop.getLoopID();
  if (!id) return std::nullopt;
  for (unsigned i = 1; i < id->getNumOperands(); ++i) {
    const auto* item = llvm::dyn_cast<llvm::MDNode>(id->getOperand(i));
    if (!item || item->getNumOperands() == 0) continue;
    const auto* name = llvm::dyn_cast<llvm::MDString>(item->getOperand(0));
    if (!name || name->getString() != key) continue;
    if (item->getNumOperands() < 2) return 0;
    return llvm::mdconst::extract<llvm::ConstantInt>(item->getOperand(1))->getSExtValue();
  }
  return std::nullopt;
}

std::string PragmaOption(llvm::StringRef text, llvm::StringRef option) {
  return Options(text, 0).Text(option).value_or("").str();
}

void ApplyPragma(llvm::StringRef text, int64_t symbolic, llvm::Function& function, llvm::Loop* loop,
                 llvm::Value* object, DirectiveTable& table) {
  const Options options(text, symbolic);
  if (loop) ApplyToLoop(options, *loop);
  if (!object) return;
  const std::string name = ObjectName(object);
  if (auto* instruction = llvm::dyn_cast<llvm::Instruction>(object)) SetObjectName(*instruction, name);
  ApplyToObject(options, object, table.At(function, name));
}

}  // namespace streamtensor::schedule
