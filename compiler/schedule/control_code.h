// SPDX-License-Identifier: Apache-2.0
// What a process of a scheduled text does at its borders, and when: the instructions that decide which loops
// run how often, and the accesses to FIFOs, streams of blocks and AXI ports with their states. All other
// arithmetic is left out; what depends on it is unknown. Free of LLVM's IR: it outlives the module.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "compiler/schedule/area.h"
#include "compiler/schedule/channels.h"
#include "compiler/schedule/loop_schedule.h"

namespace streamtensor::schedule {

enum class ControlOp : uint8_t {
  // dest = a op b, of `width` bits.
  kAdd,
  kSub,
  kMul,
  kUDiv,
  kSDiv,
  kURem,
  kSRem,
  kAnd,
  kOr,
  kXor,
  kShl,
  kLShr,
  kAShr,
  kUMin,
  kUMax,
  kSMin,
  kSMax,
  kEqual,  // compares operands of `width` bits
  kNotEqual,
  kULess,
  kULessEqual,
  kSLess,
  kSLessEqual,
  kSelect,   // dest = a ? b : c
  kTrunc,    // of a, to `width`
  kZExt,     // of a, which has `number` bits
  kSExt,     // likewise
  kCopy,     // of a
  kScale,    // dest = a + b * number, b of `width` bits and signed
  kLoad,     // `width` bits of memory at a
  kStore,    // b of `width` bits to memory at a
  kClear,    // `number` bytes of memory at a become b's low byte
  kMove,     // `number` bytes of memory at b to a
  kUnknown,  // dest is anything
  // At state `number` of the region.
  kPop,        // dest, of FIFO a
  kPush,       // b, to FIFO a
  kTakeBlock,  // of stream of blocks a, to read
  kOpenBlock,  // likewise, to write
  kDoneBlock,
  kMemory,   // `number` is an index of `memory`
  kAdvance,  // straight code reaches state `number`
  // Ends of blocks; edges are indices of `edges`.
  kJump,    // to edge b
  kBranch,  // to edge b if a, else c; unknown: edge `number`
  kSwitch,  // on a: `number` is an index of `switches`
  kReturn,
};

struct ControlStep {
  ControlOp op;
  bool wide = false;  // an operand or the result has more than 64 bits
  uint16_t width = 0;
  int32_t dest = -1;
  int32_t a = -1, b = -1, c = -1;  // registers, or edges
  int64_t number = 0;
};

// What an edge does to the regions it leaves and enters, in order.
struct RegionMove {
  enum class Kind : uint8_t { kLeave, kAgain, kEnter };
  Kind kind;
  int32_t region;
};

struct ControlEdge {
  int32_t block = 0;
  std::vector<std::pair<int32_t, int32_t>> copies;  // to, from: all at once
  std::vector<RegionMove> moves;
};

struct ControlSwitch {
  std::vector<std::pair<int64_t, int32_t>> cases;  // value, edge
  int32_t otherwise = 0;
};

// A loop (with those flattened into it), or the code between loops.
struct CodeRegion {
  int64_t line = 0;  // of the innermost loop; 0: straight code of the process
  std::string file;  // that the line is in, without its folder; empty: unknown
  bool innermost = false;
  bool pipelined = false;
  int64_t depth = 0;  // states of an iteration
  Bound bound;
  Area area;
};

struct MemoryAccess {
  int32_t parameter = 0;
  bool write = false;
  bool burst = false;
  int64_t bytes = 0;        // of an iteration
  int64_t state = 0;        // in which it is asked for
  int64_t states = 0;       // until the data is expected
  int64_t burst_bytes = 0;  // the longest burst
  int64_t outstanding = 1;  // requests that wait for data
};

// An array whose values decide on control.
struct ControlArray {
  int64_t bytes = 0;
  std::vector<uint8_t> constant;  // empty: a local one, unknown at first
};

struct ProcessCode {
  std::string name;
  std::vector<ControlStep> steps;
  std::vector<int32_t> blocks;  // where each begins
  std::vector<ControlEdge> edges;
  std::vector<ControlSwitch> switches;
  std::vector<CodeRegion> regions;  // 0: the process' straight code
  std::vector<MemoryAccess> memory;
  // Memory objects: the parameters, then these. An address is (object + 1) << kObjectShift plus an offset.
  int32_t parameters = 0;
  std::vector<ControlArray> arrays;
  int32_t registers = 0;
  std::vector<std::pair<int32_t, uint64_t>> constants;  // of registers
  std::vector<std::pair<int32_t, std::vector<uint64_t>>> wide_constants;
  std::vector<bool> reads_values;  // of each parameter: what is popped from it decides on control
};

inline constexpr int kObjectShift = 44;

// An argument of a process' call in the top function.
struct CodeArgument {
  enum class Kind : uint8_t { kChannel, kMemory, kOther };
  Kind kind = Kind::kOther;
  int32_t first = 0;   // the channel's instance, or the index of `memories`
  int64_t stride = 0;  // bytes from one instance to the next
};

struct CodeCall {
  int32_t process = 0;
  std::vector<CodeArgument> arguments;
};

struct CodeChannel {
  std::string name;  // "weights[2]" for one of an array
  bool blocks = false;
  int64_t depth = 0;
  int64_t bits = 0;
};

// A dataflow design: processes, how they are connected, and what each does.
struct DesignCode {
  std::vector<ProcessCode> processes;
  std::vector<CodeChannel> channels;
  std::vector<std::string> memories;  // the top function's pointers
  std::vector<CodeCall> calls;
};

}  // namespace streamtensor::schedule
