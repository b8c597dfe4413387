// SPDX-License-Identifier: Apache-2.0
#include "compiler/report/memory_data.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "compiler/platform/bank_ranges.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Argument;
using llvm::json::Array;
using llvm::json::Object;

bool IsPool(const Argument& argument) {
  return argument.role() == Argument::ROLE_K_READ || argument.role() == Argument::ROLE_V_READ;
}

// A second pointer to a pool.
bool IsSecondPointer(const Argument& argument) {
  return argument.role() == Argument::ROLE_K_WRITE || argument.role() == Argument::ROLE_V_WRITE;
}

const char* RoleName(Argument::Role role) {
  switch (role) {
    case Argument::ROLE_DESCRIPTOR:
      return "step descriptor";
    case Argument::ROLE_STATUS:
      return "status";
    case Argument::ROLE_LOGITS:
      return "logits";
    case Argument::ROLE_WEIGHTS:
      return "weights";
    case Argument::ROLE_CONSTANTS:
      return "tables";
    case Argument::ROLE_K_READ:
      return "keys";
    case Argument::ROLE_V_READ:
      return "values";
    case Argument::ROLE_INPUT:
      return "input";
    case Argument::ROLE_OUTPUT:
      return "output";
    default:
      return "other";
  }
}

}  // namespace

Object MemoryData(const SizedDesign& design, const SimulationResult& simulation) {
  const Platform::Memory& memory = design.platform().memory;
  std::vector<PlacedBuffer> placed;
  for (const Argument& argument : design.manifest().kernel().arguments()) {
    if (IsSecondPointer(argument)) continue;
    placed.push_back({argument.bank(), static_cast<int64_t>(argument.bytes()), IsPool(argument)});
  }
  const std::vector<int64_t> ranges = BankRanges(placed, memory);
  // What other buffers leave of a pool's banks, and how many pages of each pool that is: all have as many.
  int64_t pages = INT64_MAX;
  for (const PlacedBuffer& pool : placed) {
    if (!pool.is_pool || pool.bytes <= 0) continue;
    int64_t room = ranges[static_cast<size_t>(pool.bank)] * memory.bytes_per_bank;
    int64_t sharing = 0;  // pools of these banks, this one too
    for (const PlacedBuffer& other : placed) {
      if (other.bank != pool.bank) continue;
      if (other.is_pool) {
        ++sharing;
      } else {
        room -= other.bytes;
      }
    }
    pages = std::min(pages, std::max<int64_t>(room, 0) / sharing / pool.bytes);
  }
  Array buffers, busy;
  for (const Argument& argument : design.manifest().kernel().arguments()) {
    if (IsSecondPointer(argument)) continue;
    auto bytes = static_cast<int64_t>(argument.bytes());
    Object buffer{{"name", argument.name()}, {"role", RoleName(argument.role())}, {"bank", argument.bank()}};
    // A buffer that one bank holds lies in its first, however many others take.
    int64_t banks = 1;
    if (IsPool(argument)) {
      buffer["pages"] = pages;
      buffer["page_bytes"] = bytes;
      bytes *= pages;
      banks = ranges[argument.bank()];
    } else if (bytes > memory.bytes_per_bank) {
      banks = ranges[argument.bank()];
    }
    buffer["bytes"] = bytes;
    buffer["banks"] = banks;
    buffers.push_back(std::move(buffer));
  }
  for (const double cycles : simulation.bank_busy) busy.push_back(cycles / std::max(simulation.cycles, 1.0));
  return Object{{"buffers", std::move(buffers)}, {"bank_busy", std::move(busy)}};
}

}  // namespace streamtensor::compiler
