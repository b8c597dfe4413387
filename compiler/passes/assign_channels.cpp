// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "compiler/dialects/dataflow/memory_role.h"
#include "compiler/passes/Passes.h"
#include "kernels/contract/descriptor.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/memory.h"
#include "llvm/Support/MathExtras.h"

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
    held_.assign(banks, 0);
    SmallVector<std::pair<MemoryOp, int64_t>> weights, tables, pools;
    const llvm::DenseMap<MemoryOp, int64_t> bytes = bytesOf(design);
    for (MemoryOp memory : memories) {
      auto& group = memory.getRole() == "weights"                ? weights
                    : dataflow::PoolOf(memory.getRole()).empty() ? tables
                                                                 : pools;
      group.push_back({memory, bytes.at(memory)});
    }
    weight_bytes_ = 0;
    for (auto [memory, size] : weights) weight_bytes_ += size;
    // Weight channels come first, a bank each.
    for (auto [memory, size] : weights)
      if (failed(place(memory, static_cast<int64_t>(*memory.getChannel()) % banks, size))) return failure();
    open_ = std::min<int64_t>(static_cast<int64_t>(weights.size()), banks);
    return success(succeeded(placeTables(tables, !pools.empty())) && succeeded(placePools(design, pools)));
  }

  // Tables and small buffers share a few banks after the channels; one that no bank holds gets several to
  // itself. With pools to come they get an eighth of the banks left, without them all.
  LogicalResult placeTables(SmallVector<std::pair<MemoryOp, int64_t>>& tables, bool pools_follow) {
    const int64_t banks = platform_.getBanks(), bank_bytes = platform_.getBankBytes();
    llvm::stable_sort(tables, [](const auto& a, const auto& b) { return a.second > b.second; });
    int64_t wide = 0;  // banks of those that no bank holds
    for (auto [memory, size] : tables)
      if (size > bank_bytes) wide += llvm::divideCeil(size, bank_bytes);
    const int64_t left = std::max<int64_t>(banks - open_ - wide, 0);
    const int64_t first = left == 0 ? 0 : open_;
    open_ += pools_follow ? std::min(left, std::max<int64_t>(left / 8, 1)) : left;
    for (auto [memory, size] : tables) {
      if (size > bank_bytes) {
        const int64_t bank = open_;
        open_ += llvm::divideCeil(size, bank_bytes);
        if (open_ > banks)
          return memory.emitError("does not fit: it takes ")
                 << size << " bytes, " << llvm::divideCeil(size, bank_bytes) << " memory banks of "
                 << platform_.getName() << ", of which " << std::max<int64_t>(banks - bank, 0) << " are left";
        memory.setBankAttr(number(bank));
        for (int64_t i = bank; i < open_; ++i) held_[i] = bank_bytes;
        continue;
      }
      // One that is full only for this table opens another.
      if (held_[emptiest(first)] + size > bank_bytes && open_ < banks) ++open_;
      const int64_t bank = held_[emptiest(first)] + size > bank_bytes ? emptiest(0) : emptiest(first);
      if (failed(place(memory, bank, size))) return failure();
    }
    return success();
  }

  // Both pointers of a pool are one buffer. How many pages it has is the host's choice: the two pools divide
  // the banks that are left, each a range of its own, or lie in the two emptiest where there are too few.
  LogicalResult placePools(dataflow::DesignOp design, ArrayRef<std::pair<MemoryOp, int64_t>> pools) {
    const int64_t banks = platform_.getBanks(), bank_bytes = platform_.getBankBytes();
    struct Place {
      int64_t bank = 0, room = 0;
    };
    llvm::StringMap<Place> places;  // by pool
    if (!pools.empty() && banks - open_ == 1) ++open_;
    const int64_t each = (banks - open_) / 2;
    for (auto [memory, size] : pools) {
      auto [pool, is_new] = places.try_emplace(dataflow::PoolOf(memory.getRole()));
      Place& place = pool->second;
      if (is_new && each > 0) {
        place = {open_, each * bank_bytes};
        open_ += each;
      } else if (is_new) {
        place = {emptiest(0), bank_bytes - held_[emptiest(0)]};
        if (banks == 1 && places.size() == 1) place.room /= 2;  // the other pool lies there too
        held_[place.bank] += place.room;
      }
      const int64_t needed = bytesOfASequence(design, memory);
      if (needed > place.room)
        return memory.emitError("does not fit: the pages of one sequence take ")
               << needed << " bytes, " << platform_.getName() << " has " << place.room
               << " left for them; a smaller --max-context needs less";
      memory.setBankAttr(number(place.bank));
      memory->setAttr(dataflow::kRoomAttr, number(place.room));
    }
    return success();
  }

  // Pages are [page][layer][KV head][row][head_dim] of float16.
  static int64_t bytesOfASequence(dataflow::DesignOp design, MemoryOp pool) {
    auto type = dyn_cast<RankedTensorType>(pool.getType().value_or(Type()));
    if (!type) return 0;
    int64_t bytes = static_cast<int64_t>(design.getMaxPages()) * contract::kKvElementBytes;
    for (int64_t size : type.getShape().drop_front()) bytes *= ShapedType::isDynamic(size) ? 1 : size;
    return bytes;
  }

  // Of each memory, as its owner says.
  static llvm::DenseMap<MemoryOp, int64_t> bytesOf(dataflow::DesignOp design) {
    const dataflow::DesignSymbols symbols(design);
    llvm::DenseMap<MemoryOp, int64_t> bytes;
    for (auto process : design.getBody().getOps<dataflow::ProcessOpInterface>())
      for (MemoryOp memory : symbols.EndsOf(process).memories)
        bytes[memory] = llvm::alignTo(
            memory.getRole() == "descriptor" ? descriptorBytes(design) : process.getMemoryBytes(memory),
            contract::kBufferAlignmentBytes);
    return bytes;
  }

  static int64_t descriptorBytes(dataflow::DesignOp design) {
    const int64_t tokens = std::max<int64_t>(design.getBound("T"), 1);
    return 4 * contract::DescriptorWords<int64_t>(tokens, static_cast<int64_t>(design.getMaxPages()));
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
    held_[bank] += bytes;
    if (held_[bank] > platform_.getBankBytes()) {
      InFlightDiagnostic error = memory.emitError("does not fit: memory bank ");
      error << bank << " of " << platform_.getName() << " would hold " << held_[bank] << " bytes, it has "
            << platform_.getBankBytes();
      if (weight_bytes_ > 0)
        error << "; the weights take " << weight_bytes_ << " bytes, and more weight channels hold less each";
      return error;
    }
    memory.setBankAttr(number(bank));
    return success();
  }

  IntegerAttr number(int64_t value) { return IntegerAttr::get(IntegerType::get(&getContext(), 64), value); }

  // Of the banks from `first` on that are open.
  int64_t emptiest(int64_t first) const {
    const auto begin = held_.begin(), end = begin + std::max<int64_t>(open_, 1);
    return std::min_element(begin + std::min<int64_t>(first, std::max<int64_t>(open_ - 1, 0)), end) - begin;
  }

  dataflow::PlatformAttr platform_;
  std::vector<int64_t> held_;  // bytes, by bank
  int64_t open_ = 0;           // banks below this one are in use
  int64_t weight_bytes_ = 0;   // in all channels
};

}  // namespace
}  // namespace streamtensor::compiler
