// SPDX-License-Identifier: Apache-2.0
// Registers and arrays of one process' control code. Values are known or not.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "compiler/schedule/control_code.h"
#include "llvm/ADT/APInt.h"

namespace streamtensor::compiler {

// An integer of any number of bits.
struct ControlValue {
  bool known = false;
  llvm::APInt bits;
};

class ControlMachine {
 public:
  // `code` must outlive it; so must the bytes of known parameters.
  explicit ControlMachine(const schedule::ProcessCode& code);
  void SetKnown(int32_t parameter, const std::vector<uint8_t>& bytes);

  // A step that computes; false: an address is outside of its array.
  bool Compute(const schedule::ControlStep& step) {
    return step.wide ? ComputeWide(step) : ComputeNarrow(step);
  }
  void Copy(const std::vector<std::pair<int32_t, int32_t>>& copies);
  bool known(int32_t reg) const { return registers_[static_cast<size_t>(reg)].known; }
  uint64_t value(int32_t reg) const { return registers_[static_cast<size_t>(reg)].bits; }
  ControlValue Get(int32_t reg, unsigned width) const;
  void Set(int32_t reg, unsigned width, const ControlValue& value);

 private:
  struct Register {
    uint64_t bits = 0;
    bool known = false;
  };
  struct Array {
    const uint8_t* constant = nullptr;  // else `bytes` and `known`
    int64_t size = -1;                  // -1: nothing is known of it
    std::vector<uint8_t> bytes;
    std::vector<bool> known;
  };

  bool ComputeNarrow(const schedule::ControlStep& step);
  bool ComputeWide(const schedule::ControlStep& step);
  bool Load(const schedule::ControlStep& step);
  bool Store(const schedule::ControlStep& step);
  bool Fill(const schedule::ControlStep& step);
  // The array at an address and the offset in it; null: unknown.
  Array* Find(uint64_t address, int64_t& offset);

  const schedule::ProcessCode& code_;
  std::vector<Register> registers_;
  std::unordered_map<int32_t, llvm::APInt> wide_;
  std::vector<Array> arrays_;  // by object: parameters first
  std::vector<Register> copied_;
  std::vector<llvm::APInt> copied_wide_;
};

}  // namespace streamtensor::compiler
