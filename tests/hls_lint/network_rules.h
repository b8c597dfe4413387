// SPDX-License-Identifier: Apache-2.0
// Rules on the network that the top function makes: processes, FIFOs, pointers, cycles.
#pragma once

#include "llvm/IR/Module.h"
#include "tests/hls_lint/finding.h"

namespace hls_lint {

// The one `#pragma HLS DATAFLOW`, which stands in the top function; null after a finding (`top-shape`),
// which `name` stands in.
llvm::Instruction* FindDataflow(llvm::Module& module, const std::string& name, Findings& findings);

// Expects each process' callees inlined into it and its loops as they were written.
// At most one AXI master for each of the card's `memory_ports`.
void CheckNetwork(llvm::Function& top, size_t memory_ports, Findings& findings);

}  // namespace hls_lint
