// SPDX-License-Identifier: Apache-2.0
// What an instruction of the IR costs on a device.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "compiler/schedule/device_costs.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/IR/Instruction.h"

namespace streamtensor::schedule {

struct OperatorCost {
  Core core;
  std::string unit;  // the name of an operator that has its own units, such as "fadd"; else empty
  // Operand bits of a unit, the wider ones first, where it is made for them. Vitis HLS shares a unit only
  // among operations of equal widths: each pair is a module of its own (mul_26s_16s_..).
  std::array<int64_t, 2> widths = {};
};

// What is needed to cost the instructions of a pipelined loop.
struct CostContext {
  const DeviceCosts& costs;
  double budget_ns;  // clock period less uncertainty
  const llvm::DataLayout& layout;
  llvm::LoopInfo& loops;
  llvm::ScalarEvolution& scev;
  const llvm::Loop* inner;  // the innermost loop
  const llvm::Loop* outer;  // the outermost that is flattened into it
};

// The bits that a value needs, at least 1.
int64_t ValueWidth(const llvm::Value* value, const llvm::DataLayout& layout);

// Of everything but accesses of memories and FIFOs, which cost nothing here.
OperatorCost CostOf(const llvm::Instruction& instruction, const CostContext& context);

}  // namespace streamtensor::schedule
