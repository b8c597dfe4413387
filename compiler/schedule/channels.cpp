// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/channels.h"

#include <algorithm>
#include <optional>

#include "compiler/schedule/preparation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"

namespace streamtensor::schedule {
namespace {

// Of hls::stream and hls::stream_of_blocks without a depth (UG1399).
constexpr int64_t kDefaultDepth = 2;

// A type of the stand-ins in vitis/: { element } or { { element }, char[depth] }.
struct Declared {
  llvm::Type* element = nullptr;
  int64_t depth = kDefaultDepth;
};

std::optional<Declared> DeclaredBy(llvm::StructType& type) {
  if (type.getNumElements() == 0) return std::nullopt;
  Declared declared;
  llvm::Type* first = type.getElementType(0);
  auto* base = llvm::dyn_cast<llvm::StructType>(first);
  const bool derived = base && base->hasName() && base->getName().starts_with("class.hls::stream");
  if (!derived) {
    declared.element = first;
    return declared;
  }
  if (base->getNumElements() == 0) return std::nullopt;
  declared.element = base->getElementType(0);
  if (type.getNumElements() > 1) {
    if (auto* depth = llvm::dyn_cast<llvm::ArrayType>(type.getElementType(1))) {
      declared.depth = static_cast<int64_t>(depth->getNumElements());
    }
  }
  return declared;
}

std::optional<Channel> ChannelOf(const llvm::AllocaInst& local, bool uram, const DeviceCosts& costs) {
  Channel channel;
  llvm::Type* type = local.getAllocatedType();
  while (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
    channel.instances *= static_cast<int64_t>(array->getNumElements());
    type = array->getElementType();
  }
  auto* structure = llvm::dyn_cast<llvm::StructType>(type);
  if (!structure || !structure->hasName() || !structure->getName().starts_with("class.hls::stream")) {
    return std::nullopt;
  }
  const std::optional<Declared> declared = DeclaredBy(*structure);
  if (!declared) return std::nullopt;
  channel.name = local.getName().str();
  channel.blocks = structure->getName().starts_with("class.hls::stream_of_blocks");
  channel.depth = declared->depth;
  llvm::Type* element = declared->element;
  while (channel.blocks && llvm::isa<llvm::ArrayType>(element)) {
    channel.words *= static_cast<int64_t>(element->getArrayNumElements());
    element = element->getArrayElementType();
  }
  const llvm::DataLayout& layout = local.getModule()->getDataLayout();
  channel.bits = static_cast<int64_t>(layout.getTypeStoreSizeInBits(element).getFixedValue());
  Area area;
  if (channel.blocks) {
    const Area block = MemoryArea(channel.words, channel.bits, uram, costs.storage);
    for (int64_t i = 0; i < channel.depth; ++i) area += block;
  } else {
    area = FifoArea(channel.depth, channel.bits, costs, uram ? FifoStorage::kUltraRam : FifoStorage::kAuto);
  }
  for (int64_t i = 0; i < channel.instances; ++i) channel.area += area;
  return channel;
}

}  // namespace

const llvm::Value* ObjectOf(const llvm::Value* operand) {
  for (;;) {
    const llvm::Value* object = llvm::getUnderlyingObject(operand, 0);
    const auto* load = llvm::dyn_cast<llvm::LoadInst>(object);
    if (!load) return object;
    const auto* local =
        llvm::dyn_cast<llvm::AllocaInst>(llvm::getUnderlyingObject(load->getPointerOperand(), 0));
    const llvm::StoreInst* only = nullptr;
    for (const llvm::User* user :
         local ? local->users() : llvm::iterator_range<llvm::Value::const_user_iterator>({}, {})) {
      const auto* store = llvm::dyn_cast<llvm::StoreInst>(user);
      if (!store || store->getPointerOperand() != local) continue;
      if (only) return object;
      only = store;
    }
    if (!only) return object;
    operand = only->getValueOperand();
  }
}

std::vector<Channel> FindChannels(llvm::Function& top, const DirectiveTable& directives,
                                  const DeviceCosts& costs) {
  std::vector<Channel> channels;
  std::vector<const llvm::Value*> objects;
  for (const llvm::Instruction& instruction : llvm::instructions(top)) {
    const auto* local = llvm::dyn_cast<llvm::AllocaInst>(&instruction);
    if (!local) continue;
    std::optional<Channel> channel = ChannelOf(*local, directives.Find(top, local).uram, costs);
    if (!channel) continue;
    channels.push_back(*std::move(channel));
    objects.push_back(local);
  }
  for (const llvm::Instruction& instruction : llvm::instructions(top)) {
    const auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    if (!call || !IsProcessCall(*call)) continue;
    const std::string process = PlainName(*call->getCalledFunction());
    for (const llvm::Value* operand : call->args()) {
      const auto found = std::find(objects.begin(), objects.end(), ObjectOf(operand));
      if (found == objects.end()) continue;
      std::vector<std::string>& users = channels[static_cast<size_t>(found - objects.begin())].processes;
      if (!llvm::is_contained(users, process)) users.push_back(process);
    }
  }
  return channels;
}

}  // namespace streamtensor::schedule
