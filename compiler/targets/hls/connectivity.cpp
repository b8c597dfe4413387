// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/connectivity.h"

#include <algorithm>
#include <map>
#include <vector>

#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "compiler/dialects/dataflow/memory_role.h"
#include "compiler/platform/bank_ranges.h"
#include "kernels/contract/word.h"

namespace streamtensor::compiler::hls {
std::string InterfacePragmas(const DesignIndex& design) {
  std::map<uint64_t, std::vector<dataflow::MemoryOp>> by_bank;
  for (dataflow::MemoryOp memory : design.memories()) by_bank[*memory.getBank()].push_back(memory);
  std::string text;
  for (dataflow::MemoryOp memory : design.memories()) {
    const std::vector<dataflow::MemoryOp>& bundle = by_bank[*memory.getBank()];
    text += "#pragma HLS INTERFACE mode = m_axi port = " + design.Name(memory.getSymName()) +
            " offset = slave bundle = bank" + std::to_string(*memory.getBank()) +
            " max_widen_bitwidth = " + std::to_string(contract::kWordBits);
    if (bundle.size() > 1) {
      const size_t channel = std::find(bundle.begin(), bundle.end(), memory) - bundle.begin();
      text += " channel = " + std::to_string(channel);
    }
    text += "\n";
  }
  text += "#pragma HLS INTERFACE mode = s_axilite port = return\n";
  return text;
}

mlir::FailureOr<std::string> ConnectivityText(dataflow::DesignOp design, const Platform& platform) {
  const mlir::FailureOr<DesignIndex> index = DesignIndex::Create(design);
  if (mlir::failed(index)) return mlir::failure();
  const std::string kernel = design.getSymName().str();
  const std::string instance = kernel + "_1";
  std::string text;
  if (platform.vitis) text += "platform=" + platform.vitis->platform + "\n";
  text += "kernel_frequency=" + std::to_string(platform.ClockMhz()) + "\n\n[connectivity]\n";
  text += "nk=" + kernel + ":1:" + instance + "\n";
  std::vector<PlacedBuffer> buffers;
  for (dataflow::MemoryOp memory : index->memories()) {
    buffers.push_back({static_cast<int64_t>(*memory.getBank()), dataflow::MemoryTypeBytes(memory),
                       !dataflow::PoolOf(memory.getRole()).empty()});
  }
  const std::vector<int64_t> ranges = BankRanges(buffers, platform.memory);
  for (auto [memory, buffer] : llvm::zip_equal(index->memories(), buffers)) {
    text += "sp=" + instance + "." + index->Name(dataflow::MemoryOp(memory).getSymName()) + ":" +
            NameOfBanks(platform.memory.connectivity_name, buffer.bank, ranges[buffer.bank]) + "\n";
  }
  return text;
}

}  // namespace streamtensor::compiler::hls
