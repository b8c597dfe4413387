// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "compiler/dialects/dataflow/memory_role.h"
#include "compiler/passes/Passes.h"
#include "kernels/contract/limits.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_ASSIGNCHANNELS
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using dataflow::MemoryOp;

class AssignChannelsPass : public impl::AssignChannelsBase<AssignChannelsPass> {
 public:
  using AssignChannelsBase::AssignChannelsBase;

 private:
  void runOnOperation() override {
    platform_ = dataflow::PlatformOf(getOperation());
    if (!platform_) {
      getOperation().emitError("names no platform, so there are no memory banks; attach-platform sets one");
      return signalPassFailure();
    }
    WalkResult walk = getOperation().walk([&](dataflow::DesignOp design) {
      return failed(assign(design)) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (walk.wasInterrupted()) signalPassFailure();
  }

  LogicalResult assign(dataflow::DesignOp design) {
    SmallVector<MemoryOp> memories = inArgumentOrder(design);
    Builder builder(&getContext());
    for (auto [index, memory] : llvm::enumerate(memories))
      memory.setIndexAttr(builder.getI64IntegerAttr(index));

    const int64_t banks = platform_.getBanks();
    bytes_.assign(banks, 0);
    int64_t channels =
        llvm::count_if(memories, [](MemoryOp memory) { return memory.getRole() == "weights"; });
    const llvm::DenseMap<MemoryOp, int64_t> bytes = bytesOf(design);
    for (MemoryOp memory : memories) {
      if (memory.getRole() != "weights") continue;
      // Spread evenly, so that no two channels share a bank while there are enough.
      int64_t bank = static_cast<int64_t>(*memory.getChannel()) * banks / channels;
      if (failed(place(memory, bank % banks, bytes.at(memory)))) return failure();
    }
    // Both pointers of a pool are one buffer, which lies in one bank.
    llvm::StringMap<int64_t> pools;
    for (MemoryOp memory : memories) {
      if (memory.getRole() == "weights") continue;
      const StringRef pool_name = dataflow::PoolOf(memory.getRole());
      if (pool_name.empty()) {
        if (failed(place(memory, emptiest(), bytes.at(memory)))) return failure();
        continue;
      }
      // How many pages there are is the host's choice: a pool counts as half a bank.
      auto [pool, is_new] = pools.try_emplace(pool_name, 0);
      if (is_new) pool->second = emptiest();
      if (failed(place(memory, pool->second, is_new ? platform_.getBankBytes() / 2 : 0))) return failure();
    }
    return success();
  }

  // Of each memory, as its owner says.
  static llvm::DenseMap<MemoryOp, int64_t> bytesOf(dataflow::DesignOp design) {
    const dataflow::DesignSymbols symbols(design);
    llvm::DenseMap<MemoryOp, int64_t> bytes;
    for (auto process : design.getBody().getOps<dataflow::ProcessOpInterface>())
      for (MemoryOp memory : symbols.EndsOf(process).memories) bytes[memory] = process.getMemoryBytes(memory);
    return bytes;
  }

  static SmallVector<MemoryOp> inArgumentOrder(dataflow::DesignOp design) {
    SmallVector<MemoryOp> memories(design.getBody().getOps<MemoryOp>());
    auto rank = [](MemoryOp memory) {
      auto found = llvm::find(dataflow::kMemoryRoles, memory.getRole());
      int64_t channel = memory.getChannel() ? static_cast<int64_t>(*memory.getChannel()) : 0;
      return std::pair<int64_t, int64_t>(found - std::begin(dataflow::kMemoryRoles), channel);
    };
    // Constants stay in process order: that is how they were made.
    llvm::stable_sort(memories, [&](MemoryOp a, MemoryOp b) { return rank(a) < rank(b); });
    return memories;
  }

  LogicalResult place(MemoryOp memory, int64_t bank, int64_t bytes) {
    bytes_[bank] += bytes;
    if (bytes_[bank] > platform_.getBankBytes())
      return memory.emitError("does not fit: memory bank ")
             << bank << " of " << platform_.getName() << " would hold " << bytes_[bank] << " bytes, it has "
             << platform_.getBankBytes() << "; more weight channels hold less each";
    memory.setBankAttr(IntegerAttr::get(IntegerType::get(&getContext(), 64), bank));
    return success();
  }

  int64_t emptiest() const { return std::min_element(bytes_.begin(), bytes_.end()) - bytes_.begin(); }

  dataflow::PlatformAttr platform_;
  std::vector<int64_t> bytes_;  // that each bank holds
};

}  // namespace
}  // namespace streamtensor::compiler
