// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/connections.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"

namespace streamtensor::schedule {
DesignCode FindConnections(llvm::Function& top, const std::vector<llvm::Function*>& processes,
                           const std::vector<Channel>& channels) {
  DesignCode design;
  const llvm::DataLayout& layout = top.getParent()->getDataLayout();
  std::map<const llvm::Value*, CodeArgument> locals;
  size_t next = 0;
  for (llvm::Instruction& instruction : llvm::instructions(top)) {
    const auto* local = llvm::dyn_cast<llvm::AllocaInst>(&instruction);
    if (!local || next == channels.size() || local->getName() != channels[next].name) continue;
    const Channel& channel = channels[next++];
    llvm::Type* type = local->getAllocatedType();
    while (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) type = array->getElementType();
    locals[local] = {CodeArgument::Kind::kChannel, static_cast<int32_t>(design.channels.size()),
                     static_cast<int64_t>(layout.getTypeAllocSize(type).getFixedValue())};
    for (int64_t i = 0; i < channel.instances; ++i) {
      design.channels.push_back(
          {channel.instances > 1 ? absl::StrCat(channel.name, "[", i, "]") : channel.name, channel.blocks,
           channel.depth, channel.bits});
    }
  }
  for (const llvm::Argument& argument : top.args()) design.memories.push_back(argument.getName().str());
  for (llvm::Instruction& instruction : llvm::instructions(top)) {
    const auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    const auto process = call ? llvm::find(processes, call->getCalledFunction()) : processes.end();
    if (process == processes.end()) continue;
    CodeCall& made = design.calls.emplace_back();
    made.process = static_cast<int32_t>(process - processes.begin());
    for (const llvm::Value* given : call->args()) {
      CodeArgument& argument = made.arguments.emplace_back();
      if (!given->getType()->isPointerTy()) continue;
      llvm::APInt offset(layout.getIndexTypeSizeInBits(given->getType()), 0);
      const llvm::Value* base = given->stripAndAccumulateConstantOffsets(layout, offset, true);
      if (const auto found = locals.find(base); found != locals.end()) {
        argument = found->second;
        if (argument.stride > 0)
          argument.first += static_cast<int32_t>(offset.getSExtValue() / argument.stride);
      } else if (const auto* memory = llvm::dyn_cast<llvm::Argument>(ObjectOf(given))) {
        argument.kind = CodeArgument::Kind::kMemory;
        argument.first = static_cast<int32_t>(memory->getArgNo());
      }
    }
  }
  return design;
}

}  // namespace streamtensor::schedule
