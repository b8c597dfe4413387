// SPDX-License-Identifier: Apache-2.0
// The card's memory banks as a simulation sees them: each serves one request after the other at its rate,
// stands still while it refreshes, and is shared by the masters that are wired to it. Times are cycles of the
// design's clock.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/platform/platform.h"

namespace streamtensor::compiler {

struct MemoryRates {
  double bytes_per_cycle = 0;  // of a bank, between refreshes
  double latency_cycles = 0;   // from a request to its first byte
  double refresh_interval = 0;
  double refresh_cycles = 0;  // of each interval
};

MemoryRates RatesOf(const Platform& platform);

// When a request's bytes pass, and what it waited for.
struct MemoryService {
  double begin = 0, end = 0;  // at the bank; the master sees them latency_cycles later
  double shared = 0;          // waited for requests of other masters
  double refresh = 0;         // for refreshes
};

class MemoryBanks {
 public:
  MemoryBanks(const MemoryRates& rates, int64_t banks);
  // Of `master`, at the time `at`. Requests are served in the order of the calls.
  MemoryService Serve(int64_t bank, int32_t master, double at, double bytes);
  // The end of the last request isn't needed: `bytes` of it, if no other came after it.
  void GiveBack(int64_t bank, int32_t master, double bytes);
  double busy(int64_t bank) const { return banks_[static_cast<size_t>(bank)].busy; }
  const MemoryRates& rates() const { return rates_; }

 private:
  struct Bank {
    double free_at = 0;
    double busy = 0;
    int32_t last_master = -1;
  };
  // `begin` moved out of a refresh; refreshes of banks are spread over the interval.
  double AfterRefresh(int64_t bank, double begin) const;
  // The end of what takes `cycles` from `begin` on, without those of refreshes.
  double Passed(int64_t bank, double begin, double cycles) const;

  MemoryRates rates_;
  std::vector<Bank> banks_;
};

}  // namespace streamtensor::compiler
