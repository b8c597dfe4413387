// SPDX-License-Identifier: Apache-2.0
#include "compiler/simulation/memory_model.h"

#include <algorithm>
#include <cmath>

namespace streamtensor::compiler {

MemoryRates RatesOf(const Platform& platform) {
  MemoryRates rates;
  rates.bytes_per_cycle =
      platform.memory.bytes_per_second_per_bank * platform.memory.burst_efficiency / platform.clock_hz;
  rates.latency_cycles = platform.memory.read_latency_seconds * platform.clock_hz;
  rates.refresh_interval = platform.memory.refresh_interval_seconds * platform.clock_hz;
  rates.refresh_cycles = platform.memory.refresh_seconds * platform.clock_hz;
  return rates;
}

MemoryBanks::MemoryBanks(const MemoryRates& rates, int64_t banks)
    : rates_(rates), banks_(static_cast<size_t>(banks)) {}

double MemoryBanks::AfterRefresh(int64_t bank, double begin) const {
  if (rates_.refresh_interval <= 0 || rates_.refresh_cycles <= 0) return begin;
  // A bank's first refresh ends its share of the first interval.
  const double shift =
      rates_.refresh_interval * (static_cast<double>(bank) + 1) / static_cast<double>(banks_.size());
  const double within = std::fmod(begin + 2 * rates_.refresh_interval - shift, rates_.refresh_interval);
  return within < rates_.refresh_cycles ? begin + rates_.refresh_cycles - within : begin;
}

double MemoryBanks::Passed(int64_t bank, double begin, double cycles) const {
  if (rates_.refresh_interval <= 0 || rates_.refresh_cycles <= 0) return begin + cycles;
  const double shift =
      rates_.refresh_interval * (static_cast<double>(bank) + 1) / static_cast<double>(banks_.size());
  double at = begin;
  while (true) {
    const double within = std::fmod(at + 2 * rates_.refresh_interval - shift, rates_.refresh_interval);
    const double until_refresh = rates_.refresh_interval - within;
    if (cycles <= until_refresh) return at + cycles;
    cycles -= until_refresh;
    at += until_refresh + rates_.refresh_cycles;
  }
}

MemoryService MemoryBanks::Serve(int64_t number, int32_t master, double at, double bytes) {
  Bank& bank = banks_[static_cast<size_t>(number)];
  MemoryService service;
  double begin = at;
  if (bank.free_at > begin) {
    if (bank.last_master != master) service.shared = bank.free_at - begin;
    begin = bank.free_at;
  }
  service.begin = AfterRefresh(number, begin);
  const double cycles = bytes / rates_.bytes_per_cycle;
  service.end = Passed(number, service.begin, cycles);
  service.refresh = service.begin - begin + (service.end - service.begin - cycles);
  bank.free_at = service.end;
  bank.busy += cycles;
  bank.last_master = master;
  return service;
}

void MemoryBanks::GiveBack(int64_t number, int32_t master, double bytes) {
  Bank& bank = banks_[static_cast<size_t>(number)];
  const double cycles = bytes / rates_.bytes_per_cycle;
  bank.busy -= cycles;
  if (bank.last_master == master) bank.free_at -= cycles;
}

}  // namespace streamtensor::compiler
