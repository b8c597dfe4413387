// SPDX-License-Identifier: Apache-2.0
#include "compiler/simulation/control_machine.h"

#include <gtest/gtest.h>

#include <optional>

namespace streamtensor::compiler {
namespace {

using schedule::ControlOp;
using schedule::ControlStep;
using schedule::ProcessCode;

constexpr uint64_t kAddress = uint64_t{1} << schedule::kObjectShift;  // of the first object

// Registers 0, 1, 2 are `a`, `b`, `c`; 3 is the result; an array of 16 bytes.
class Machine {
 public:
  Machine(uint64_t a, uint64_t b, uint64_t c = 0) {
    code_.registers = 6;
    code_.constants = {{0, a}, {1, b}, {2, c}};
    code_.arrays.push_back({16, {}});
    machine_.emplace(code_);
  }
  std::optional<uint64_t> Run(ControlOp op, uint16_t width, int32_t b = 1, int64_t number = 0) {
    ControlStep step{
        .op = op, .wide = width > 64, .width = width, .dest = 3, .a = 0, .b = b, .c = 2, .number = number};
    EXPECT_TRUE(machine_->Compute(step));
    return machine_->known(3) ? std::optional<uint64_t>(machine_->value(3)) : std::nullopt;
  }
  ControlMachine& operator*() { return *machine_; }

 private:
  ProcessCode code_;
  std::optional<ControlMachine> machine_;
};

TEST(ControlMachine, ComputesAsIntegersOfItsWidth) {
  EXPECT_EQ(Machine(250, 10).Run(ControlOp::kAdd, 8), 4u);
  EXPECT_EQ(Machine(0, 1).Run(ControlOp::kSub, 32), 0xffffffffu);
  EXPECT_EQ(Machine(0xf0, 4).Run(ControlOp::kAShr, 8), 0xffu);
  EXPECT_EQ(Machine(0xf0, 4).Run(ControlOp::kLShr, 8), 0x0fu);
  EXPECT_EQ(Machine(0xff, 1).Run(ControlOp::kSLess, 8), 1u) << "-1 < 1";
  EXPECT_EQ(Machine(0xff, 1).Run(ControlOp::kULess, 8), 0u);
  EXPECT_EQ(Machine(0xfe, 1).Run(ControlOp::kSMax, 8), 1u);
  EXPECT_EQ(Machine(0xfb, 2).Run(ControlOp::kSDiv, 8), 0xfeu) << "-5 / 2";
  EXPECT_EQ(Machine(0xff, 0).Run(ControlOp::kSExt, 16, -1, 8), 0xffffu);
  EXPECT_EQ(Machine(kAddress, 0xffffffff).Run(ControlOp::kScale, 32, 1, 8), kAddress - 8);
  EXPECT_EQ(Machine(1, 7, 9).Run(ControlOp::kSelect, 32), 7u);
  EXPECT_EQ(Machine(0, 7, 9).Run(ControlOp::kSelect, 32), 9u);
  EXPECT_EQ(Machine(1, 0).Run(ControlOp::kUDiv, 32), std::nullopt) << "a division by 0 has no value";
}

TEST(ControlMachine, WhatDependsOnTheUnknownIsUnknown) {
  EXPECT_EQ(Machine(1, 0).Run(ControlOp::kAdd, 32, 4), std::nullopt);
  EXPECT_EQ(Machine(0, 0).Run(ControlOp::kAnd, 32, 4), 0u) << "whatever the other operand";
  EXPECT_EQ(Machine(kAddress, 0).Run(ControlOp::kLoad, 32, -1), std::nullopt) << "nothing was stored";
}

TEST(ControlMachine, KeepsWhatIsStored) {
  Machine machine(kAddress + 4, 0x12345678);
  EXPECT_TRUE((*machine).Compute({.op = ControlOp::kStore, .width = 32, .a = 0, .b = 1}));
  EXPECT_EQ(machine.Run(ControlOp::kLoad, 32, -1), 0x12345678u);
  EXPECT_EQ(machine.Run(ControlOp::kLoad, 8, -1), 0x78u);
  EXPECT_TRUE((*machine).Compute({.op = ControlOp::kStore, .width = 8, .a = 0, .b = 4}));
  EXPECT_EQ(machine.Run(ControlOp::kLoad, 32, -1), std::nullopt) << "a byte of it is unknown now";
  Machine outside(kAddress + 14, 1);
  EXPECT_FALSE((*outside).Compute({.op = ControlOp::kStore, .width = 32, .a = 0, .b = 1}));
}

TEST(ControlMachine, TakesWordsOutOfWideValues) {
  Machine machine(0, 0);
  const llvm::APInt element = llvm::APInt(256, 0xabcd).shl(96);
  (*machine).Set(5, 256, {true, element});
  (*machine).Set(4, 256, {true, llvm::APInt(256, 96)});
  EXPECT_TRUE(
      (*machine).Compute({.op = ControlOp::kLShr, .wide = true, .width = 256, .dest = 5, .a = 5, .b = 4}));
  EXPECT_TRUE((*machine).Compute(
      {.op = ControlOp::kTrunc, .wide = true, .width = 32, .dest = 3, .a = 5, .number = 256}));
  EXPECT_TRUE((*machine).known(3));
  EXPECT_EQ((*machine).value(3), 0xabcdu);
}

}  // namespace
}  // namespace streamtensor::compiler
