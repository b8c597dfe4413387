// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/memory_area.h"

#include <algorithm>
#include <cmath>

namespace streamtensor::schedule {
namespace {

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

FifoStorage AutomaticStorage(int64_t depth, int64_t bits, const FifoRules& fifos) {
  if (depth <= fifos.register_depth) return FifoStorage::kRegisters;
  if (depth * bits <= fifos.srl_bits) return FifoStorage::kShiftRegisters;
  return depth * bits <= fifos.lutram_bits ? FifoStorage::kLutram : FifoStorage::kBlockRam;
}

}  // namespace

Area& Area::operator+=(const Area& other) {
  dsp += other.dsp;
  lut += other.lut;
  ff += other.ff;
  bram18 += other.bram18;
  uram += other.uram;
  return *this;
}

Area MemoryArea(int64_t words, int64_t bits, bool uram, const StorageRules& storage) {
  Area area;
  const bool auto_uram = words >= storage.uram_from_words && words <= storage.uram_to_words;
  if (uram || auto_uram) {
    area.uram = CeilDiv(words, storage.uram_to_words) * CeilDiv(bits, storage.uram_width);
  } else if (words <= storage.lutram_words) {
    area.ff = bits;
    area.lut = CeilDiv(words, storage.lutram_words / 2) * bits + 1;
  } else {
    area.bram18 = std::max(CeilDiv(words * bits, storage.bram18_bits), CeilDiv(bits, storage.bram18_width));
  }
  return area;
}

Area FifoArea(int64_t depth, int64_t bits, const DeviceCosts& costs, FifoStorage storage) {
  const FifoRules& fifos = costs.fifos;
  if (storage == FifoStorage::kAuto) storage = AutomaticStorage(depth, bits, fifos);
  Area area;
  switch (storage) {
    case FifoStorage::kAuto:
    case FifoStorage::kRegisters:
      area.ff = depth * bits + fifos.control_ff;
      area.lut = bits + fifos.control_lut;
      break;
    case FifoStorage::kShiftRegisters:
      area.ff = fifos.control_ff + static_cast<int64_t>(std::ceil(std::log2(depth)));
      area.lut = CeilDiv(bits, 2) * CeilDiv(depth, 16) + fifos.control_lut;
      break;
    case FifoStorage::kLutram:
      area.ff = 2 * bits + fifos.memory_ff;
      area.lut = CeilDiv(5 * bits, 2) * CeilDiv(depth, 64) + fifos.control_lut;
      break;
    case FifoStorage::kBlockRam: {
      area.ff = 2 * bits + fifos.memory_ff;
      area.lut = bits + fifos.memory_lut;
      // Its parity bits hold data at full width.
      const int64_t words = costs.storage.bram18_bits * 9 / 8 / costs.storage.bram18_width;
      area.bram18 = CeilDiv(bits, costs.storage.bram18_width) * CeilDiv(depth, words);
      break;
    }
    case FifoStorage::kUltraRam:
      area = MemoryArea(depth, bits, true, costs.storage);
      area.ff = 2 * bits + fifos.memory_ff;
      area.lut = bits + fifos.memory_lut;
      break;
  }
  return area;
}

Area AdapterArea(int64_t bits, const DeviceCosts& costs) {
  const auto found = std::find_if(costs.axi.begin(), costs.axi.end(),
                                  [bits](const AxiCost& size) { return size.bits >= bits; });
  const AxiCost& adapter = found == costs.axi.end() ? costs.axi.back() : *found;
  return {.lut = adapter.lut, .ff = adapter.ff, .bram18 = adapter.bram18};
}

}  // namespace streamtensor::schedule
