// SPDX-License-Identifier: Apache-2.0
// What operators and memories cost on a device family: configs/schedule/*.yaml.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace streamtensor::schedule {

// One implementation of an operator. It is fully pipelined: `latency` registers, stages of `delay_ns`.
struct Core {
  int64_t latency = 0;
  double delay_ns = 0;
  int64_t dsp = 0;
  int64_t lut = 0;
  int64_t ff = 0;
};

// The operators of which a cost file must speak, in the order of kOperatorNames.
enum class Operator {
  kFAdd,
  kFAddRecurrence,
  kFMul,
  kFDiv,
  kFSqrt,
  kFExp,
  kFCmp,
  kIToFp,
  kFpToI,
  kFpExt,
  kDAdd,
  kDMul,
  kDDiv,
  kDSqrt,
  kDCmp,
  kIMul,
  kMemoryRead,
  kMemoryWrite,
  kFifoAccess,
  kAxiRead,
  kAxiWrite,
};
inline constexpr std::array kOperatorNames = {
    "fadd",        "fadd_recurrence", "fmul",        "fdiv",     "fsqrt",    "fexp",  "fcmp", "itofp",
    "fptoi",       "fpext",           "dadd",        "dmul",     "ddiv",     "dsqrt", "dcmp", "imul",
    "memory_read", "memory_write",    "fifo_access", "axi_read", "axi_write"};

struct DeviceCosts {
  std::string family;
  std::array<std::vector<Core>, kOperatorNames.size()> cores;  // by Operator, ascending latency
  int64_t memory_ports = 0;                                    // accesses of a bank in a cycle
  double recurrence_mux_ns = 0;

  // The core of least latency whose stage fits `budget_ns`, else the one of least delay.
  const Core& Choose(Operator op, double budget_ns) const;
};

//  NOT_FOUND         the file can't be read
//  INVALID_ARGUMENT  all that is wrong with it, a line each
absl::StatusOr<DeviceCosts> ReadDeviceCosts(const std::string& path);

}  // namespace streamtensor::schedule
